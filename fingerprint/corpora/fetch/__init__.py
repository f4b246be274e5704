"""Fetching public corpora: `download` is the only module of `fingerprint.corpora` that opens connections."""
