"""What a figure that moves can be set to, beyond what traitlets has: numbers of numpy or in steps, activations."""

from __future__ import annotations

import math
from collections.abc import Mapping
from numbers import Real

import traitlets

from actlab.core import Elementwise, get_elementwise


class Number(traitlets.Float):
    """A number, of numpy's or Python's, but not nan: JSON, in which a page has its state, does not know it."""

    def validate(self, obj, value):
        """Give the number as Python has it."""
        value = super().validate(obj, float(value) if isinstance(value, Real) else value)
        if math.isnan(value):
            raise traitlets.TraitError(f"{self.name} must be a number from {self.min:g} to {self.max:g}; got nan")
        return value


class Whole(traitlets.Int):
    """A whole number on a slider, whose tag ``step`` says how far apart the numbers are that it has."""

    def validate(self, obj, value):
        """Give the number, if the slider has it."""
        value = super().validate(obj, value)
        step = self.metadata.get("step", 1)
        if (value - self.min) % step:
            accepted = f"a whole number from {self.min} to {self.max}, in steps of {step}"
            raise traitlets.TraitError(f"{self.name} must be {accepted}; got {value}")
        return value


class Activation(traitlets.Enum):
    """The name of one of some activations, for which its aliases and the activation itself stand as well."""

    def __init__(self, offered: Mapping[str, Elementwise], default: str) -> None:
        super().__init__(list(offered), default)
        self.offered = offered

    def validate(self, obj, value):
        """Give the name."""
        if isinstance(value, str) and value in self.values:
            return value
        try:
            record = get_elementwise(value)
        except (TypeError, ValueError) as error:
            raise traitlets.TraitError(f"{self.name}: {error}") from None
        for name, each in self.offered.items():
            if each == record:
                return name
        raise traitlets.TraitError(f"{self.name} takes a name, {self.expected()}; got {record!r}")

    def expected(self) -> str:
        """Say what there is to choose from."""
        return f"one of {', '.join(self.values)}"
