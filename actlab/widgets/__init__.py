"""Figures that move, in JupyterLab and in the built page: what a reader sets, and the JavaScript behind it."""

import importlib

# anywidget takes long to load: each figure comes when it is asked for.
_FIGURES = {
    "CosineTrainer": "trainer",
    "DepthExplorer": "depth",
    "FunctionExplorer": "explorer",
    "Quiz": "quiz",
}
__all__ = list(_FIGURES)
# What anywidget brings, the first of which the figures import.
_NEEDED = ("anywidget", "ipywidgets", "traitlets")


def __getattr__(name: str):
    if name in _FIGURES:
        try:
            return getattr(importlib.import_module(f"actlab.widgets.{_FIGURES[name]}"), name)
        except ModuleNotFoundError as error:
            if error.name not in _NEEDED:
                raise
            raise ImportError(f"figures that move need anywidget: pip install anywidget; got: {error}") from error
    raise AttributeError(f"module 'actlab.widgets' has no attribute {name!r}; it has {', '.join(_FIGURES)}")


def __dir__() -> list[str]:
    return sorted(__all__)
