"""actlab: activation functions, measured.

Every registered activation is a public name of this package (``actlab.gelu``); ``names()`` lists them. The modules that
load something heavy (``figures``, ``tf``, ``experiments``) are imported when they are first asked for.
"""

import importlib
import importlib.util

from actlab import functions as _functions  # noqa: F401  (its import fills the registry)
from actlab.core import ACTIVATIONS, Activation, Elementwise, Param, Vectorwise, get, names, nearest

_ON_DEMAND = (
    "cards", "catalogue", "experiments", "figures", "formulas", "initialisers", "meanfield", "network", "properties",
    "published", "references", "statistics", "tf", "training", "widgets",
)  # fmt: skip

globals().update({name: get(name) for name in names(aliases=True)})

__all__ = [
    "ACTIVATIONS", "Activation", "Elementwise", "Param", "Vectorwise", "get", "names",
    *_ON_DEMAND, *names(aliases=True),
]  # fmt: skip


def __getattr__(name: str):
    if name in _ON_DEMAND:
        return importlib.import_module(f"actlab.{name}")
    spec = importlib.util.find_spec(f"actlab.{name}") if name.isidentifier() else None
    # A folder of data has a spec as well, but no place of its own.
    hint = f"a module has this name: import actlab.{name}" if spec and spec.has_location else nearest(name)
    raise AttributeError(f"module 'actlab' has no attribute {name!r}; {hint}")


def __dir__() -> list[str]:
    return sorted(__all__)
