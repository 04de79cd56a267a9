"""The style of every figure: colours of the activations, bands, and numbers that all processors draw alike."""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb

from actlab.core import ACTIVATIONS, Activation

#: The book's style, as ``matplotlib.style`` takes it.
STYLE = Path(__file__).with_name("actlab.mplstyle")

# Okabe and Ito's hues and six more, each dark enough for lines on white and, turned over, light enough on black.
COLOURS = (
    "#005EA2", "#3B97D3", "#882255", "#D55E00", "#BD8C00", "#6A3FB0", "#6F7D00", "#7A4A12", "#2B8A9E", "#777777",
    "#009E73", "#CC6FA4", "#000000",
)  # fmt: skip

# The colour of each family's first member; those after it take the colours that follow. So the members of a family
# differ, and so do the first two or three of the families that are most often compared.
_FIRST = {
    "linear": 12, "threshold": 2, "sigmoidal": 0, "rectifier": 3, "gate": 10, "hard": 7, "shrinkage": 8, "bump": 11,
    "output": 5, "merging": 6,
}  # fmt: skip


def use_style() -> None:
    """Apply the book's style to all figures drawn from here on."""
    plt.style.use(STYLE)
    try:
        from IPython import get_ipython
        from matplotlib_inline.backend_inline import set_matplotlib_formats
    except ImportError:
        return  # outside a notebook there is no inline format to set
    if get_ipython() is not None:
        set_matplotlib_formats("svg", metadata={"Date": None})


def colour(activation: Activation) -> tuple[float, float, float]:
    """The colour that an activation has in every figure of the book."""
    rank = [a.name for a in ACTIVATIONS.values() if a.family == activation.family].index(activation.name)
    return to_rgb(COLOURS[(_FIRST.get(activation.family, 0) + rank) % len(COLOURS)])


PART_STYLES = ("--", "-.", ":", (0, (5, 1)), (0, (1, 2)), (0, (3, 1, 1, 1)))


def coarse(values):
    """Values to three decimals, for what a long training leaves: it enlarges the differences of two processors."""
    return np.round(values, 3)


def stable(values):
    """Values to five decimals, so that bits in which two processors differ do not reach the figure."""
    return np.round(values, 5)


def quantile_band(x, values, ax: Axes, *, color, label: str, linestyle: str = "-") -> Axes:
    """Draw the median of ``values`` (points, networks) over ``x``, and a band from the 5 to the 95 % quantile."""
    low, median, high = np.quantile(values, (0.05, 0.5, 0.95), axis=1)
    ax.fill_between(x, low, high, color=color, alpha=0.2, linewidth=0)
    ax.plot(x, median, color=color, linestyle=linestyle, label=label)
    return ax


def function_colour(function):
    """The colour of an activation; black for any other function."""
    return colour(function) if isinstance(function, Activation) else "black"


def significant(values):
    """Positive values to five digits, for logarithmic axes; see ``stable``."""
    return 10 ** np.round(np.log10(values), 5)
