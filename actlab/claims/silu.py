"""Claims about the SiLU, also called swish."""
