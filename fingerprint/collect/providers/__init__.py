"""The providers that ship with the package: the only modules of `fingerprint.collect` that open connections."""
