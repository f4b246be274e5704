"""The command line. Each verb is a file of its own and is imported when it is called."""

from fingerprint.cli.main import main

__all__ = ["main"]
