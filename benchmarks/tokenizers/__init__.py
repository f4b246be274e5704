"""Token counts: the choice of the probes of `tokens`, and how often the right tokenizer is named."""
