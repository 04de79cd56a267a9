"""Claims of other texts: what they say, where, and what is measured. Each of these texts has taught its field much."""

from __future__ import annotations

import math

import numpy as np

from actlab import formulas, initialisers, meanfield
from actlab.claims.ledger import Measured, claim, measured
from actlab.experiments import death_record, first_float, relative_errors, signal_through_depth
from actlab.functions.rectifiers import leaky_relu
from actlab.functions.sigmoidal import sigmoid, tanh
from actlab.statistics import Mean, Quantile


@claim(
    belief="PyTorch's Linear starts from Kaiming initialisation, that of He et al., by default.",
    about=("framework", "relu"),
    verdict="false",
    sources="lippe2024uvadlc",
    says="PyTorch's Linear calls kaiming_uniform_, and so the third UvA tutorial names Kaiming. But the argument a = "
    "{a:.3f} makes the variance {share:.3f}/fan_in, {times:.0f} times less than He's for ReLUs: uniform within "
    "1/sqrt(fan_in), as PyTorch documents. After {depth} ReLU layers of width {width} the mean square is {kept:.0e} "
    "of what it was, and {he:.1f} with He's rule (medians of {networks} networks, with 95 % intervals).",
    unlike={"a": 0.0},
    page="gradients/initialisation",
)
def torch_linear_is_he(
    a: float = math.sqrt(5), depth: int = 30, width: int = 128, networks: int = 20, seed: int = 0
) -> Measured:
    """He's rule with PyTorch's argument, beside the limits that PyTorch documents, and what depth makes of both."""
    share = 2 / (1 + a**2)
    rule = initialisers.he_uniform.with_scale(share)

    def median_kept(start: initialisers.Initialiser) -> Quantile:
        squares = signal_through_depth(
            "relu", initialiser=start, depth=depth, width=width, networks=networks, seed=seed
        ).mean_squares
        return Quantile.of(squares[-1] / squares[0])

    kept, he = median_kept(rule), median_kept(initialisers.he_uniform)
    documented = initialisers.FRAMEWORK_DEFAULTS["torch.nn.Linear"]
    same = math.isclose(rule.variance(width, width), documented.variance(width, width), rel_tol=1e-12)
    # The networks of both rules differ by a factor only, which each layer multiplies into the signal.
    factor = math.isclose(kept.value / he.value, (share / 2) ** depth, rel_tol=1e-6)
    return measured(
        same and factor and he.low > 0.1, a=a, share=share, times=2 / share, depth=depth, width=width, kept=kept, he=he,
        networks=networks,
    )  # fmt: skip


@claim(
    belief="With Glorot's initialisation the variance of tanh activations settles at 0.25 in deep networks.",
    about="tanh",
    verdict="false",
    sources="lippe2024uvadlc",
    says="The fourth UvA tutorial expects a rest at 0.25 for tanh networks deeper than its own, with Glorot's "
    "weights. In ours, {depth} layers of width {width} with normal input, the variance passes {early:.2f} in layer 2 "
    "and goes on falling: to {later:.3f} in layer {at} and {last:.4f} in layer {depth}. Theory's only rest is "
    "{rest:g}.",
    unlike={"start": "he_uniform"},
    page="gradients/initialisation",
)
def tanh_glorot_quarter(
    start: str = "glorot_uniform", depth: int = 50, width: int = 128, networks: int = 20, seed: int = 0
) -> Measured:
    """The variance of the activations of untrained tanh networks, layer by layer, and where mean-field theory ends."""
    rule = initialisers.get(start)
    found = signal_through_depth(
        "tanh", initialiser=rule, depth=depth, width=width, networks=networks, seed=seed
    ).variances
    at = depth // 5
    early, later, last = (Mean.of(found[layer]) for layer in (2, at, depth))
    rest = round(float(meanfield.fixed_point("tanh", sigma_w2=rule.sigma_w2(width, width))), 6)
    falls = later.interval[1] < early.interval[0] / 2 and last.interval[1] < later.interval[0] / 2
    return measured(
        falls and 0.2 < early.interval[0] and rest == 0,
        depth=depth, width=width, early=early.value, later=later, at=at, last=last, rest=rest,
    )  # fmt: skip


@claim(
    belief="For the scale of weights the answers of a leaky ReLU may be treated as if their mean were 0.",
    about="leaky_relu",
    verdict="false",
    sources="andreaskoepf2019gains",
    says="A comment on PyTorch's gains, which asks for the theory, divides by the standard deviation of a leaky "
    "ReLU's answers: {taken:.3f} for slope {slope:g}, which is right if their mean is 0. For standard normal input it "
    "is (1 - slope)/sqrt(2 pi) = {mean:.3f}, and {weak:.3f} for slope {weaker:g}. A gain of {gain:.3f} keeps the mean "
    "square; with {taken:.3f} it grows by {growth:.0%} in each layer.",
    unlike={"slope": 1.0},
    page="gradients/initialisation",
)
def leaky_mean_is_zero(slope: float = 0.2, weaker: float = 0.01) -> Measured:
    """E f(Z) of the leaky ReLU for a standard normal Z, with its closed form, and both gains from E f(Z)^2."""
    found, weak = (leaky_relu.with_params(negative_slope=a).properties for a in (slope, weaker))
    exact = math.isclose(found.mean, (1 - slope) / math.sqrt(2 * math.pi), rel_tol=1e-12)
    taken = 1 / math.sqrt(found.variance)
    growth = (taken / found.gain) ** 2 - 1
    return measured(
        exact and found.mean > 0.1 and growth > 0.1,
        taken=taken, slope=slope, mean=found.mean, weak=weak.mean, weaker=weaker, gain=found.gain, growth=growth,
    )  # fmt: skip


@claim(
    belief="As much as 40 % of a ReLU network can be dead if the learning rate is too high.",
    about="relu",
    verdict="depends",
    sources="karpathy2015neural",
    says="The notes of CS231n warn that as much as 40 % of a ReLU network can be dead. Rightly so; but the number "
    "belongs to the setting. Of the ReLUs in three hidden layers of {width}, after 100 epochs of Adam on the two "
    "moons, so many are dead, by learning rate: {shares} ({networks} networks for each). "
    "At a rate of {least:g} it is {start:.1%}.",
    unlike={"rates": (0.001, 0.003, 0.01)},
    page="gradients/dying-units",
    side="con",
)
def relu_forty_percent_dead(rates: tuple[float, ...] = (0.01, 0.03, 0.1, 0.3), width: int = 32) -> Measured:
    """The recorded shares of dead units at the end of trainings with Adam, by learning rate."""
    record = death_record.load()
    asked = {"experiment": "sweep", "optimiser": "Adam", "width": width, "asked": "dead", "layer": "all"}
    adam = record.by("rate", **asked)
    shares = [adam[rate] for rate in rates]
    crosses = min(share.interval[1] for share in shares) < 0.2 and max(share.interval[0] for share in shares) > 0.4
    printed = [f"{rate:g}: {share.value:.1%}" for rate, share in zip(rates, shares, strict=True)]
    return measured(
        crosses, width=width, shares=", ".join(printed), networks=shares[0].n // (3 * width),
        start=adam[min(adam)].value, least=min(adam),
    )  # fmt: skip


@claim(
    belief="For approximating the GELU by x sigma(c x), 1.702 is the best constant.",
    about=("gelu", "gelu_sigmoid"),
    verdict="imprecise",
    sources="hendrycks2016gelu",
    says="The paper that introduced the GELU offers x sigma({offered:g} x), without calling it the best. It is the "
    "best for the normal distribution function: the largest gap between sigma(c x) and Phi(x) is least at c = "
    "{phi:.3f}. That between x sigma(c x) and x Phi(x) is least at c = {best:.3f}: {least:.4f} instead of "
    "{paper:.4f}, {saved:.0%} less.",
    unlike={"offered": 1.773},
    page="functions/smooth-gates",
)
def gelu_1702_is_best(offered: float = 1.702) -> Measured:
    """The constants that make the largest gap smallest, by a bounded search over 12,001 points from 0 to 12."""
    from scipy.optimize import minimize_scalar
    from scipy.special import ndtr

    x = np.linspace(0, 12, 12_001)  # both gaps are symmetric
    normal = ndtr(x)

    def widest(c: float, weight: np.ndarray | float) -> float:
        return float(np.abs(weight * (sigmoid(c * x) - normal)).max())

    def search(weight: np.ndarray | float) -> float:
        return float(minimize_scalar(widest, args=(weight,), bounds=(1.5, 2.0), method="bounded").x)

    best, phi = search(x), search(1.0)
    least, paper = widest(best, x), widest(offered, x)
    saved = 1 - least / paper
    return measured(
        saved > 0.1 and abs(phi - offered) < 1e-3,
        offered=offered,
        phi=phi,
        best=best,
        least=least,
        paper=paper,
        saved=saved,
    )


@claim(
    belief="To compute tanh it is fine to type (e^x - e^-x)/(e^x + e^-x).",
    about="tanh",
    verdict="imprecise",
    sources="lippe2024uvadlc",
    says="The third UvA tutorial types tanh as (e^x - e^-x)/(e^x + e^-x), to show the formula, and for moderate x "
    "this is right. From x = {single:.2f} on it is nan in float32, from {double:.2f} on in float64, where tanh is 1. "
    "Near 0 the difference loses digits: at x = {small:g} in float64 its relative error is {lost:.0e}, that of "
    "numpy's tanh {kept:.0e}.",
    unlike={"formula": "expm1"},
    page="practice/numbers-at-the-edge",
)
def tanh_naive_is_fine(formula: str = "exp", small: float = 1e-10) -> Measured:
    """The first floats at which a formula for tanh is nan, if any, and its relative error near 0."""

    def typed(x: np.ndarray) -> np.ndarray:
        if formula == "expm1":
            part = np.expm1(-2 * np.abs(x))
            return np.copysign(-part / (2 + part), x)
        with np.errstate(over="ignore", invalid="ignore"):
            up, down = np.exp(x), np.exp(-x)
            return (up - down) / (up + down)

    def edge(dtype: type) -> float:
        highest = dtype(1e4)
        if not np.isnan(typed(highest)):
            return math.inf
        return float(first_float(lambda x: bool(np.isnan(typed(x))), 1, highest, dtype))

    single, double = edge(np.float32), edge(np.float64)
    x = np.array([small])
    lost, kept = (relative_errors(f(x), formulas.exact(tanh, x))[0] for f in (typed, np.tanh))
    wrong = 88 < single < 89 and 709 < double < 710 and lost > 1e-9 > kept
    return measured(wrong, single=single, double=double, small=small, lost=lost, kept=kept)
