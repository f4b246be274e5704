"""Questioning a live model: which probe next, and when enough is known."""
