"""The catalogue: one block per activation, one file per family.

The kernels take and return float64 arrays; ``core`` deals with other input, with nan and with numpy's warnings. They
keep full relative accuracy in the tails, where the textbook formulas cancel (1 - tanh^2, 1 + erf) or overflow.
"""

# Importing a file registers what it declares; the order is that of the catalogue.
from actlab.functions import linear, sigmoidal, rectifiers, gates, hard, shrinkage, bumps, outputs, merging  # noqa: F401, I001
