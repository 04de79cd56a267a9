"""What the figures that move have in common: their JavaScript, their controls, and what stands where nothing runs."""

from __future__ import annotations

import io
import json
from typing import ClassVar

import anywidget
import matplotlib as mpl
import matplotlib.style
import traitlets
from matplotlib.figure import Figure as Still

from actlab.figures import style
from actlab.widgets import bundle

#: The mime type under which a stored notebook holds what a page needs to start a figure: its script and its state.
MIME = "application/vnd.actlab.figure+json"

_KINDS = {traitlets.Enum: "choice", traitlets.Bool: "switch", traitlets.Int: "whole", traitlets.Float: "number"}


class Figure(anywidget.AnyWidget):
    """A figure that moves: in JupyterLab beside a kernel, in the built page without one.

    A subclass names its script, ``class CosineTrainer(Figure, script="trainer")``, declares what the reader can set as
    traits with ``.tag(sync=True, label=...)``, and draws ``still``. Limits and choices are those of the traits; further
    tags go to the controls as they are: ``log=True`` for a logarithmic slider, ``step``, on which a ``Whole`` number
    has to stand, ``names`` of choices. Synced traits without a label are for the script alone.

    The script exports ``render({ model, el })``, which returns a function that ends what goes on, if anything does.
    """

    script: ClassVar[str]
    fields = traitlets.Dict(read_only=True, help="What the controls need to know of each trait with a label.").tag(
        sync=True
    )

    def __init_subclass__(cls, script: str | None = None, **kwargs) -> None:
        if script is not None:  # anywidget adds its traits in a subclass that it makes of each object's class
            cls.script = script
        super().__init_subclass__(**kwargs)

    def __init__(self, **settings) -> None:
        if unknown := [name for name in settings if name not in self._settable()]:
            raise TypeError(
                f"{type(self).__name__} has no setting {unknown[0]!r}; it has {', '.join(sorted(self._settable()))}"
            )
        self._esm, self._css = bundle.module(self.script), bundle.stylesheet()
        self.set_trait("fields", {name: _field(trait) for name, trait in self._labelled().items()})
        super().__init__(**settings)

    def still(self, figure: Still) -> None:
        """Draw the figure as it stands, for where nothing moves: a preview, a printed page."""
        raise NotImplementedError(f"{type(self).__name__} has no still()")

    def still_data(self) -> dict[str, str]:
        """What stands in a stored notebook and in a page where nothing runs, by its mime type."""
        return {"image/svg+xml": self._svg()}

    def page_state(self) -> dict:
        """What the script needs in a page, where no kernel answers."""
        own = self.traits(sync=True).keys() - anywidget.AnyWidget.class_traits(sync=True).keys()
        return {name: getattr(self, name) for name in sorted(own) if not name.startswith("_")}

    def __repr__(self) -> str:
        given = ", ".join(f"{name}={getattr(self, name)!r}" for name in self._labelled())
        return f"{type(self).__name__}({given})"

    def _repr_mimebundle_(self, **kwargs) -> tuple[dict, dict]:
        data, metadata = super()._repr_mimebundle_(**kwargs)
        page = {"script": self.script, "state": json.loads(json.dumps(self.page_state()))}
        return data | {MIME: page} | self.still_data(), metadata

    def _svg(self) -> str:
        with mpl.style.context(style.STYLE):
            figure = Still()
            self.still(figure)
            file = io.StringIO()
            figure.savefig(file, format="svg", metadata={"Date": None})
        return file.getvalue()

    def _labelled(self) -> dict[str, traitlets.TraitType]:
        return {name: trait for name, trait in self.traits(sync=True).items() if "label" in trait.metadata}

    def _settable(self) -> list[str]:
        return [name for name in self.page_state() if not self.traits()[name].read_only]


def _field(trait: traitlets.TraitType) -> dict:
    """A trait as the controls see it."""
    kind = next((kind for of, kind in _KINDS.items() if isinstance(trait, of)), "numbers")
    told = {key: value for key, value in trait.metadata.items() if key not in ("sync", "help")}
    if kind == "choice":
        told |= {"values": list(trait.values)}
    if kind in ("whole", "number"):
        told |= {"low": trait.min, "high": trait.max}
    return {"kind": kind} | told
