"""Random initial weights of dense layers: for each rule its distribution and its variance."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from types import MappingProxyType
from typing import Literal

import numpy as np
from numpy.typing import DTypeLike

from actlab.checks import whole_number

Fan = Literal["in", "average", "largest"]
Distribution = Literal["uniform", "normal", "truncated_normal", "orthogonal"]

_CUT = 2.0  # where Keras cuts a normal distribution off, in deviations
# The deviation of a standard normal number within _CUT of 0: the square root of 1 - 2 c phi(c) / (2 Phi(c) - 1).
_CUT_DEVIATION = math.sqrt(
    1 - 2 * _CUT * math.exp(-(_CUT**2) / 2) / math.sqrt(2 * math.pi) / math.erf(_CUT / math.sqrt(2))
)


@dataclass(frozen=True)
class Initialiser:
    """A rule for the weights of a layer: mean 0, and the variance ``scale`` over a fan.

    ``fan`` says which one: the layer's inputs (``"in"``), the mean of inputs and outputs (``"average"``), or the larger
    of the two (``"largest"``). All weights are independent, unless the ``distribution`` is ``"orthogonal"``: then the
    rows of the matrix, or its columns where these are fewer, are orthogonal to each other and of one length. Biases
    start from 0, unless ``bias_scale`` says otherwise: they are uniform, of the variance ``bias_scale`` over fan_in.

    Call it with a generator, fan_in and fan_out for the weights, of shape (fan_in, fan_out).
    """

    name: str
    scale: float
    fan: Fan
    distribution: Distribution
    text: str
    bias_scale: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "__doc__", self.text)  # what help() and editors show

    @property
    def __name__(self) -> str:
        return self.name

    def __repr__(self) -> str:
        return self.name

    def variance(self, fan_in: int, fan_out: int) -> float:
        """The variance of one weight."""
        return self.scale / self._fan(fan_in, fan_out)

    def sigma_w2(self, fan_in: int, fan_out: int) -> float:
        """``fan_in`` times the variance of a weight: the number that decides what depth does to a signal."""
        return fan_in * self.variance(fan_in, fan_out)

    def limit(self, fan_in: int, fan_out: int) -> float:
        """The weights are within this of 0; only those that are uniform have such a limit."""
        if self.distribution != "uniform":
            raise ValueError(f"only uniform weights have a limit; those of {self.name} are {self.distribution}")
        return math.sqrt(3 * self.scale / self._fan(fan_in, fan_out))

    def bias_limit(self, fan_in: int) -> float:
        """The biases start uniformly within this of 0."""
        whole_number("fan_in", fan_in, least=1)
        return math.sqrt(3 * self.bias_scale / fan_in)

    def with_scale(self, scale: float) -> Initialiser:
        """The same rule with another variance: ``scale`` over the fan.

        >>> lecun_normal.with_scale(1.5)
        lecun_normal.with_scale(1.5)
        """
        if not (isinstance(scale, int | float | np.number) and 0 < scale < math.inf):
            raise ValueError(f"scale must be a positive finite number; got {scale!r}")
        origin = self.name.partition(".")[0]
        return replace(self, name=f"{origin}.with_scale({float(scale):g})", scale=float(scale))

    def __call__(
        self, rng: np.random.Generator, fan_in: int, fan_out: int, dtype: DTypeLike = np.float64
    ) -> np.ndarray:
        """Weights of shape (fan_in, fan_out), drawn in the precision of ``dtype``, float32 or float64."""
        shape, fan = (fan_in, fan_out), self._fan(fan_in, fan_out)
        # The factors are numbers of Python, which leave float32 as it is.
        match self.distribution:
            case "uniform":
                limit = self.limit(fan_in, fan_out)
                if np.dtype(dtype) == np.float32:
                    return _uniform(rng, limit, shape)
                return 2 * limit * rng.random(shape, dtype) - limit
            case "normal":
                weights = rng.standard_normal(shape, dtype)
                weights *= math.sqrt(self.scale / fan)
                return weights
            case "truncated_normal":
                return math.sqrt(self.scale / fan) / _CUT_DEVIATION * _truncated(rng, shape, dtype)
            case "orthogonal":
                # A matrix with n orthonormal rows in m columns, n <= m, has entries of mean square 1 / m.
                return math.sqrt(self.scale) * _orthogonal(rng, shape, dtype)

    def _fan(self, fan_in: int, fan_out: int) -> float:
        whole_number("fan_in", fan_in, least=1)
        whole_number("fan_out", fan_out, least=1)
        return {"in": fan_in, "average": (fan_in + fan_out) / 2, "largest": max(fan_in, fan_out)}[self.fan]


def _uniform(rng: np.random.Generator, limit: float, shape: tuple[int, int]) -> np.ndarray:
    """Uniform float32 numbers within ``limit`` of 0: two from every 64 random bits, which halves the time of a draw."""
    count = shape[0] * shape[1]
    bits = rng.integers(0, 2**64 - 1, (count + 1) // 2, np.uint64, endpoint=True).view(np.int32)[:count]
    weights = bits.reshape(shape)
    return np.multiply(
        weights, np.float32(limit / 2**31), out=weights.view(np.float32), dtype=np.float32, casting="unsafe"
    )


def _truncated(rng: np.random.Generator, shape: tuple[int, int], dtype: DTypeLike) -> np.ndarray:
    """Standard normal numbers of which those beyond the cut have been drawn again."""
    values = rng.standard_normal(shape, dtype)
    while (beyond := np.abs(values) > _CUT).any():
        values[beyond] = rng.standard_normal(int(beyond.sum()), dtype)
    return values


def _orthogonal(rng: np.random.Generator, shape: tuple[int, int], dtype: DTypeLike) -> np.ndarray:
    """A matrix whose shorter side's vectors are orthonormal, all such matrices being equally likely."""
    tall = rng.standard_normal((max(shape), min(shape)), dtype)
    q, r = np.linalg.qr(tall)
    # The signs of r's diagonal are LAPACK's choice; only without that choice are all matrices equally likely.
    q *= np.where(np.diagonal(r) < 0, -1, 1).astype(q.dtype)
    return q if shape[0] >= shape[1] else np.ascontiguousarray(q.T)


glorot_uniform = Initialiser(
    "glorot_uniform", 1, "average", "uniform",
    "Glorot and Bengio (2010), equation 16: variance 2 / (fan_in + fan_out), uniform. Keras' default for Dense.",
)  # fmt: skip
glorot_normal = Initialiser(
    "glorot_normal", 1, "average", "normal",
    "The variance of Glorot and Bengio (2010), equation 12: 2 / (fan_in + fan_out), normal.",
)  # fmt: skip
glorot_truncated = Initialiser(
    "glorot_truncated", 1, "average", "truncated_normal",
    "Variance 2 / (fan_in + fan_out), normal, cut off at two deviations: Keras' GlorotNormal.",
)  # fmt: skip
he_uniform = Initialiser(
    "he_uniform", 2, "in", "uniform",
    "The variance of He et al. (2015), equation 10: 2 / fan_in, uniform; made for the ReLU.",
)  # fmt: skip
he_normal = Initialiser(
    "he_normal", 2, "in", "normal",
    "He et al. (2015), equation 10: variance 2 / fan_in, normal; made for the ReLU.",
)  # fmt: skip
he_truncated = Initialiser(
    "he_truncated", 2, "in", "truncated_normal",
    "Variance 2 / fan_in, normal, cut off at two deviations: Keras' HeNormal.",
)  # fmt: skip
lecun_uniform = Initialiser(
    "lecun_uniform", 1, "in", "uniform",
    "The variance of LeCun et al. (1998), section 4.6: 1 / fan_in, uniform.",
)  # fmt: skip
lecun_normal = Initialiser(
    "lecun_normal", 1, "in", "normal",
    "Variance 1 / fan_in, normal; what Klambauer et al. (2017) use with the SELU.",
)  # fmt: skip
lecun_truncated = Initialiser(
    "lecun_truncated", 1, "in", "truncated_normal",
    "Variance 1 / fan_in, normal, cut off at two deviations: Keras' LecunNormal.",
)  # fmt: skip
pytorch_uniform = Initialiser(
    "pytorch_uniform", 1 / 3, "in", "uniform",
    "PyTorch's default for Linear: weights and biases uniform within 1 / sqrt(fan_in) of 0, variance 1 / (3 fan_in).",
    bias_scale=1 / 3,
)  # fmt: skip
orthogonal = Initialiser(
    "orthogonal", 1, "largest", "orthogonal",
    "Saxe et al. (2014): orthonormal rows or columns, mean square 1 / max(fan_in, fan_out). Keras' Orthogonal.",
)  # fmt: skip

#: Every rule by its name.
INITIALISERS: Mapping[str, Initialiser] = MappingProxyType({
    rule.name: rule
    for rule in (
        glorot_uniform, glorot_normal, glorot_truncated, he_uniform, he_normal, he_truncated,
        lecun_uniform, lecun_normal, lecun_truncated, pytorch_uniform, orthogonal,
    )
})  # fmt: skip

#: What a dense layer starts from if nothing is asked for, by the name of the framework's layer.
FRAMEWORK_DEFAULTS: Mapping[str, Initialiser] = MappingProxyType({
    "keras.layers.Dense": glorot_uniform,
    "torch.nn.Linear": pytorch_uniform,
})  # fmt: skip

#: PyTorch's recommendation for sigma_w, ``torch.nn.init.calculate_gain``, by the names that the functions have here.
TORCH_GAINS: Mapping[str, float] = MappingProxyType({
    "identity": 1.0, "sigmoid": 1.0, "tanh": 5 / 3, "relu": math.sqrt(2), "selu": 3 / 4,
})  # fmt: skip


def get(name: str | Initialiser) -> Initialiser:
    """The rule of that name; a rule is returned as it is.

    Raises
    ------
    ValueError
        If no rule has the name; the message holds the nearest names.
    """
    if isinstance(name, Initialiser):
        return name
    if not isinstance(name, str):
        raise TypeError(f"an initialiser is asked for by its name, a string; got {name!r}")
    if name in INITIALISERS:
        return INITIALISERS[name]
    near = [known for known in INITIALISERS if name.lower() in known.split("_")]
    near = near or get_close_matches(name.lower(), INITIALISERS, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}?" if near else f"known are: {', '.join(INITIALISERS)}"
    raise ValueError(f"unknown initialiser {name!r}; {hint}")
