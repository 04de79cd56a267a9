"""TensorFlow and Keras, imported quietly and set up so that a training gives the same numbers on every run."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from functools import cache, partial
from types import ModuleType

from actlab import calls
from actlab.core import Elementwise


@contextlib.contextmanager
def _quiet_stderr() -> Iterator[None]:
    """Send file descriptor 2 to nowhere: TensorFlow's start-up lines ignore every setting that would silence them."""
    saved, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(nowhere)


@cache
def keras() -> ModuleType:
    """The ``keras`` module on TensorFlow, on the CPU, with deterministic operations and in double precision.

    Double precision is for reproducibility: what two kinds of processor round differently then stays far below the
    digits that a page shows. It also makes Keras draw other initial weights from a seed than in its default precision.
    """
    os.environ["KERAS_BACKEND"] = "tensorflow"
    os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
    os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"  # its kernels differ between processors
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"  # or each first use of tf.data writes internal remarks to stderr
    with _quiet_stderr():
        import keras
        import tensorflow as tf

        tf.config.experimental.enable_op_determinism()
        keras.config.set_floatx("float64")
    return keras


@contextlib.contextmanager
def precision(dtype: str) -> Iterator[ModuleType]:
    """Keras with "float32" or "float64" as its default inside a ``with`` block; afterwards all is as it was.

    Keras keeps its default in two places: ``floatx``, which an optimizer takes for its learning rate, and the dtype
    policy, which layers and losses take. The policy is made from ``floatx`` when the first layer is built and does not
    follow later changes, so both are set here. They belong to the whole process: no second thread may use Keras
    meanwhile.
    """
    if dtype not in ("float32", "float64"):
        raise ValueError(f"dtype must be 'float32' or 'float64'; got {dtype!r}")
    config = keras().config
    before = config.floatx(), config.dtype_policy()
    config.set_floatx(dtype)
    config.set_dtype_policy(dtype)
    try:
        yield keras()
    finally:
        config.set_floatx(before[0])
        config.set_dtype_policy(before[1])


def twin(activation: Elementwise) -> Callable:
    """The same activation as a function of Keras tensors, with the record's parameter values.

    Raises
    ------
    ValueError
        If Keras has no such activation, or has it only without a parameter that is bound to another value than the
        default.
    """
    path, arguments = calls.bound(activation, "keras")
    return partial(getattr(keras().activations, path), **arguments)
