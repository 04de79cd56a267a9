"""Claims about the sigmoid."""
