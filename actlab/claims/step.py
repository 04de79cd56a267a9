"""Claims about the step function."""
