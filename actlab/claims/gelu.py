"""Claims about the GELU."""
