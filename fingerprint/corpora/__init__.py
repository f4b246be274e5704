"""Corpora of labelled responses: manifests and fetching, importing, checking, counting, and new registry entries."""
