"""Claims of other texts: what they say, where, and what is measured."""
