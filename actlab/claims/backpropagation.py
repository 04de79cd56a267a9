"""Claims about derivatives, back-propagation, and gradients that vanish or explode."""
