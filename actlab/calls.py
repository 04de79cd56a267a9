"""How a record names what a framework calls the same function, read: ``nn.functional.gelu(approximate='tanh')``.

A name is a path inside the framework, and in parentheses what must be passed to get the record's function: a constant,
or a parameter of the record, as in ``elu(alpha=alpha)``. A parameter that is not passed is fixed in the framework.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from actlab.core import ACTIVATIONS, Activation

#: What the frameworks call themselves, by the field of a record that names their function.
FRAMEWORKS: Mapping[str, str] = MappingProxyType({"keras": "Keras", "torch": "PyTorch", "jax": "JAX"})


@dataclass(frozen=True)
class Call:
    """A path inside a framework, the constants it is called with, and by keyword the record's parameters it takes."""

    path: str
    constants: Mapping[str, Any]
    takes: Mapping[str, str]

    def __str__(self) -> str:
        # For a reader: a parameter that is called alike in both goes without saying.
        written = [f"{key}={value!r}" for key, value in self.constants.items()]
        written += [f"{key}={parameter}" for key, parameter in self.takes.items() if key != parameter]
        return f"{self.path}({', '.join(written)})" if written else self.path

    def missing(self, activation: Activation) -> list[str]:
        """The parameters of the record that the framework has fixed."""
        return [parameter for parameter in activation.parameters if parameter not in self.takes.values()]

    def arguments(self, activation: Activation) -> dict[str, Any]:
        """The keyword arguments that give the framework's function the record's parameter values."""
        return {**self.constants, **{key: activation.values[parameter] for key, parameter in self.takes.items()}}


def parse(name: str) -> Call:
    """Read a name.

    Raises
    ------
    ValueError
        If an argument is given without its keyword, or is neither a constant nor a name.
    """
    tree = ast.parse(name, mode="eval").body
    if not isinstance(tree, ast.Call):
        return Call(name, {}, {})
    if tree.args:
        raise ValueError(f"a framework's function is given its arguments by keyword; got {name!r}")
    takes = {keyword.arg: keyword.value.id for keyword in tree.keywords if isinstance(keyword.value, ast.Name)}
    constants = {keyword.arg: ast.literal_eval(keyword.value) for keyword in tree.keywords if keyword.arg not in takes}
    return Call(ast.unparse(tree.func), constants, takes)


def declared(activation: Activation, framework: str) -> Call | None:
    """The call that the record declares for the framework, or None where that has no such function."""
    if framework not in FRAMEWORKS:
        raise ValueError(f"unknown framework {framework!r}; known are {', '.join(FRAMEWORKS)}")
    name = getattr(activation, framework)
    return parse(name) if name else None


def bound(activation: Activation, framework: str) -> tuple[str, dict[str, Any]]:
    """The path of the framework's function, and the arguments that give it the record's parameter values.

    Raises
    ------
    ValueError
        If there is no such framework, if it has no such function, or has it only without a parameter that is bound to
        another value than the default.
    """
    call, title = declared(activation, framework), FRAMEWORKS[framework]
    if call is None:
        known = ", ".join(record.name for record in ACTIVATIONS.values() if getattr(record, framework))
        raise ValueError(f"{title} has no twin of {activation}; these have one: {known}")
    for parameter in call.missing(activation):
        if activation.values[parameter] != activation.parameters[parameter].default:
            raise ValueError(f"{title}' {call.path} has no parameter {parameter}; got {activation}")
    return call.path, call.arguments(activation)
