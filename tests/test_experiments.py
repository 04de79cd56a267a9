"""What every experiment refuses, whatever its subject: also one that is yet to be written."""

import inspect
import re

import numpy as np
import pytest

from actlab import experiments

# What stands for arguments that have no default; ``OWN`` where an experiment wants another than most.
USUAL = {
    "activation": "tanh", "depth": 2, "format": "float16", "function": np.sin, "hidden": 2, "loss": "cross-entropy",
    "sigma_b": (0.0, 0.1), "sigma_w": (1.0, 1.5), "sigma_w2": 1.5, "slope": np.cos, "strength": 1.0, "target": "wave",
    "thresholds": (1.0,), "width": 3,
}  # fmt: skip
OWN = {"denoise": {"activation": "soft_shrink"}}
# A hidden layer of XOR may be a vector function's, and a model of Keras may hold whatever Keras knows.
TAKE_VECTORS = {"learn_xor", "round_trip"}


def taking(name):
    """Each public experiment that has a parameter of that name, as a case whose id is its own."""
    found = []
    for function in (getattr(experiments, each) for each in sorted(dir(experiments))):
        if inspect.isfunction(function) and name in inspect.signature(function).parameters:
            found.append(pytest.param(function, id=function.__name__))
    return found


def needed(function):
    """What must be passed to an experiment, so that nothing but what a test changes is refused."""
    parameters = inspect.signature(function).parameters.values()
    usual = {each.name: USUAL[each.name] for each in parameters if each.default is each.empty}
    return usual | OWN.get(function.__name__, {})


@pytest.mark.parametrize("function", taking("seed"))
def test_a_seed_is_a_whole_number(function):
    for seed in (-1, 0.5, True):
        with pytest.raises(ValueError, match=re.escape(f"seed must be a whole number of 0 or more; got {seed!r}")):
            function(**needed(function) | {"seed": seed})


@pytest.mark.parametrize("function", [each for each in taking("activation") if each.id not in TAKE_VECTORS])
def test_an_experiment_on_single_numbers_takes_no_vector_function(function):
    with pytest.raises((TypeError, ValueError), match=r"elementwise|on its own|the parameter threshold|no floor of"):
        function(**needed(function) | {"activation": "softmax"})
