"""Checking corpora: what is wrong in their rows, and a copy with fixes."""
