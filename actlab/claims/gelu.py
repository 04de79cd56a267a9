"""GELU: claims about its definition by chance, its shape, its stand-ins and its cost."""

from __future__ import annotations

import math

import numpy as np

from actlab import agreement, initialisers
from actlab.claims.costs import MILLION, cost, seconds
from actlab.claims.ledger import Measured, Statement, claim, measured
from actlab.claims.silu import falls_then_rises
from actlab.core import Elementwise, get
from actlab.functions.gates import gelu, silu
from actlab.functions.rectifiers import relu
from actlab.network import initialise
from actlab.statistics import Mean

_GATES = "functions/smooth-gates"


def _density(t: float, variance: float = 1.0) -> float:
    return math.exp(-t * t / (2 * variance)) / math.sqrt(2 * math.pi * variance)


def _distance(inputs: np.ndarray) -> float:
    """The largest distance between the share of inputs that are no larger than x, and Phi(x)."""
    from scipy.special import ndtr

    ordered = np.sort(inputs, axis=None)
    gate = ndtr(ordered)
    below = np.arange(ordered.size) / ordered.size
    return float(max((gate - below).max(), (below + 1 / ordered.size - gate).max()))


def _deviation(form: Elementwise) -> tuple[float, float]:
    """The largest distance of a form from GELU, and the |x| where that is."""
    x = np.linspace(0, 8, 80_001)  # for -x the distance is the same
    gap = np.abs(form(x) - gelu(x))
    return float(gap.max()), float(x[gap.argmax()])


@claim(
    belief="GELU is x times the standard normal distribution function at x, which is x/2 times 1 + erf(x/√2).",
    about="gelu",
    verdict="true",
    sources=("004", "hendrycks2016gelu"),
    says="GELU is x Φ(x): at nine points from -4 to 4 it is x times the integral of the normal density to within "
    "{within:g}. The form x/2 (1 + erf(x/√2)) is as good there, but on the left it cancels: in float64 it is wrong by "
    "{loss:.1%} at x = -8.",
    unlike={"function": "gelu_tanh"},
    page=_GATES,
)
def gelu_formula(function: str = "gelu") -> Measured:
    """Distances of GELU, and of x/2 (1 + erf(x/sqrt(2))), from x times the normal density integrated up to x."""
    from scipy.integrate import quad

    def with_erf(x: float) -> float:
        return x / 2 * (1 + math.erf(x / math.sqrt(2)))

    points = np.linspace(-4, 4, 9)
    exact = np.array([x * (0.5 + quad(_density, 0, x, epsabs=1e-14)[0]) for x in points])
    gap = float(np.abs(get(function)(points) - exact).max())
    gap_erf = float(np.abs([with_erf(x) for x in points] - exact).max())
    loss = abs(with_erf(-8.0) / float(gelu(-8.0)) - 1)
    within = 1e-14  # rounding
    return measured(max(gap, gap_erf) < within and 1e-3 < loss < 1, within=within, loss=loss)


@claim(
    belief="In the formula of GELU, erf is the Gaussian error function.",
    about="gelu",
    verdict="true",
    sources="004",
    says="The error function erf(z) is the chance that a normal number of mean 0 and variance {variance:g} lies within "
    "z of 0: at z = 0.1, 0.5, 1, 2 and 3 the two agree to within {within:g}. Hence the √2 in the formula of GELU, "
    "whose normal number has variance 1.",
    unlike={"variance": 1.0},
    page=_GATES,
)
def gelu_erf_def(variance: float = 0.5) -> Measured:
    """The largest difference between math.erf and the integral of a normal density from -z to z."""
    from scipy.integrate import quad

    gap = max(abs(math.erf(z) - 2 * quad(_density, 0, z, args=(variance,))[0]) for z in (0.1, 0.5, 1.0, 2.0, 3.0))
    within = 1e-14  # rounding
    return measured(gap < within, within=within, variance=variance)


@claim(
    belief="The values of GELU lie above -0.17, in the open interval from -0.17 to infinity.",
    about=("gelu", "gelu_tanh"),
    verdict="imprecise",
    sources="004",
    says="GELU's values begin above -0.17, at {low:.8f}, and that value is taken, at x = {at:.5f}: the interval is "
    "closed on the left. The tanh form of GELU goes down to {tanh:.6f}, below -0.17.",
    unlike={"function": "gelu_tanh"},
    page=_GATES,
)
def gelu_range(function: str = "gelu") -> Measured:
    """The measured ranges of GELU and of its tanh form."""
    found, tanh = get(function).properties, get("gelu_tanh").properties.range.low
    low = found.range.low
    holds = low > -0.17 > tanh and round(low, 2) == -0.17 and found.range.low_closed and found.range.high == np.inf
    return measured(holds, low=low, at=found.infimum_at, tanh=tanh)


@claim(
    belief="GELU is smooth and not monotone.",
    about="gelu",
    verdict="true",
    sources=("004", "hendrycks2016gelu"),
    says="GELU is smooth and not monotone: it falls until x = {turn:.3f} and rises from there on, with slopes between "
    "{least:.4f} and {most:.4f}, at -√2 and √2. Its slope is 0 at one point and on no interval, but left of x = "
    "{flat:.2f} it is below {small:g} in size.",
    unlike={"function": "softplus"},
    page=_GATES,
    side="pro",
)
def gelu_smooth_nonmonotone(function: str = "gelu") -> Measured:
    """The measured properties: extrema, bounds of the slope, kinks, and where the slope is 0 or nearly."""
    found = falls_then_rises(get(function))
    properties = get(function).properties
    steepest = (properties.slope_infimum_at, properties.slope_supremum_at)
    at_roots = np.allclose(steepest, (-math.sqrt(2), math.sqrt(2)), atol=1e-6)
    return measured(found.holds and at_roots, **found.values)


@claim(
    belief="GELU multiplies x by a random 0 or 1, the 1 having probability Φ(x), and takes what is expected.",
    about="gelu",
    verdict="true",
    sources=("004", "hendrycks2016gelu"),
    says="Let x pass where a standard normal number is below it, and else put 0: at x = 1 the mean of what remains is "
    "{at_one:.4f}, and GELU(1) is {value:.4f}. At all {points} points tried, from -2 to 2, the mean comes within "
    "{worst:.1f} standard errors of GELU.",
    unlike={"chance": "logistic"},
    page=_GATES,
)
def gelu_bernoulli(chance: str = "normal", n: int = 200_000, seed: int = 0) -> Measured:
    """Means of x times a random gate that is open where a drawn number lies below x, beside GELU."""
    rng = np.random.default_rng(seed)
    points = (-2.0, -1.0, -0.5, 0.5, 1.0, 2.0)
    means = {x: Mean.of(x * (getattr(rng, chance)(size=n) < x)) for x in points}
    errors = [abs(mean.value - gelu(x)) / (mean.deviation / math.sqrt(n)) for x, mean in means.items()]
    return measured(max(errors) < 4, at_one=means[1.0], value=float(gelu(1.0)), points=len(points), worst=max(errors))


@claim(
    belief="GELU supposes that each input x is a standard normal number.",
    about="gelu",
    verdict="imprecise",
    sources="004",
    says="Standard normal is the number with which GELU compares x, and x itself may be anything. If the inputs are "
    "standard normal, too, the gate Φ(x) is the share of inputs below x: among {n:,} of them the two differ by at most "
    "{near:.4f}. Among as many with mean {mean:g} and deviation {deviation:g} they differ by up to {far:.2f}.",
    unlike={"mean": 0.0, "deviation": 1.0},
    page=_GATES,
)
def gelu_input_normal(mean: float = 3.0, deviation: float = 2.0, n: int = 100_000, seed: int = 0) -> Measured:
    """The largest distance between Phi(x) and the share of inputs below x, for two distributions of inputs."""
    z = np.random.default_rng(seed).normal(size=n)
    near, far = _distance(z), _distance(mean + deviation * z)
    # Chance alone brings a distance above this in one sample of a thousand (Dvoretzky, Kiefer, Wolfowitz; Massart).
    bound = math.sqrt(math.log(2 / 0.001) / (2 * n))
    return measured(near < bound and far > 0.5, n=n, near=near, far=far, mean=mean, deviation=deviation)


@claim(
    belief="The smaller x is, the likelier GELU's random gate sets it to 0.",
    about="gelu",
    verdict="true",
    sources=("004", "hendrycks2016gelu"),
    says="The random gate of which GELU is the mean sets x to 0 with probability 1 - Φ(x) = 1 - GELU(x)/x: {left:.1%} "
    "at x = -2, {right:.1%} at x = 2; of {points} points from -5 to 5 a smaller one always has the higher probability.",
    unlike={"function": "relu"},
    page=_GATES,
)
def gelu_drop_grows(function: str = "gelu") -> Measured:
    """One minus f(x)/x at points from -5 to 5, and whether it falls from each to the next."""
    x = np.linspace(-5, 5, 100)  # an even number: 0 is left out
    activation = get(function)
    shut = 1 - activation(x) / x
    left, right = (1 - float(activation(end)) / end for end in (-2.0, 2.0))
    return measured((np.diff(shut) < 0).all(), left=left, right=right, points=x.size)


@claim(
    belief="ReLU has such a gate as well, which opens at the threshold 0.",
    about=("relu", "gelu"),
    verdict="true",
    sources=("004", "hendrycks2016gelu"),
    says="ReLU is x where x > {threshold:g} and else 0: largest difference {gap:g} on [-8, 8]. GELU becomes this "
    "sharp gate as the normal number with which it compares x gets a smaller deviation s: it is up to {wide:.3f} away "
    "from ReLU for s = 1, up to {narrow:.5f} for s = 0.01.",
    unlike={"threshold": 0.5},
    page=_GATES,
)
def gelu_relu_threshold(threshold: float = 0.0) -> Measured:
    """Distances from ReLU of x with a sharp gate, and of x times the distribution function of N(0, s^2)."""
    x = np.linspace(-8, 8, 16_001)
    gap = float(np.abs(np.where(x > threshold, x, 0) - relu(x)).max())
    # x Phi(x/s) is s times GELU at x/s.
    wide, narrow = (float(np.abs(s * gelu(x / s) - relu(x)).max()) for s in (1.0, 0.01))
    return measured(gap == 0 and narrow < wide / 50, threshold=threshold, gap=gap, wide=wide, narrow=narrow)


@claim(
    belief="GELU scales x by how much larger it is than the other inputs.",
    about="gelu",
    verdict="depends",
    sources=("004", "hendrycks2016gelu"),
    says="GELU's gate Φ(x) is the share of inputs below x where these are standard normal, as in layer 1 of "
    "{networks} untrained networks of width 256 (Glorot's start, normal inputs), up to a difference of {first:.3f}. "
    "In layer {depth} all x are small and every gate is about half open; there they differ by up to {last:.3f}.",
    unlike={"normalise": True},
    page=_GATES,
)
def gelu_scales_by_rank(depth: int = 10, networks: int = 20, normalise: bool = False, seed: int = 0) -> Measured:
    """The largest distance of the gate from the share of a layer's inputs below x, over units and batch: means."""
    start = initialise((256,) * (depth + 1), gelu, networks=networks, seed=seed, initialiser=initialisers.glorot_normal)
    x = np.random.default_rng((seed, 1)).normal(size=(20, 256))
    tape = start.forward(x)
    small = float(np.abs(tape.pre_activations[-1]).max()) < 0.1  # then the gates are between 0.46 and 0.54
    found = []
    for z in (tape.pre_activations[0], tape.pre_activations[-1]):
        if normalise:
            z = (z - z.mean(axis=(1, 2), keepdims=True)) / z.std(axis=(1, 2), keepdims=True)
        found.append(Mean.of([_distance(network) for network in z]))
    first, last = found
    holds = small and first.interval[1] < 0.05 and last.interval[0] > 0.3
    return measured(holds, networks=networks, depth=depth, first=first, last=last)


@claim(
    belief="GELU is expensive to compute.",
    about=("gelu", "relu"),
    verdict="depends",
    sources="004",
    says="GELU costs more than ReLU; how much more depends on the program: for a million float32 numbers on one "
    "thread it takes {torch:.1f} times as long in PyTorch, {jit:.1f} times in compiled JAX and {keras:.1f} times in "
    "Keras, not compiled; for ten million in PyTorch only {torch_large:.1f} times (recorded benchmark, activation "
    "alone).",
    unlike={"function": "silu"},
    page="practice/speed",
    side="con",
)
def gelu_cost(function: str = "gelu") -> Measured:
    """Recorded processor time of one call, divided by that of ReLU, in three frameworks."""
    torch, jit, keras = (cost(function, by) for by in ("torch", "jax.jit", "keras"))
    large = cost(function, "torch", n=10 * MILLION)
    return measured(2 < torch < jit < keras and large < 1.5, torch=torch, jit=jit, keras=keras, torch_large=large)


@claim(
    belief="A form with tanh, 0.5 x (1 + tanh(√(2/π) (x + 0.044715 x³))), comes close to GELU.",
    about="gelu_tanh",
    verdict="true",
    sources=("004", "hendrycks2016gelu"),
    says="The tanh form is never further from GELU than {gap:.4e}, at |x| = {at:.3f}; the form with a sigmoid is off "
    "by up to {ratio:.0f} times as much. Where GELU is small that is much of it: at x = -4 the tanh form gives "
    "{share:.0%} of GELU.",
    unlike={"function": "gelu_sigmoid"},
    page=_GATES,
    side="pro",
)
def gelu_approx_tanh(function: str = "gelu_tanh") -> Measured:
    """The largest distance from GELU on a fine grid up to |x| = 8, and the quotient of the two at -4."""
    gap, at = _deviation(get(function))
    ratio = _deviation(get("gelu_sigmoid"))[0] / gap
    share = float(get(function)(-4.0) / gelu(-4.0))
    return measured(gap < 5e-4 and ratio > 40 and share < 0.6, gap=gap, at=at, ratio=ratio, share=share)


@claim(
    belief="A form with a sigmoid, x σ(1.702 x), comes close to GELU.",
    about="gelu_sigmoid",
    verdict="true",
    sources=("004", "hendrycks2016gelu"),
    says="The sigmoid form, which is SiLU with β = {beta:g}, is off GELU by up to {gap:.4f}, at |x| = {at:.3f}, and "
    "dips to {low:.4f} where GELU dips to {gelu_low:.4f}; at x = -4 it gives {times:.0f} times GELU. The tanh form is "
    "closer.",
    unlike={"beta": 1.0},
    page=_GATES,
    side="pro",
)
def gelu_approx_sigmoid(beta: float = 1.702) -> Measured:
    """The largest distance of x sigmoid(beta x) from GELU on a fine grid, its minimum, and the quotient at -4."""
    form = silu.with_params(beta=beta)
    gap, at = _deviation(form)
    low, gelu_low = form.properties.range.low, gelu.properties.range.low
    same = np.abs(form(np.linspace(-8, 8, 1001)) - get("gelu_sigmoid")(np.linspace(-8, 8, 1001))).max() < 1e-14
    times = float(form(-4.0) / gelu(-4.0))
    holds = same and _deviation(get("gelu_tanh"))[0] < gap < 0.021 and abs(low - gelu_low) < 0.01 and times > 10
    return measured(holds, beta=beta, gap=gap, at=at, low=low, gelu_low=gelu_low, times=times)


@claim(
    belief="GELU is usually computed by its approximation, because the exact form is costly.",
    about=("gelu", "gelu_tanh"),
    verdict="depends",
    sources="004",
    says="Of the {calls} calls named gelu in Keras, TensorFlow, PyTorch and JAX {exact} compute the exact form if "
    "nothing is asked for. For a million float32 numbers on one thread the tanh form takes {keras:.1f} times as long "
    "in Keras (not compiled) and {torch:.1f} times in PyTorch, but {jit:.2f} times in compiled JAX, {numpy:.2f} times "
    "in NumPy, and {torch_64:.2f} times in PyTorch with float64 (recorded).",
    unlike={"dtype": "float64"},
    page="practice/speed",
)
def gelu_approx_for_speed(dtype: str = "float32") -> Measured:
    """Recorded processor time of a call of the tanh form, divided by that of the exact one, and what bare calls do."""

    def ratio(by: str, dtype: str = dtype) -> float:
        return seconds("gelu_tanh", by, dtype=dtype) / seconds("gelu", by, dtype=dtype)

    calls = agreement.bare_calls("gelu")
    exact = sum(call.value < 1e-7 for call in calls)
    found = {"keras": ratio("keras"), "torch": ratio("torch"), "jit": ratio("jax.jit"), "numpy": ratio("textbook")}
    holds = min(found["keras"], found["torch"]) > 1.5 and max(found["jit"], found["numpy"]) < 0.8
    return measured(
        holds and exact > len(calls) / 2, calls=len(calls), exact=exact, torch_64=ratio("torch", "float64"), **found
    )


Statement(
    id="gelu-inspired-dropout",
    belief="GELU's models are dropout and ReLU: its gate depends on the input, and its answer is not random.",
    about=("gelu", "relu"),
    verdict="true",
    sources=("004", "hendrycks2016gelu"),
    text="So its authors motivate it: dropout multiplies by a random 0 or 1 whatever the input, ReLU by a 0 or 1 that "
    "the input decides; GELU multiplies by what is expected of a random one whose chance the input decides.",
    why="What moved the authors is in their paper; that GELU is this expectation is measured beside it.",
    cite=("hendrycks2016gelu",),
    page=_GATES,
)

Statement(
    id="gelu-best-nlp",
    belief="GELU seems to be the best activation for language, above all in Transformers.",
    about=("gelu",),
    verdict="depends",
    sources=("004",),
    text="That was a fair summary around 2019. Since then units with two matrices, one of which gates the other, have "
    "done better in experiments at equal size, with GELU or SiLU as their gate, and large models such as LLaMA are "
    "built of them.",
    why="Which activation is best in large language models is a matter of date, and of training runs too large to be "
    "repeated for this book.",
    cite=("shazeer2020glu", "touvron2023llama"),
    page=_GATES,
)

Statement(
    id="gelu-adopters",
    belief="GPT-2, BERT, RoBERTa and ALBERT use GELU.",
    about=("gelu", "gelu_tanh"),
    verdict="true",
    sources=("004",),
    text="All four do. The code that was released with them says which form: the tanh form in GPT-2 and ALBERT, the "
    "exact one in RoBERTa, and in BERT the exact one at first and the tanh form later; in BERT's layer that sums up a "
    "text it is tanh, no GELU.",
    why="It was read in the programs, and nothing is left to measure.",
    cite=("radford2019language", "devlin2019bert", "liu2019roberta", "lan2020albert"),
    page=_GATES,
)
