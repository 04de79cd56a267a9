"""What the kernels of several activations share; all of it takes and returns float64 arrays."""

from __future__ import annotations

import numpy as np

# Beyond this the factor exp(-z) takes every float64 to zero, whatever it is multiplied by.
FLUSHED = 1500.0

LARGEST = np.finfo(np.float64).max

# What a kernel computes on the way it allocates and frees. glibc returns freed memory to the system, to fetch it again
# page by page at twice the cost of the computation, until it has once seen an array larger than that freed: this one.
np.empty(2**19)


def constant(x, value, out=None):
    """``value`` everywhere, in one call that keeps nan."""
    return x.clip(value, value, out=out)


def logistic(z):
    """1 / (1 + e^-z), which is e^z far to the left, where e^-z overflows."""
    return patched(1 / (1 + np.exp(-z)), below(z, -700), lambda: np.exp(z))


def patched(result, condition, correct):
    """``result``, and ``correct()`` where the condition holds; that is computed only if it holds anywhere."""
    nowhere = condition is np.False_ or not condition.any()
    return result if nowhere else np.where(condition, correct(), result)


def beyond(z, limit):
    """Where |z| > limit; where that is nowhere, two looks at z say so sooner than a mask does."""
    return np.False_ if z.size and -limit <= z.min() and z.max() <= limit else np.abs(z) > limit


def below(z, limit):
    """Where z < limit, as in ``beyond``."""
    return np.False_ if z.size and z.min() >= limit else z < limit


def select(condition, yes, no):
    """np.where(condition, yes, no) by masks of bits, which at random signs is five times faster than its jumps."""
    mask = (-condition.view(np.int8)).astype(np.int64)  # all bits where the condition holds, none elsewhere
    yes, no = (np.asarray(choice, np.float64).view(np.int64) for choice in (yes, no))
    return (no ^ (mask & (yes ^ no))).view(np.float64)


def decay(z, q):
    """q * e^-|z|. The factor is multiplied in two halves, so that the product underflows only where it is due."""
    h = np.exp(-0.5 * np.abs(z))
    return (h * np.clip(q, -LARGEST, LARGEST)) * h  # finite, so that 0 * q is 0


def leading(x):
    """x cut to its first 26 bits: the product of two such numbers is exact."""
    return (np.asarray(x, np.float64).view(np.int64) & -(2**27)).view(np.float64)


_LAST = 2048.0


def _credible(rest, nearest):
    # Rounding takes less than this; more, or nan, comes of an overflow or underflow on the way. And from _LAST on there
    # is no exponential left to be corrected.
    return np.where(np.abs(rest) < 2.0**-52 * np.minimum(np.abs(nearest), _LAST), rest, 0.0)


def product(a, x, more=0.0):
    """(a + more) * x, as an exponent, in two parts: the float64 nearest to a * x, and what that leaves of it.

    ``more`` is what the float64 a leaves of a constant with more digits.
    """
    if np.ndim(a) == 0 and a == 1:
        return x, 0.0  # the usual case, for nothing
    nearest, a1, x1 = times(a, x), leading(a), leading(x)
    rest = a1 * x1
    rest -= nearest
    x2 = x - x1
    rest += a1 * x2
    rest += (a - a1) * x1
    rest += (a - a1) * x2
    if more:
        rest += more * x
    doubtful = beyond(nearest, _LAST) if np.all(a) else np.True_
    return nearest, patched(rest, doubtful, lambda: _credible(rest, nearest))


def quotient(x, a):
    """x / a, as an exponent, in two parts like those of ``product``."""
    if np.ndim(a) == 0 and a == 1:
        return x, 0.0
    nearest = x / a
    back, rest = product(a, nearest)
    return nearest, _credible(((x - back) - rest) / a, nearest)


def square(x):
    """x * x in two parts, as in ``product``, for finite squares."""
    nearest, x1 = x * x, leading(x)
    rest = x1 * x1
    rest -= nearest
    rest += (x - x1) * (x + x1)
    return nearest, rest


def opening(z):
    """e^-z and 1 / (1 + e^-z) in the dtype of z, which is cut off where the exponential of a float32 would overflow."""
    e = z.clip(-87.0, 87.0)
    np.negative(e, out=e)
    np.exp(e, out=e)
    y = e + 1
    np.divide(1, y, out=y)
    return e, y


# Where |z| is greater, e^-|z| is lost beside 1, whatever it is multiplied by, and e^|z| may overflow.
FAR = 700.0


def gate(x, z, rest=0.0):
    """x * sigmoid(z + rest), where rest is what z was rounded by."""

    def far():  # where z is huge, so may the rest be; what it is multiplied by is zero then
        return np.where(z < 0, decay(z, x) * (1 + np.clip(rest, -0.5, 0.5)), x)

    e = np.exp(-z)
    if np.any(rest):
        e -= e * rest
    e += 1
    return patched(x / e, beyond(z, FAR), far)


def gate_d(z, p):
    """d/dx of x * sigmoid(z(x)), given z and p = x * z'(x)."""
    e = np.exp(-z)
    share = 1 / (1 + e)
    near = share * (1 + p * (e * share))
    return patched(near, beyond(z, FAR), lambda: np.where(z < 0, decay(z, 1 + p), 1.0))


def bend(z, a, b, c=1.0):
    """sigmoid'(z) * (a - b tanh|z/2|) * c: (x sigmoid(z(x)))'' with ac = 2 z' + x z'' and bc = |x| z'^2."""
    distance = np.abs(z)
    e = np.exp(-distance)
    opened = 1 + e
    near = e * (a - b * (1 - 2 * e / opened)) / np.square(opened) * c
    return patched(near, beyond(z, FAR), lambda: decay(0.5 * z, a - b) * decay(0.5 * z, c))


def times(a, x):
    """a * x with 0 * inf = 0: the limit of a * x for a = 0."""
    return a * x if np.all(a) else np.where(a == 0, 0.0, a * x)


def positive_part(x):
    """max(x, 0), to be added to something: x = 0 keeps its sign, and for x < 0 it is -0, so that the sum keeps its."""
    return x.clip(-0.0, np.inf)  # np.maximum is three times slower against a single number


def negative_part(x):
    """min(x, 0), where x = 0 keeps its sign."""
    return x.clip(-np.inf, 0.0)
