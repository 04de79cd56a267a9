"""What the benchmark calls: one function on one array, as each library computes it, without any conversion."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable

import numpy as np

from actlab import formulas, peers
from actlab.core import Elementwise
from actlab.speed.stopwatch import Call


def pin() -> None:
    """Keep this process, and the threads it starts from here on, on one processor, where the system offers that."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def load(frameworks: Iterable[str] | None = None) -> tuple[str, ...]:
    """Load frameworks, by default all installed ones, with one thread each, and return their names.

    It must come before anything else loads TensorFlow: ``actlab.tf`` switches off what makes it fast but differs
    between processors.

    Raises
    ------
    ValueError
        If one of them is not installed, or unknown.
    """
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    try:
        import tensorflow
    except ImportError:
        pass
    else:
        tensorflow.config.threading.set_intra_op_parallelism_threads(1)
        tensorflow.config.threading.set_inter_op_parallelism_threads(1)
    installed = peers.frameworks()
    frameworks = installed if frameworks is None else tuple(frameworks)
    if unknown := [name for name in frameworks if name not in installed]:
        raise ValueError(f"no framework {', '.join(unknown)}; installed are {', '.join(installed) or 'none'}")
    if "torch" in frameworks:
        import torch

        torch.set_num_threads(1)
    return frameworks


def contestants(activation: Elementwise, order: int, x: np.ndarray, frameworks: Iterable[str] = ()) -> dict[str, Call]:
    """Calls, by the name of who is called, that compute f, f' or f'' (order 0, 1, 2) of ``x`` once.

    ``actlab`` makes a new array, ``actlab, out=`` writes into one that is there; ``actlab, whole`` computes a value in
    float64 without cutting the array into blocks. ``textbook`` is the formula typed in numpy, ``scipy`` the same with
    the functions of ``scipy.special``. The frameworks have a value, and a derivative
    by one pass forwards and one backwards, wherever they have the function.
    """
    evaluate = (activation, activation.derivative, activation.second_derivative)[order]
    out, textbook = np.empty_like(x), formulas.textbook(activation, order)
    calls: dict[str, Call] = {
        "actlab": lambda: evaluate(x),
        "actlab, out=": lambda: evaluate(x, out=out),
        "textbook": lambda: textbook(x),
    }
    if order == 0 and x.dtype == np.float64:
        calls["actlab, whole"] = lambda: activation.function(x, **activation.values)
    if formulas.expression(activation, order).has(formulas.sigma, formulas.Phi):
        special = formulas.textbook(activation, order, special=True)
        calls["scipy"] = lambda: special(x)
    # Of the identity the frameworks hand back the input, and going back the gradient: no work that could be timed.
    if order < 2 and activation.formula != "x":
        by = {"keras": _tensorflow, "torch": _torch, "jax": _jax}
        for framework in frameworks:
            try:
                peers.function(framework, activation, dtype=x.dtype, order=order)
            except ValueError:
                continue  # it has no such function, or no derivative of it
            calls |= by[framework](peers.native(framework, activation), order, x)
    return calls


def _tensorflow(function: Callable, order: int, x: np.ndarray) -> dict[str, Call]:
    import tensorflow

    given = tensorflow.constant(x)

    def backward() -> object:
        with tensorflow.GradientTape() as tape:
            tape.watch(given)
            result = function(given)
        return tape.gradient(result, given)

    return {"keras": backward if order else lambda: function(given)}


def _torch(function: Callable, order: int, x: np.ndarray) -> dict[str, Call]:
    import torch

    given = torch.tensor(x, requires_grad=order > 0)
    ones = torch.ones_like(given)
    return {"torch": (lambda: torch.autograd.grad(function(given), given, ones)) if order else lambda: function(given)}


def _jax(function: Callable, order: int, x: np.ndarray) -> dict[str, Call]:
    import jax

    given = jax.numpy.asarray(x)
    ones = jax.numpy.ones_like(given)

    def backward(z):
        return jax.vjp(function, z)[1](ones)[0]

    eager = backward if order else function
    compiled = jax.jit(eager)
    return {"jax": lambda: eager(given).block_until_ready(), "jax.jit": lambda: compiled(given).block_until_ready()}
