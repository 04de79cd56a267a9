"""Claims about softmax."""
