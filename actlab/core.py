"""What an activation is: a frozen record of value, derivatives and facts, kept in one registry.

Two kinds exist. An ``Elementwise`` activation maps every number on its own and declares its first and second
derivative; a ``Vectorwise`` activation maps a whole axis at once and declares its vector-Jacobian product. Both are
made by a decorator around a plain numpy function of float64 arrays; everything a caller may pass beside that (lists,
scalars, other dtypes, bad input) is dealt with here, once.
"""

from __future__ import annotations

import difflib
import inspect
import math
from abc import ABC
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Literal, final

import numpy as np

from actlab.checks import as_float64, unmasked, whole_number

Side = Literal["left", "right"]
Family = Literal[
    "linear", "threshold", "sigmoidal", "rectifier", "gate", "hard", "shrinkage", "bump", "output", "merging",
]  # fmt: skip

Kernel = Callable[..., np.ndarray]

# Longer arrays than this, 1 MiB of float64, are given to a kernel in blocks, several of which fit a second-level cache
# beside each other; shorter ones stay in the cache as they are, and blocks would only add calls.
_WHOLE = 131_072
_BLOCK = 32_768

_REGISTRY: dict[str, Activation] = {}
_ALIASES: dict[str, str] = {}

#: Every registered activation by its name, in the order of declaration.
ACTIVATIONS: Mapping[str, Activation] = MappingProxyType(_REGISTRY)


@dataclass(frozen=True)
class Param:
    """A parameter of an activation.

    ``default`` is the value used when none is given. ``low`` and ``high`` are the ends of the range that sliders offer
    and at which the tests run. ``minimum`` and ``maximum`` are the ends of what is accepted at all; ``positive`` leaves
    0 out, ``whole`` all fractions. ``symbol`` is the parameter's name in mathematics, and ``learnable`` says that
    networks train it.
    """

    default: float
    low: float
    high: float
    symbol: str = "alpha"
    minimum: float = -math.inf
    maximum: float = math.inf
    positive: bool = False
    learnable: bool = False
    whole: bool = False

    def __post_init__(self) -> None:
        if not self.minimum <= self.low <= self.default <= self.high <= self.maximum:
            raise ValueError(f"a Param needs minimum <= low <= default <= high <= maximum; got {self}")
        if self.positive and not self.low > 0:
            raise ValueError(f"a positive Param needs low above 0; got {self}")
        if self.whole and not all(float(end).is_integer() for end in (self.low, self.default, self.high)):
            raise ValueError(f"a whole Param needs whole low, default and high; got {self}")

    @property
    def accepted(self) -> str:
        """The accepted values in words."""
        number = "whole number" if self.whole else "number"
        if self.positive:
            return f"a positive {number}" + ("" if self.maximum == math.inf else f", {self.maximum:g} or less")
        if self.minimum > -math.inf and self.maximum < math.inf:
            return f"a {number} from {self.minimum:g} to {self.maximum:g}"
        if self.minimum == -math.inf and self.maximum == math.inf:
            return f"any {number}" if self.whole else "any finite number"
        end = f"{self.minimum:g} or more" if self.maximum == math.inf else f"{self.maximum:g} or less"
        return f"a {number if self.whole else 'finite number'}, {end}"

    def check(self, label: str, value: Any) -> Any:
        """Return ``value`` as a float, an int (where ``whole``) or an array; an error says what ``label`` accepts."""
        array = unmasked(label, value)
        if array.dtype.kind not in "iuf":
            raise TypeError(f"{label} must be {self.accepted}; got {value!r}")
        numbers = as_float64(array)
        inside = np.isfinite(numbers) & (self.minimum <= numbers) & (numbers <= self.maximum)
        if self.positive:
            inside &= numbers > 0
        if self.whole:
            inside &= array == np.round(array)
        if not inside.all():
            raise ValueError(f"{label} must be {self.accepted}; got {value!r}")
        if array.ndim == 0:
            return int(array) if self.whole else float(numbers)
        return numbers


@dataclass(frozen=True)
class Difference:
    """What a framework does otherwise than the record, and where that shows.

    ``text`` is one sentence without capital and full stop. ``values`` maps a call, written like the names that a record
    gives, to points and the float64 numbers it answers there; None stands for a number that is drawn anew at each call.
    ``slopes`` maps points to the framework's derivative there, at the record's parameter values.
    """

    text: str
    values: Mapping[str, Mapping[float, float | None]] = field(default_factory=lambda: MappingProxyType({}))
    slopes: Mapping[float, float] = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        if not self.values and not self.slopes:
            raise ValueError(f"a Difference needs values or slopes by which it can be seen; got {self}")


@dataclass(frozen=True, eq=False, repr=False)
class Activation(ABC):
    """An activation function: a callable record. See ``Elementwise`` and ``Vectorwise``."""

    name: str
    function: Callable[..., np.ndarray]
    formula: str
    family: Family
    parameters: Mapping[str, Param] = field(default_factory=lambda: MappingProxyType({}))
    values: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    cite: tuple[str, ...] = ()
    keras: str | None = None
    torch: str | None = None
    jax: str | None = None
    differs: Mapping[str, Difference] = field(default_factory=lambda: MappingProxyType({}))
    aliases: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        # What help() and editors show. The record is frozen; these two are not facts but views of its facts.
        object.__setattr__(self, "__doc__", _docstring(self))
        object.__setattr__(self, "__signature__", _signature(self))

    def __repr__(self) -> str:
        bound = ", ".join(f"{name}={value!r}" for name, value in self.values.items())
        return f"{self.name}({bound})" if bound else self.name

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Activation) and (self.name, self.values) == (other.name, other.values)

    def __hash__(self) -> int:
        return hash((self.name, *self.values.items()))

    def __reduce__(self):
        # By name: kernels are lambdas, which pickle refuses, and the registry is the same in every process.
        return _restore, (self.name, dict(self.values))

    @property
    def __name__(self) -> str:
        return self.name

    def with_params(self, **values: float) -> Activation:
        """The same activation with other parameter values, again an activation.

        >>> import actlab
        >>> actlab.elu.with_params(alpha=2.0)
        elu(alpha=2.0)
        """
        bound = self._bind(values)
        for name, value in bound.items():
            if isinstance(value, np.ndarray):
                raise TypeError(
                    f"{self.name}: with_params takes one number for {name}; got an array: pass it at the call"
                )
        return replace(self, values=MappingProxyType(bound))

    @property
    def latex(self) -> str:
        """The formula as LaTeX, without delimiters."""
        from actlab import formulas

        return formulas.latex(self)

    @property
    def references(self) -> tuple:
        """The papers the activation comes from, as ``actlab.references.Reference`` records."""
        from actlab import references

        return tuple(references.get(key) for key in self.cite)

    def _bind(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Parameter values at this call: those bound to the record, replaced by those given."""
        bound = dict(self.values)
        for name, value in given.items():
            if name not in self.parameters:
                known = ", ".join(self.parameters) or "none"
                raise TypeError(f"{self.name} has no parameter {name!r}; its parameters: {known}")
            bound[name] = self.parameters[name].check(f"{self.name}: {name}", value)
        return bound


@final
@dataclass(frozen=True, eq=False, repr=False)
class Elementwise(Activation):
    """An activation that maps each number on its own.

    ``kinks`` holds the points where f or f' jumps, for some parameter value at least, with the side that is taken.
    ``textbook`` holds numpy lines for f, f' and f'', in this order and as far as people type something that is faster
    than the formula as it stands: the baseline of the benchmark. ``native`` is the bare formula for the training of
    many networks, which may overwrite its argument; ``parameter_df`` holds the derivative with respect to each
    learnable parameter.

    Call it with anything numpy reads as an array of real numbers, of any shape; the result has the same shape.
    float16, float32 and float64 are kept, integers and booleans become float64. float16 and float32 are computed in
    float64 and rounded once. nan gives nan in the value and in both derivatives.
    """

    df: Callable[..., np.ndarray] = None
    d2f: Callable[..., np.ndarray] = None
    kinks_at: Callable[..., Mapping[float, Side]] = lambda **_: {}
    textbook: tuple[str, ...] = ()
    native: Callable[..., tuple[np.ndarray, np.ndarray]] | None = None
    parameter_df: Mapping[str, Kernel] = field(default_factory=lambda: MappingProxyType({}))

    def __call__(self, x: Any, /, *, out: np.ndarray | None = None, **parameters: Any) -> Any:
        """f(x), of the shape of ``x``; written into ``out``, which may be ``x`` itself, where that is given."""
        return self._evaluate(self.function, x, parameters, out)

    def derivative(self, x: Any, /, *, out: np.ndarray | None = None, **parameters: Any) -> Any:
        """f'(x), of the shape of ``x``; at a kink the value of the side that ``kinks`` declares."""
        return self._evaluate(self.df, x, parameters, out)

    def second_derivative(self, x: Any, /, *, out: np.ndarray | None = None, **parameters: Any) -> Any:
        """f''(x), of the shape of ``x``; at a kink the value of the side that ``kinks`` declares."""
        return self._evaluate(self.d2f, x, parameters, out)

    def parameter_derivative(self, name: str, x: Any, /, **parameters: Any) -> Any:
        """df/dp at ``x`` for the learnable parameter p called ``name``, of the shape of the result."""
        if name not in self.parameter_df:
            learnable = ", ".join(self.parameter_df) or "none"
            raise ValueError(f"{self.name} has no learnable parameter {name!r}; learnable are: {learnable}")
        return self._evaluate(self.parameter_df[name], x, parameters, None)

    def value_and_derivative(
        self, x: np.ndarray, *, overwrite: bool = False, **parameters: Any
    ) -> tuple[np.ndarray, np.ndarray]:
        """f(x) and f'(x) of a float32 or float64 array, in arithmetic of that dtype where ``native`` offers it.

        Networks are trained by this: both results share their work, and no digit is spent on the far tails. Where the
        record has no ``native`` form, or a parameter is an array, they are those of the calls. With ``overwrite`` the
        memory of ``x`` may be used for them.
        """
        if x.__class__ is not np.ndarray or x.dtype.char not in "fd":  # in the inner loop of every training
            _check_trained(x, self.name)
        bound = self._bind(parameters) if parameters else self.values
        if self.native is None or any(isinstance(value, np.ndarray) for value in bound.values()):
            return self._evaluate(self.function, x, parameters, None), self._evaluate(self.df, x, parameters, None)
        with np.errstate(all="ignore"):
            return self.native(x if overwrite else x.copy(), **bound)

    @property
    def kinks(self) -> Mapping[float, Side]:
        """The points where f, f' or f'' jumps, each with the side whose value is taken there."""
        return MappingProxyType(dict(self.kinks_at(**self.values)))

    @property
    def properties(self):
        """Measured facts (bounds, symmetry, Gaussian moments), as ``actlab.properties.Properties``."""
        from actlab import properties

        return properties.measure(self)

    def _evaluate(self, kernel: Kernel, x: Any, given: Mapping[str, Any], out: np.ndarray | None) -> Any:
        x, dtype = _as_real(x, self.name)
        bound = self._bind(given)
        varied = any(isinstance(value, np.ndarray) for value in bound.values())
        shape = np.broadcast_shapes(x.shape, *(np.shape(value) for value in bound.values())) if varied else x.shape
        if out is not None:
            _check_out(out, shape, dtype, self.name)
        # The kernels are written so that overflow, underflow and 0 * inf in a branch not taken leave the result right;
        # numpy's flags would only report those intermediate steps.
        with np.errstate(all="ignore"):
            if varied or x.size <= _WHOLE:
                result = _of_block(kernel, x, bound).astype(dtype, copy=False)
            else:
                result = _by_blocks(kernel, x, bound, dtype, out)
        if out is None:
            return result[()]
        if result is not out:
            out[...] = result
        return out


@final
@dataclass(frozen=True, eq=False, repr=False)
class Vectorwise(Activation):
    """An activation that maps a whole axis at once, so that an output may depend on every input along that axis.

    Call it with an array of one dimension or more; the axis is the last one unless said otherwise. Each line along the
    axis is a vector of its own. The outputs lie along the same axis, one for every ``inputs_per_output`` inputs; all
    other axes stay as they are. dtypes are treated as in ``Elementwise``; parameters are single numbers.

    nan gives nan in every output that depends on it, and in the slopes of these outputs along their own inputs.
    Where an infinite number must be subtracted, which the functions of the family ``"output"`` do with the largest
    entry (``softmin`` with the smallest), the whole vector gives nan.
    """

    vjp_kernel: Callable[..., np.ndarray] = None
    inputs_per_output: Callable[..., int] = lambda **_: 1

    def __call__(self, z: Any, /, axis: int = -1, **parameters: Any) -> np.ndarray:
        """The outputs along ``axis``, which has ``outputs(n)`` entries instead of its n; other axes are kept."""
        z, dtype, axis, bound = self._as_rows(z, axis, parameters)
        return np.moveaxis(_of_rows(self.function, (z,), self._count(z.shape[-1], bound), bound, dtype), -1, axis)

    def vjp(self, z: Any, g: Any, /, axis: int = -1, **parameters: Any) -> np.ndarray:
        """The vector-Jacobian product: with g = dL/dy, of the shape of the outputs, dL/dz, of the shape of ``z``."""
        z, dtype, axis, bound = self._as_rows(z, axis, parameters)
        g, _ = _as_real(g, f"{self.name}.vjp: g")
        needed = list(z.shape[:-1])
        needed.insert(axis % z.ndim, self._count(z.shape[-1], bound))
        if g.shape != tuple(needed):
            raise ValueError(f"{self.name}.vjp: g must have the shape of the outputs, {tuple(needed)}; got {g.shape}")
        g = np.moveaxis(g, axis, -1)
        return np.moveaxis(_of_rows(self.vjp_kernel, (z, g), z.shape[-1], bound, dtype), -1, axis)

    def jacobian(self, z: Any, /, axis: int = -1, **parameters: Any) -> np.ndarray:
        """The Jacobian, of shape (..., outputs, n): entry [..., i, j] is dy_i/dz_j; ``axis`` is moved last."""
        z, dtype, _, bound = self._as_rows(z, axis, parameters)
        *rows, n = z.shape
        count = self._count(n, bound)
        basis = np.broadcast_to(np.eye(count), (*rows, count, count))
        z = np.broadcast_to(z[..., np.newaxis, :], (*rows, count, n))
        return _of_rows(self.vjp_kernel, (z, basis), n, bound, dtype)

    def outputs(self, n: int, **parameters: Any) -> int:
        """The number of outputs that a vector of ``n`` inputs has; ValueError where ``n`` does not fit."""
        whole_number(f"{self.name}: n", n, least=0)
        return self._count(n, self._numbers(parameters))

    def _count(self, n: int, bound: Mapping[str, Any]) -> int:
        each = self.inputs_per_output(**bound)
        if n % each:
            raise ValueError(f"{self.name}: the axis must have a length that {each} divides; got {n}")
        return n // each

    def _numbers(self, given: Mapping[str, Any]) -> dict[str, Any]:
        bound = self._bind(given)
        for name, value in bound.items():
            if isinstance(value, np.ndarray):
                raise TypeError(f"{self.name} takes one number for {name}; got an array")
        return bound

    def _as_rows(self, z: Any, axis: int, given: Mapping[str, Any]) -> tuple[np.ndarray, np.dtype, int, dict[str, Any]]:
        """``z`` with the axis last, the dtype of the result, the axis, and the parameters; bad input is refused."""
        z, dtype = _as_real(z, self.name)
        bound = self._numbers(given)
        if z.ndim == 0:
            raise ValueError(f"{self.name} maps a vector; got the single number {z[()]!r}")
        if not isinstance(axis, int | np.integer) or not -z.ndim <= axis < z.ndim:
            raise ValueError(f"{self.name}: axis must be a whole number from {-z.ndim} to {z.ndim - 1}; got {axis!r}")
        self._count(z.shape[axis], bound)  # refuses a length that does not fit
        return np.moveaxis(z, axis, -1), dtype, axis, bound


def elementwise(
    *,
    formula: str,
    family: Family,
    df: Callable[..., np.ndarray],
    d2f: Callable[..., np.ndarray],
    params: Mapping[str, Param] | None = None,
    kinks: Mapping[float, Side] | Callable[..., Mapping[float, Side]] | None = None,
    native: Callable[..., tuple[np.ndarray, np.ndarray]] | None = None,
    parameter_df: Mapping[str, Kernel] | None = None,
    cite: str | tuple[str, ...] = (),
    **facts: Any,
) -> Callable[[Callable[..., np.ndarray]], Elementwise]:
    """Register the decorated function ``f(x, **params)`` of a float64 array as an ``Elementwise`` activation.

    ``formula`` is text that sympy reads, in ``x`` and the parameters; ``df`` and ``d2f`` take the same arguments as the
    function. ``kinks`` maps each point where f, f' or f'' jumps to the side whose value is taken there; where the
    points depend on parameters, it is a function of these that returns the mapping. A kernel that is one numpy call may
    take ``out`` too and hand it to that call, which saves a copy of long arrays. ``native`` takes the arguments of the
    function and returns f and f' in the dtype of ``x``, as two arrays, of which one may be ``x``. ``parameter_df`` maps
    every learnable parameter to the kernel of df/dp. ``facts`` are the remaining fields of the record: keras, torch,
    jax (see ``actlab.calls``), differs, aliases, textbook.
    """
    learnable = {name for name, param in (params or {}).items() if param.learnable}
    if learnable != set(parameter_df or {}):
        raise TypeError(f"parameter_df must hold the learnable parameters {sorted(learnable)}; got {parameter_df}")
    kernels = (df, d2f, *(parameter_df or {}).values(), *([native] if native else []))

    def register(function: Callable[..., np.ndarray]) -> Elementwise:
        return _register(
            Elementwise, function, kernels, formula, family, params, cite, df=df, d2f=d2f, native=native,
            parameter_df=MappingProxyType(dict(parameter_df or {})),
            kinks_at=kinks if callable(kinks) else lambda **_: kinks or {}, **facts,
        )  # fmt: skip

    return register


def vectorwise(
    *,
    formula: str,
    family: Family,
    vjp: Callable[..., np.ndarray],
    inputs_per_output: int | Callable[..., int] = 1,
    params: Mapping[str, Param] | None = None,
    cite: str | tuple[str, ...] = (),
    **facts: Any,
) -> Callable[[Callable[..., np.ndarray]], Vectorwise]:
    """Register the decorated function of a float64 array, mapped along its last axis, as a ``Vectorwise`` activation.

    ``formula`` is the i-th of m outputs in terms of ``i``, ``m``, the inputs ``z[1]`` to ``z[n]``, ``n`` and the
    parameters. ``vjp(z, g, **params)`` returns dL/dz for g = dL/dy. ``inputs_per_output`` is n/m, a number or a
    function of the parameters; n must be a multiple of it.
    """

    def register(function: Callable[..., np.ndarray]) -> Vectorwise:
        return _register(
            Vectorwise, function, (), formula, family, params, cite,
            vjp_kernel=vjp,
            inputs_per_output=inputs_per_output if callable(inputs_per_output) else lambda **_: inputs_per_output,
            **facts,
        )  # fmt: skip

    return register


def get(name: str | Activation) -> Activation:
    """The activation of that name or alias; an activation is returned as it is.

    Raises
    ------
    ValueError
        If no activation has the name; the message holds the nearest names.
    """
    if isinstance(name, Activation):
        return name
    if not isinstance(name, str):
        raise TypeError(f"an activation is asked for by its name, a string; got {name!r}")
    if name in _REGISTRY or name in _ALIASES:
        return _REGISTRY[_ALIASES.get(name, name)]
    raise ValueError(f"unknown activation {name!r}; {nearest(name)}")


def get_elementwise(name: str | Activation) -> Elementwise:
    """Like ``get``, for those who need a derivative: another than an elementwise activation raises TypeError."""
    activation = get(name)
    if not isinstance(activation, Elementwise):
        raise TypeError(f"an elementwise activation is needed, such as tanh; got {activation!r}")
    return activation


def names(*, aliases: bool = False) -> tuple[str, ...]:
    """The names of all registered activations, in the order of declaration; with ``aliases`` those too, at the end."""
    return (*_REGISTRY, *_ALIASES) if aliases else tuple(_REGISTRY)


def nearest(name: str) -> str:
    """A sentence that names the registered names nearest to ``name``, or all of them where none is near."""
    close = difflib.get_close_matches(name.lower(), names(aliases=True), n=3, cutoff=0.5)
    return f"did you mean {' or '.join(close)}?" if close else f"registered names: {', '.join(names(aliases=True))}"


def _as_real(x: Any, name: str) -> tuple[np.ndarray, np.dtype]:
    """``x`` as a float64 array, and the dtype that the result shall have."""
    array = unmasked(name, x)
    if array.dtype.kind in "biu":
        dtype = np.dtype(np.float64)
    elif array.dtype.kind == "f" and array.dtype.itemsize <= 8:
        dtype = array.dtype if array.dtype.isnative else array.dtype.newbyteorder("=")
    else:
        raise TypeError(
            f"{name}: the input has dtype {array.dtype}; accepted are float16, float32, float64, integers and booleans"
        )
    return array, dtype


def _check_trained(x: Any, name: str) -> None:
    array = unmasked(name, x)
    if not isinstance(x, np.ndarray) or array.dtype not in (np.float32, np.float64):
        got = f"one of {array.dtype}" if isinstance(x, np.ndarray) else type(x).__name__
        raise TypeError(f"{name}.value_and_derivative takes an array of float32 or float64; got {got}")


def _as_kernel_input(x: np.ndarray) -> np.ndarray:
    # In one order: numpy computes exp of a reversed array with other instructions, which round otherwise.
    return np.asarray(x, dtype=np.float64, order="C")


def _of_block(kernel: Kernel, x: np.ndarray, bound: Mapping[str, Any]) -> np.ndarray:
    """The kernel's values, in float64, with nan where ``x`` is nan."""
    x = _as_kernel_input(x)
    result = np.asarray(kernel(x, **bound))
    if any(isinstance(value, np.ndarray) for value in bound.values()) or not _keeps_nan(kernel, *bound.items()):
        # One place answers for nan: a comparison in a kernel silently turns it into 0 or 1.
        if x.size and np.isnan(x.min()):
            result = np.where(np.isnan(x), np.nan, result)
    return result


@lru_cache(maxsize=4096)
def _keeps_nan(kernel: Kernel, *bound: tuple[str, float]) -> bool:
    """Say whether a kernel answers nan to nan by itself, which spares a look at every input."""
    return bool(np.isnan(kernel(np.array([np.nan]), **dict(bound))).all())


@lru_cache(maxsize=4096)
def _takes_out(kernel: Kernel) -> bool:
    return "out" in inspect.signature(kernel).parameters


def _by_blocks(kernel: Kernel, x: np.ndarray, bound: Mapping[str, float], dtype: np.dtype, out: np.ndarray | None):
    """The kernel's values block by block, so that what it computes on the way stays in the processor's cache."""
    into = out if out is not None and out.flags.c_contiguous else np.empty(x.shape, dtype)
    same = (x.ctypes.data, x.strides, x.dtype) == (into.ctypes.data, into.strides, into.dtype)
    if np.may_share_memory(x, into) and not same:
        x = x.copy()  # shifted against each other: a block would overwrite what a later one reads
    flat, flat_into = x.reshape(-1), into.reshape(-1)
    if x.dtype == into.dtype == np.float64 and _takes_out(kernel) and _keeps_nan(kernel, *bound.items()):
        # A single numpy call has nothing to keep in a cache, and a copy of its result would cost as much as the call.
        kernel(_as_kernel_input(flat), **bound, out=flat_into)
        return into
    for start in range(0, x.size, _BLOCK):
        part = slice(start, start + _BLOCK)
        flat_into[part] = _of_block(kernel, flat[part], bound)
    return into


def _of_rows(
    kernel: Kernel, arrays: tuple[np.ndarray, ...], width: int, bound: Mapping[str, Any], dtype: np.dtype
) -> np.ndarray:
    """What a kernel of rows makes of ``arrays``, in rows of that ``width``, a cacheful of rows at a time."""
    *rows, n = arrays[0].shape
    height = math.prod(rows)
    step = max(1, _BLOCK // max(1, n))
    flat = [array.reshape(height, array.shape[-1]) for array in arrays]
    into = np.empty((height, width), dtype)
    with np.errstate(all="ignore"):
        for start in range(0, height, step):
            part = slice(start, start + step)
            into[part] = kernel(*(_as_kernel_input(array[part]) for array in flat), **bound)
    return into.reshape(*rows, width)


def _check_out(out: Any, shape: tuple[int, ...], dtype: np.dtype, name: str) -> None:
    if not isinstance(out, np.ndarray) or isinstance(out, np.ma.MaskedArray):
        raise TypeError(f"{name}: out must be a numpy array; got {type(out).__name__}")
    if out.shape != shape or out.dtype != dtype:
        raise ValueError(
            f"{name}: out must have the shape and dtype of the result, {shape} and {dtype}; "
            f"got {out.shape} and {out.dtype}"
        )
    if not out.flags.writeable:
        raise ValueError(f"{name}: out must be writeable; got a read-only array")


def _register(kind, function, kernels, formula, family, params, cite, **facts):
    name = function.__name__
    params = MappingProxyType(dict(params or {}))
    for kernel in (function, *kernels):
        _, *accepted = inspect.signature(kernel).parameters
        if [parameter for parameter in accepted if parameter != "out"] != list(params):
            raise TypeError(f"{name}: a kernel takes the parameters {accepted}, but {list(params)} are declared")
    record = kind(
        name=name,
        function=function,
        formula=formula,
        family=family,
        parameters=params,
        values=MappingProxyType({key: param.default for key, param in params.items()}),
        cite=(cite,) if isinstance(cite, str) else tuple(cite),
        **facts,
    )
    for key in (name, *record.aliases):
        if key in _REGISTRY or key in _ALIASES:
            raise ValueError(f"an activation named {key!r} is already registered")
    _REGISTRY[name] = record
    _ALIASES.update(dict.fromkeys(record.aliases, name))
    return record


def _docstring(record: Activation) -> str:
    vector = isinstance(record, Vectorwise)
    lines = [
        inspect.cleandoc(record.function.__doc__ or ""),
        "",
        f"Formula: {record.formula}",
        *(
            f"Parameter {name}: {param.accepted}, default {param.default:g}."
            for name, param in record.parameters.items()
        ),
        *(_vector_shapes(record) if vector else _element_shapes()),
        "float16, float32 and float64 are kept; integers and booleans become float64.",
        "Raises TypeError for other input and for an unknown parameter, ValueError for a parameter value out of range.",
        f"Methods: {', '.join(('vjp', 'jacobian') if vector else ('derivative', 'second_derivative'))}, with_params.",
    ]
    if record.cite:
        lines.append(f"Source: {', '.join(record.cite)} (see .references).")
    return "\n".join(lines)


def _element_shapes() -> list[str]:
    return [
        "Input: real numbers of any shape; the result has the same shape.",
        "out: an array of that shape and dtype for the result; it may be the input itself.",
    ]


def _vector_shapes(record: Vectorwise) -> list[str]:
    each = record.inputs_per_output(**record.values)
    result = "the result has the same shape" if each == 1 else f"there is one output for every {each} inputs along it"
    return [f"Input: real numbers of one dimension or more, mapped along an axis; {result}."]


def _signature(record: Activation) -> inspect.Signature:
    vector = isinstance(record, Vectorwise)
    parameters = [inspect.Parameter("z" if vector else "x", inspect.Parameter.POSITIONAL_ONLY)]
    if vector:
        parameters.append(inspect.Parameter("axis", inspect.Parameter.POSITIONAL_OR_KEYWORD, default=-1))
    else:
        parameters.append(inspect.Parameter("out", inspect.Parameter.KEYWORD_ONLY, default=None))
    for name, value in record.values.items():
        parameters.append(inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=value))
    return inspect.Signature(parameters)


def _restore(name: str, values: dict[str, float]) -> Activation:
    return get(name).with_params(**values)
