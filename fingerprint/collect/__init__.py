"""Collecting: ask language models probes over the network and keep their answers.

Only `fingerprint.collect.providers` opens connections to models.
"""
