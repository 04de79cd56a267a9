"""Claims about the ReLU."""
