"""Watching a provider's list of models: what is new there, and which lab's model it is."""
