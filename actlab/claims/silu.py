"""SiLU, also known as Swish: claims about its shape, its cost and what it does in deep networks."""

from __future__ import annotations

import numpy as np

from actlab import agreement, experiments, initialisers
from actlab.claims.costs import costs
from actlab.claims.ledger import Measured, Statement, claim, measured
from actlab.core import Elementwise, get
from actlab.functions.gates import silu
from actlab.functions.rectifiers import relu
from actlab.optimisers import Adam
from actlab.properties import FLAT
from actlab.statistics import Share

_GATES = "functions/smooth-gates"


@claim(
    belief="Swish is x times the sigmoid of beta x.",
    about="silu",
    verdict="true",
    sources=("000", "ramachandran2017searching"),
    says="What Keras, TensorFlow, PyTorch and JAX call silu or swish is x σ(βx) with β = {beta:g}: the {calls} "
    "recorded calls that pass nothing but x differ from it by less than {within:g} at x = -3, -1, 1 and 3. Another β "
    "must be asked for, where that is possible at all.",
    unlike={"beta": 1.702},
    page="practice/in-your-framework",
)
def swish_formula(beta: float = 1.0) -> Measured:
    """The recorded answers of all calls named silu or swish beside x / (1 + exp(-beta x)), typed as it stands."""
    x = np.array(agreement.PROBES)
    calls = agreement.bare_calls("silu")
    expected = x / (1 + np.exp(-beta * x))
    gap = max(float(np.abs(np.array(call.answers) - expected).max()) for call in calls)
    within = 1e-14  # rounding
    return measured(gap < within, beta=beta, calls=len(calls), within=within)


@claim(
    belief="Swish is self-gated: the input is multiplied by a gate that it sets itself.",
    about="silu",
    verdict="true",
    sources="000",
    says="Divided by its input, SiLU leaves a gate that the input alone sets: it rises all the way from {shut:.1e} at "
    "x = -20 to 1 - {missing:.1e} at x = 20, and is neither 0 nor 1 at any of {points} points between.",
    unlike={"function": "relu"},
    page=_GATES,
)
def swish_self_gated(function: str = "silu") -> Measured:
    """The values of f(x) / x on a grid from -20 to 20, and whether they rise and stay strictly between 0 and 1."""
    x = np.linspace(-20, 20, 800)  # an even number: 0 is left out
    gate = get(function)(x) / x
    inside = gate.min() > 0 and gate.max() < 1
    return measured(
        inside and (np.diff(gate) > 0).all(), shut=float(gate[0]), missing=float(1 - gate[-1]), points=x.size
    )


@claim(
    belief="The shape of Swish lies between those of ReLU and of the sigmoid.",
    about=("silu", "relu", "sigmoid"),
    verdict="false",
    sources="000",
    says="SiLU is said to lie between ReLU and the sigmoid; it does at {between:.0%} of the points of [-5, 5], and at "
    "{left:.0%} of the negative ones, where it is below both. With β it goes from the line x/2 to ReLU: it lies "
    "between these two at {line:.0%} of the points for β = 0.1, 1 and 10, and is never further from ReLU than "
    "{reach:.4f}/β.",
    unlike={"other": "identity"},
    page=_GATES,
)
def swish_between_relu_sigmoid(other: str = "sigmoid") -> Measured:
    """Shares of grid points at which x sigmoid(beta x) lies between two functions, and its distance to ReLU."""
    x = np.linspace(-5, 5, 1000)  # an even number: 0, where the line and the gates meet, is left out

    def inside(values: np.ndarray, one: np.ndarray, two: np.ndarray) -> np.ndarray:
        return (np.minimum(one, two) <= values) & (values <= np.maximum(one, two))

    between = inside(silu(x), relu(x), get(other)(x))
    gates = {beta: silu.with_params(beta=beta) for beta in (0.1, 1.0, 10.0)}
    line = min(float(inside(gate(x), x / 2, relu(x)).mean()) for gate in gates.values())
    wide = np.linspace(-50, 50, 200_001)
    reach = [beta * float(np.abs(gate(wide) - relu(wide)).max()) for beta, gate in gates.items()]
    left = float(between[x < 0].mean())
    below = (silu(x) < np.minimum(relu(x), get(other)(x)))[x < 0].all()
    holds = left == 0 and below and between.mean() < 0.5 and line == 1 and np.ptp(reach) < 1e-3
    return measured(holds, between=float(between.mean()), left=left, line=line, reach=max(reach))


@claim(
    belief="The values of Swish go from -0.278, which it takes, to infinity.",
    about="silu",
    verdict="true",
    sources=("004", "elfwing2018sigmoid"),
    says="SiLU takes every value from {low:.7f} up, the least at x = {at:.7f}, where x + 1 is that value. It is "
    "-0.278 for β = {beta:g} only: for another β the least value is {low:.4f}/β.",
    unlike={"beta": 2.0},
    page=_GATES,
)
def swish_range(beta: float = 1.0) -> Measured:
    """The measured range of x sigmoid(beta x), and that of another beta beside the law of scale."""
    found = silu.with_params(beta=beta).properties
    low, at = found.range.low, found.infimum_at
    scaled = silu.with_params(beta=4 * beta).properties.range.low
    closed = found.range.low_closed and found.range.high == np.inf
    holds = closed and round(low, 3) == -0.278 and abs(at + 1 - low) < 1e-7 and abs(scaled - low / 4) < 1e-9
    return measured(holds, low=low, at=at, beta=beta)


@claim(
    belief="Swish is smooth and not monotone.",
    about="silu",
    verdict="true",
    sources=("004", "ramachandran2017searching"),
    says="SiLU is smooth and not monotone: it falls until x = {turn:.3f} and rises from there on, with slopes between "
    "{least:.4f} and {most:.4f}. Its slope is 0 at that one point and on no interval, but left of x = {flat:.2f} it "
    "is below {small:g} in size.",
    unlike={"function": "softplus"},
    page=_GATES,
    side="pro",
)
def swish_smooth_nonmonotone(function: str = "silu") -> Measured:
    """The measured properties: extrema, bounds of the slope, kinks, and where the slope is 0 or nearly."""
    return falls_then_rises(get(function))


def falls_then_rises(activation: Elementwise) -> Measured:
    """Whether an activation is smooth, falls up to one point, rises after it, and has slope 0 at that point only."""
    found = activation.properties
    turns = [extremum.x for extremum in found.extrema]
    holds = (
        found.smoothness == np.inf
        and found.monotone is None
        and len(turns) == 1
        and activation.derivative(turns[0] - 0.1) < 0 < activation.derivative(turns[0] + 0.1)
        and not found.dead
        and found.saturates_left
    )
    return measured(
        holds,
        turn=turns[0] if turns else -np.inf,
        least=found.slopes.low,
        most=found.slopes.high,
        flat=max((interval.high for interval in found.saturation), default=-np.inf),
        small=FLAT,
    )


@claim(
    belief="Swish works better than ReLU in deep models.",
    about=("silu", "relu"),
    verdict="depends",
    sources=("000", "004", "ramachandran2017searching"),
    says="Whether SiLU beats ReLU in deep networks depends on the start. With {layers} layers of 16 units that learn "
    "to tell two moons apart (40 epochs, Adam {rate:g}), SiLU's loss ends below that of ReLU from the same weights in "
    "more than {many:.0%} of {networks} pairs where these are He's, but in less than {few:.0%} where they are "
    "Glorot's; both 95 % intervals lie beyond these bounds.",
    unlike={"layers": 1},
    page=_GATES,
    slow=True,
)
def swish_beats_relu_deep(layers: int = 20) -> Measured:
    """The share of 120 pairs of equally started networks in which SiLU ends with a lower loss than ReLU, by start."""
    shares, rate, networks = {}, 0.003, 120
    for name, start in (("he", initialisers.he_normal), ("glorot", initialisers.glorot_uniform)):
        losses = [
            experiments.follow_deaths(
                activation,
                layers=layers,
                width=16,
                optimiser=Adam(rate),
                epochs=40,
                every=40,
                initialiser=start,
                networks=networks,
                seed=0,
            ).losses
            for activation in (silu, relu)
        ]
        shares[name] = Share.of(losses[0] < losses[1])
    # So deep a network ends elsewhere when a processor rounds otherwise: the shares vary, within the bounds printed.
    many, few = 0.5, 0.2
    holds = shares["he"].interval[0] > many and shares["glorot"].interval[1] < few
    return measured(holds, layers=layers, rate=rate, many=many, few=few, networks=networks)


@claim(
    belief="Swish is expensive to compute.",
    about=("silu", "relu"),
    verdict="depends",
    sources="004",
    says="What SiLU costs depends on the program: for {n:,} float32 numbers on one thread it takes {torch:.1f} times "
    "as long as ReLU in PyTorch, {jit:.1f} times in compiled JAX and {keras:.1f} times in Keras, not compiled "
    "(recorded benchmark of the activation alone: medians of {runs} runs, with intervals; a layer's matrix product "
    "comes on top for both).",
    unlike={"function": "gelu"},
    page="practice/speed",
    side="con",
)
def swish_cost(function: str = "silu", n: int = 1_000_000) -> Measured:
    """Recorded processor time of one call, divided by that of ReLU, in three frameworks: the median of several runs."""
    torch, jit, keras = (costs(function, by, n=n) for by in ("torch", "jax.jit", "keras"))
    holds = 1 < torch.value < 1.5 and 1.5 < jit.value < 3 and keras.value > 3
    return measured(holds, torch=torch, jit=jit, keras=keras, n=n, runs=keras.n)


Statement(
    id="swish-nas",
    belief="Swish was found by neural architecture search.",
    about=("silu",),
    verdict="imprecise",
    sources=("004",),
    text="Swish was found by an automatic search, but one among formulas for activation functions, not among "
    "architectures: exhaustive where there were few candidates, led by reinforcement learning where there were many. "
    "With β = 1 the function was known before, as the SiLU.",
    why="It is a matter of history, for which the papers are the evidence.",
    cite=("ramachandran2017searching", "hendrycks2016gelu", "elfwing2018sigmoid"),
    page=_GATES,
)

Statement(
    id="swish-imagenet-09-06",
    belief="Putting Swish for ReLU raises the top-1 accuracy on ImageNet by 0.9 % in Mobile NASNet-A and by 0.6 % in "
    "Inception-ResNet-v2.",
    about=("silu", "relu"),
    verdict="true",
    sources=("004",),
    text="The paper on Swish reports these gains, 0.9 and 0.6 % of top-1 accuracy, in its abstract; we quote them and "
    "have not repeated them.",
    why="Training networks of this size on ImageNet is beyond what this book computes.",
    cite=("ramachandran2017searching",),
    page=_GATES,
)
