"""What figures that move in a page need: so far the functions of the registry, as JavaScript."""
