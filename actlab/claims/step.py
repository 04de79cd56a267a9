"""The step function: claims about its values, its derivative and back-propagation."""

from __future__ import annotations

import numpy as np

from actlab import experiments
from actlab.claims.ledger import Measured, claim, measured
from actlab.core import ACTIVATIONS, Elementwise, get_elementwise

_BACKWARD = "gradients/derivatives-and-backpropagation"


@claim(
    belief="The step answers 0 up to 0 and 1 above it.",
    about="step",
    verdict="true",
    sources="001",
    says="The step answers {below:g} at -1 and {above:g} at 1, and at 0 we let it answer {at:g}; on {points:,} points "
    "from -5 to 5 there is no other answer. The one at 0 is a convention: NumPy's heaviside asks the caller for it, "
    "and with the usual 1/2 returns {asked:g} there.",
    unlike={"activation": "hard_sigmoid"},
    page="foundations/why-nonlinearity",
)
def step_def(activation: str = "step", points: int = 10_001) -> Measured:
    """The answers at even points, 0 among them, beside NumPy's comparison x > 0."""
    f, x = get_elementwise(activation), np.linspace(-5, 5, points)
    below, at, above = f([-1.0, 0.0, 1.0])
    holds = 0.0 in x and np.array_equal(f(x), (x > 0).astype(float))
    return measured(holds, below=below, at=at, above=above, points=points, asked=np.heaviside(0.0, 0.5))


@claim(
    belief="The step is one of the simplest activations.",
    about="step",
    verdict="true",
    sources="001",
    says="Simple is a matter of taste, but no activation that is not constant can take fewer than {values} values, "
    "and the step takes no more. Of the {others} other elementwise functions of our registry none takes fewer than "
    "{fewest} values on {points:,} points from -5 to 5.",
    unlike={"activation": "hard_tanh"},
    page="foundations/why-nonlinearity",
    side="pro",
)
def step_simplest(activation: str = "step", points: int = 1001) -> Measured:
    """How many different answers each elementwise function of the registry has at even points from -5 to 5."""
    x = np.linspace(-5, 5, points)
    count = {name: np.unique(f(x)).size for name, f in ACTIVATIONS.items() if isinstance(f, Elementwise)}
    values = count.pop(activation)
    fewest = min(count.values())
    return measured(values == 2 < fewest, values=values, others=len(count), fewest=fewest, points=points)


@claim(
    belief="The derivative of the step is 0 almost everywhere.",
    about="step",
    verdict="true",
    sources="001",
    says="At {points:,} random points from -5 to 5 the central difference of the step over a distance of {h:.0e} is "
    "exactly 0 in {share:.0%} of the cases, and so is the declared derivative. At 0 itself, where it jumps, it has "
    "none: the difference there is {jump:.0e}.",
    unlike={"activation": "relu"},
    page="foundations/why-nonlinearity",
    side="con",
)
def step_derivative_ae_zero(activation: str = "step", h: float = 1e-9, points: int = 100_000) -> Measured:
    """Central differences at random points and at 0, beside the derivative of the registry."""
    f = get_elementwise(activation)
    x = np.random.default_rng(0).uniform(-5, 5, size=points)
    differences = (f(x + h / 2) - f(x - h / 2)) / h
    share, jump = float(np.mean(differences == 0)), float((f(h / 2) - f(-h / 2)) / h)
    holds = share == 1 and not f.derivative(x).any() and jump > 1e6
    return measured(holds, share=share, points=points, h=h, jump=jump)


@claim(
    belief="So the step is unfit for back-propagation.",
    about="step",
    verdict="true",
    sources=("001", "bengio2013estimating"),
    says="In {networks} networks of one hidden layer of 8 steps, {steps} gradient steps towards a sine move the "
    "output weights of all and the hidden weights of none. The known way round is another slope on the way back: with "
    "two hidden layers of steps and the slope of hard tanh, {borrowed} end below a loss of 0.1; with their own slope, "
    "which is 0, {own}.",
    unlike={"activation": "sigmoid"},
    page=_BACKWARD,
    side="con",
)
def step_no_backprop(activation: str = "step", steps: int = 300, networks: int = 200) -> Measured:
    """How many networks move their layers, and how many of 80 learn the sine with either slope in 1000 steps."""
    movement = experiments.weight_movement(activation, steps=steps, networks=networks)
    own, borrowed = (
        experiments.wrong_slope(activation, slope, networks=80).below(0.1)
        for slope in (None, get_elementwise("hard_tanh").derivative)
    )
    stays = movement.hidden_moved.count == 0 and movement.output_moved.count == networks
    holds = stays and own.interval[1] < borrowed.interval[0]
    return measured(holds, networks=networks, steps=steps, own=own, borrowed=borrowed)


@claim(
    belief="The step has the constant derivative 0 wherever it has one, and yet it is not linear; so a derivative "
    "that changes is not what makes a function non-linear.",
    about="step",
    verdict="true",
    sources=("001", "004"),
    says="The step's derivative is {slope:g} at each of {points:,} points beside 0, yet step(1) + step(1) - step(2) = "
    "{gap:g}, which a linear function would make 0. One jump bends as much as a curve does: a constant derivative "
    "tells a straight line only of a function that has a derivative everywhere.",
    unlike={"activation": "identity"},
    page="foundations/why-nonlinearity",
)
def step_contradicts_nonlinear_def(activation: str = "step", points: int = 1000) -> Measured:
    """The derivatives at even points from -5 to 5, of which 0 is none, and how far a sum is from the sum of answers."""
    f = get_elementwise(activation)
    slopes = np.unique(f.derivative(np.linspace(-5, 5, points)))
    gap = float(f(1.0) + f(1.0) - f(2.0))
    return measured(slopes.size == 1 and gap != 0, slope=slopes[0], points=points, gap=gap)
