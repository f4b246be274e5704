"""Asking models over the network: the only package, with its providers, that opens a connection."""
