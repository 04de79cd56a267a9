"""Products of many random matrices: the rates at which they grow, and the rates that theory says."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from actlab.checks import whole_number
from actlab.statistics import Mean


@dataclass(frozen=True, eq=False)
class GaussianProducts:
    """Products of ``steps`` square matrices of independent standard normal numbers.

    ``log_norms`` (products,) is the natural logarithm of the Frobenius norm, the root of the sum of the squared
    entries. ``exponents`` (products, size) are the Lyapunov exponents of each product: the logarithm per step by which
    it stretches a first direction, then a second one orthogonal to it, and so on, the fastest first.
    """

    steps: int
    log_norms: np.ndarray
    exponents: np.ndarray

    @property
    def rate(self) -> Mean:
        """The mean of ``log_norms`` per step, with its interval."""
        return Mean.of(self.log_norms / self.steps)

    @property
    def mean_exponents(self) -> tuple[Mean, ...]:
        """The mean of each Lyapunov exponent, with its interval, to compare with ``gaussian_exponents``."""
        return tuple(Mean.of(column) for column in self.exponents.T)

    def __repr__(self) -> str:
        products, size = self.exponents.shape
        low, median, high = np.quantile(self.log_norms / math.log(10), (0.05, 0.5, 0.95))
        return (
            f"{products} products of {self.steps} matrices, {size} x {size}: "
            f"log10 of the norm {median:.1f} (median; 5 to 95 % of products: {low:.1f} to {high:.1f})"
        )


def gaussian_products(size: int = 4, *, steps: int = 100, products: int = 1000, seed: int = 0) -> GaussianProducts:
    """Multiply random matrices and measure how the products grow.

    Parameters
    ----------
    size
        Rows and columns of each matrix.
    steps
        How many matrices are multiplied.
    products, seed
        Independent products, and their seed.

    Notes
    -----
    Singular values of a long product cannot be read off the product: the small ones drown in its rounding errors. So
    the directions are made orthogonal again after each step, by a QR decomposition, and the logarithms of the diagonal
    of R are added up.
    """
    whole_number("size", size, least=1)
    whole_number("steps", steps, least=1)
    whole_number("products", products, least=1)
    whole_number("seed", seed, least=0)
    rng = np.random.default_rng(seed)
    frame = np.broadcast_to(np.eye(size), (products, size, size))
    product, exponents = frame, np.zeros((products, size))
    log_norms = np.zeros(products)
    for _ in range(steps):
        matrix = rng.standard_normal((products, size, size))
        product = matrix @ product
        norms = np.linalg.norm(product, axis=(1, 2))
        product = product / norms[:, np.newaxis, np.newaxis]
        log_norms += np.log(norms)
        frame, upper = np.linalg.qr(matrix @ frame)
        exponents += np.log(np.abs(np.diagonal(upper, axis1=1, axis2=2)))
    return GaussianProducts(steps, log_norms, exponents / steps)


def gaussian_exponents(size: int) -> np.ndarray:
    """The Lyapunov exponents of products of ``size`` x ``size`` matrices of standard normal numbers, (size,).

    The i-th, counted from 0, is (ln 2 + psi((size - i) / 2)) / 2 with the digamma function psi: half the mean logarithm
    of a chi-square number with size - i degrees of freedom. A product of any length has these means exactly; of a long
    one also the logarithms of the singular values, divided by the steps, come to them. Source: Newman (1986).
    """
    from scipy.special import digamma

    whole_number("size", size, least=1)
    return (math.log(2) + digamma(np.arange(size, 0, -1) / 2)) / 2


def relu_growth(width: int) -> tuple[float, float]:
    """Mean and variance of ln(|D W v|^2 / |v|^2) for one layer of ReLUs with normal weights of variance 2 / ``width``.

    v is any vector that does not depend on W, or the layer's input itself; the unlucky case in which no unit is active
    is left out. Each of the squared entries is 0 or, with probability 1/2, 2 / width times the square of a standard
    normal number, so |D W v|^2 is a chi-square number whose degrees of freedom are binomial. The layers of a network
    are independent in this: over the whole depth both numbers add up. For large widths they are -5 / (2 width) and
    5 / width; the mean of |D W v|^2 / |v|^2 itself is 1. Source: Hanin and Nica (2020).
    """
    from scipy.special import digamma, polygamma
    from scipy.stats import binom

    whole_number("width", width, least=1)
    active = np.arange(1, width + 1)
    chance = binom.pmf(active, width, 0.5)
    chance /= chance.sum()
    # A chi-square number with k degrees of freedom: mean ln 2 + psi(k / 2), variance psi'(k / 2) of the logarithm.
    means = math.log(4 / width) + digamma(active / 2)
    mean = float(chance @ means)
    return mean, float(chance @ (polygamma(1, active / 2) + (means - mean) ** 2))
