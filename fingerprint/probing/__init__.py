"""Probing: ask a live model the probes that are expected to tell most, and stop when the verdict is firm."""
