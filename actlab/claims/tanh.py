"""Claims about tanh."""
