"""Claims about leaky ReLU, PReLU and ELU."""
