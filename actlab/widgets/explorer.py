"""The function explorer."""

from __future__ import annotations

import numpy as np
import traitlets

from actlab.core import ACTIVATIONS, Elementwise
from actlab.widgets.base import Figure

_NAMES = [name for name, record in ACTIVATIONS.items() if isinstance(record, Elementwise)]


class FunctionExplorer(Figure, script="explorer"):
    """An activation with its first and second derivative, at any parameters, with a tangent that can be moved."""

    function = traitlets.Enum(_NAMES, "gelu").tag(sync=True, label="Function")
    x = traitlets.Float(1.0, min=-6, max=6).tag(sync=True, label="x", step=0.05)

    def still(self, figure) -> None:
        """The function and its two derivatives."""
        record = ACTIVATIONS[self.function]
        x = np.linspace(-6, 6, 601)
        ax = figure.add_subplot()
        ax.plot(x, record(x), label="f")
        ax.plot(x, record.derivative(x), label="f'")
        ax.legend()
