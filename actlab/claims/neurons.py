"""Claims about neurons, multi-layer perceptrons and their vocabulary."""
