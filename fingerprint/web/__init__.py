"""The local web app: `fingerprint serve`."""
