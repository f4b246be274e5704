"""`fingerprint corpora`: the group; each verb is a file beside this one."""

from fingerprint.cli.corpora.group import command

__all__ = ["command"]
