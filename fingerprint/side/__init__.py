"""Evidence beside style: token counts, and what a model says that it is. Shown apart, and combined openly."""
