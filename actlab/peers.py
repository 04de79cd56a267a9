"""The same activations as TensorFlow, PyTorch and JAX compute them: values, and derivatives by their own hands.

Keras stands for TensorFlow, loaded as ``actlab.tf`` loads it: on the CPU and without oneDNN, which with TensorFlow 2.21
changes the answers of no activation but softmax in float32. PyTorch and JAX are optional; each framework is loaded when
it is first asked for.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from functools import cache, partial
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from actlab import calls, tf
from actlab.core import Activation, Vectorwise, get

Function = Callable[[np.ndarray], np.ndarray]


@cache
def versions() -> dict[str, str]:
    """The installed frameworks and their versions; to know them, all are loaded."""
    found = {}
    for framework in calls.FRAMEWORKS:
        try:
            found[framework] = _module(framework).__version__
        except ImportError:
            continue
    return found


def frameworks() -> tuple[str, ...]:
    """The names of the installed frameworks, of keras, torch and jax."""
    return tuple(versions())


def native(framework: str, activation: Activation | str) -> Callable:
    """The framework's own function of its own arrays, with the record's parameter values.

    Raises
    ------
    ValueError
        If there is no such framework, if it has no such function, or has it without a parameter that is bound to
        another value than the default.
    ImportError
        If the framework is not installed.
    """
    activation = get(activation)
    path, arguments = calls.bound(activation, framework)
    if framework == "torch" and isinstance(activation, Vectorwise):
        arguments.setdefault("dim", -1)  # else PyTorch guesses an axis, and warns
    return called(framework, path, arguments)


def called(framework: str, path: str, arguments: dict[str, Any]) -> Callable:
    """What stands at a path inside the framework, with these arguments; a layer is made with them.

    A path of one word is looked for in ``keras.activations``.
    """
    if framework == "keras" and "." not in path:
        path = f"activations.{path}"
    place = at(framework, path)
    if inspect.isclass(place):
        return place(**arguments)
    if framework == "torch" and "weight" in arguments:
        # The one argument that PyTorch takes as a tensor only, of the input's dtype.
        return lambda x: place(x, weight=x.new_tensor(arguments["weight"]))
    return partial(place, **arguments)


def at(framework: str, path: str) -> Any:
    """What stands at a path inside the framework; ``tf.nn`` and the like are counted to Keras."""
    place = _module(framework)
    if framework == "keras" and path.startswith("tf."):
        import tensorflow as place

        path = path.removeprefix("tf.")
    for part in path.split("."):
        place = getattr(place, part)
    return place


def function(
    framework: str, activation: Activation | str, *, dtype: DTypeLike = np.float64, order: int = 0
) -> Function:
    """The framework's f, f' or f'' (order 0, 1, 2) from a numpy array to one of the same shape.

    The input is converted to ``dtype``, in which the framework computes. Derivatives are those of the framework's
    automatic differentiation: nested tapes, ``create_graph``, a gradient of a gradient. A vector activation is mapped
    along the last axis and has order 0 only.

    Raises
    ------
    ValueError
        As ``native`` does, and if the framework has no derivative of that order.
    ImportError
        If the framework is not installed.
    """
    activation, dtype = get(activation), np.dtype(dtype)
    if order not in (0, 1, 2) or (order and isinstance(activation, Vectorwise)):
        known = "0" if isinstance(activation, Vectorwise) else "0, 1 or 2"
        raise ValueError(f"{activation.name}: order must be {known}; got {order!r}")
    differentiated = derivative(framework, native(framework, activation), order)

    def evaluate(x: np.ndarray) -> np.ndarray:
        return differentiated(np.asarray(x, dtype))

    if order and not has_derivative(framework, native(framework, activation), order):
        title = calls.FRAMEWORKS[framework]
        raise ValueError(f"{title} has no derivative of order {order} of {activation}")
    return evaluate


def has_derivative(framework: str, f: Callable, order: int) -> bool:
    """Whether the framework can differentiate its function so often."""
    try:
        derivative(framework, f, order)(np.array([[0.5]]))
    except (LookupError, RuntimeError) as error:
        # The words of TensorFlow and of PyTorch for an operation whose gradient nobody has written.
        if not re.search("gradient registry has no entry|derivative for .* is not implemented", str(error)):
            raise
        return False
    return True


def derivative(framework: str, f: Callable, order: int) -> Function:
    """The ``order``-th derivative of a framework's function that maps each number on its own, or, of order 0, itself.

    Of a function that mixes numbers, order 1 gives the gradient of the sum of all it returns.
    """
    by = {"keras": _by_tensorflow, "torch": _by_torch, "jax": _by_jax}
    return partial(by[framework], f, order)


@cache
def _module(framework: str) -> ModuleType:
    if framework == "keras":
        return tf.keras()
    if framework == "torch":
        import torch

        return torch
    import jax

    jax.config.update("jax_enable_x64", True)
    return jax


def _by_tensorflow(f: Callable, order: int, x: np.ndarray) -> np.ndarray:
    import tensorflow

    def nth(order: int, x: Any) -> Any:
        if order == 0:
            return f(x)
        with tensorflow.GradientTape() as tape:
            tape.watch(x)
            below = nth(order - 1, x)
        return tape.gradient(below, x, unconnected_gradients="zero")

    return nth(order, tensorflow.constant(x)).numpy()


def _by_torch(f: Callable, order: int, x: np.ndarray) -> np.ndarray:
    import torch

    given = torch.tensor(x, requires_grad=order > 0)
    result = f(given)
    for _ in range(order):
        if not result.requires_grad:  # a derivative that no longer depends on x
            return np.zeros_like(x)
        (result,) = torch.autograd.grad(result.sum(), given, create_graph=True, materialize_grads=True)
    return result.detach().numpy()


def _by_jax(f: Callable, order: int, x: np.ndarray) -> np.ndarray:
    import jax

    for _ in range(order):
        f = jax.grad(lambda x, f=f: f(x).sum())
    return np.asarray(f(jax.numpy.asarray(x)))
