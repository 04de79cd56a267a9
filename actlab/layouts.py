"""How the numbers of many networks lie in memory while they are trained.

Parameters are packed into one array, so that an optimiser works on all of them at once: layer by layer the weights, the
biases, then what the activation learns. ``Lanes`` keeps the networks last, so that one operation of numpy runs over
neighbouring networks; this is the fast way for small layers. ``Stacks`` keeps them first and multiplies matrices, the
fast way for wide ones. Both offer the same few operations and leave everything else to ``actlab.training``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np

# Sums over a batch run in another order for very few networks, and would be rounded otherwise than among many.
_LEAST = 32
# Beyond this width a product of matrices costs less than the passes over memory that lanes need: measured.
_WIDEST = 12


class Layout(ABC):
    """Operations on layers of ``networks`` networks; ``units`` and ``batch`` are the axes of an activation's array."""

    units: int
    batch: int = 1

    def __init__(self, shapes: Sequence[Sequence[tuple[int, ...]]], networks: int) -> None:
        """Take the shapes of each layer's arrays in one network: weights (in, out), biases (out,), learnt (out,)."""
        self.shapes = [list(layer) for layer in shapes]
        self.networks = networks
        self.size = sum(int(np.prod(shape)) for layer in self.shapes for shape in layer)

    @abstractmethod
    def pack(self, rows: np.ndarray) -> np.ndarray:
        """Parameters from rows (networks, size), one for each network."""

    @abstractmethod
    def rows(self, packed: np.ndarray) -> np.ndarray:
        """The reverse of ``pack``."""

    @abstractmethod
    def _view(self, packed: np.ndarray, part: slice, shape: tuple[int, ...]) -> np.ndarray: ...

    def layers(self, packed: np.ndarray) -> list[list[np.ndarray]]:
        """Views of the packed array: for each layer its weights, its biases and what it learns beside them."""
        start, found = 0, []
        for layer in self.shapes:
            found.append([])
            for shape in layer:
                stop = start + int(np.prod(shape))
                found[-1].append(self._view(packed, slice(start, stop), shape))
                start = stop
        return found

    @abstractmethod
    def rate(self, rate: np.ndarray) -> np.ndarray:
        """A learning rate, one or one for each network, in a shape that broadcasts against the packed parameters."""

    @abstractmethod
    def arrange(self, x: np.ndarray, y: np.ndarray, arrangements: np.ndarray) -> object:
        """What ``examples`` takes batches from: the data in the order of each network's arrangement."""

    @abstractmethod
    def epoch(self, data: object, shuffles: Sequence[tuple[slice, np.ndarray]]) -> object:
        """The data in the order of an epoch, given the shuffle of each part of the networks (see ``orders.epochs``)."""

    @abstractmethod
    def examples(self, epoch: object, part: slice) -> tuple[np.ndarray, np.ndarray]:
        """Inputs and targets of one batch."""

    @abstractmethod
    def everything(self, x: np.ndarray) -> np.ndarray:
        """The same examples (points, columns) for every network, as inputs or targets."""

    @abstractmethod
    def affine(self, a: np.ndarray, weights: np.ndarray, biases: np.ndarray) -> np.ndarray:
        """a W + b."""

    @abstractmethod
    def pull(self, d: np.ndarray, weights: np.ndarray, out: np.ndarray) -> np.ndarray:
        """The gradient with respect to ``a`` of ``affine``, from that of its result; written to ``out``."""

    @abstractmethod
    def weight_gradient(self, a: np.ndarray, d: np.ndarray, out: np.ndarray) -> None:
        """The gradient with respect to the weights of ``affine``, summed over the batch."""

    @abstractmethod
    def by_network(self, sums: np.ndarray) -> np.ndarray:
        """An array of one number for each network, (networks,), from sums over units and batch that kept both axes."""

    @abstractmethod
    def by_unit(self, sums: np.ndarray) -> np.ndarray:
        """An array (networks, units), from sums over the batch that kept its axis."""


class Lanes(Layout):
    """Networks last: activations are (units, batch, networks), weights (in, out, networks)."""

    units = 0

    def pack(self, rows):
        """See ``Layout``."""
        return np.ascontiguousarray(rows.T)

    def rows(self, packed):
        """See ``Layout``."""
        return np.ascontiguousarray(packed.T)

    def _view(self, packed, part, shape):
        view = packed[part].reshape(*shape, self.networks)
        return view if len(shape) == 2 else view[:, np.newaxis]

    def rate(self, rate):
        """See ``Layout``."""
        return rate

    def arrange(self, x, y, arrangements):
        """See ``Layout``; the data are (points, columns, networks)."""
        both = np.concatenate([x, y], axis=1)
        return np.ascontiguousarray(both[arrangements].transpose(1, 2, 0)), x.shape[1]

    def epoch(self, data, shuffles):
        """See ``Layout``."""
        source, inputs = data
        alike = {(part.stop - part.start, shuffle.ndim) for part, shuffle in shuffles}
        if alike == {(self.networks // max(1, len(shuffles)), 1)}:
            # One call for all parts: of a point, a column and a part, the numbers stand side by side, a row to copy.
            starts = np.arange(source.shape[1] * len(shuffles)).reshape(-1, len(shuffles))
            rows = np.stack([shuffle for _, shuffle in shuffles], axis=1)[:, np.newaxis] * starts.size + starts
            return source.reshape(rows.size, -1), inputs, rows
        if not shuffles:
            return source, inputs, None
        target = np.empty_like(source)
        for part, shuffle in shuffles:
            if shuffle.ndim == 1:
                target[:, :, part] = source[shuffle, :, part]
            else:
                target[:, :, part] = np.take_along_axis(source[:, :, part], shuffle.T[:, np.newaxis], axis=0)
        return target, inputs, None

    def examples(self, epoch, part):
        """See ``Layout``."""
        data, inputs, rows = epoch
        # Rows are copied for one batch at a time, which is still in the cache when it is used.
        batch = data[part] if rows is None else data.take(rows[part], axis=0, mode="clip")
        batch = batch.reshape(*batch.shape[:2], self.networks).swapaxes(0, 1)
        return batch[:inputs], batch[inputs:]

    def everything(self, x):
        """See ``Layout``."""
        return np.ascontiguousarray(np.broadcast_to(x.T[:, :, np.newaxis], (*x.T.shape, self.networks)))

    def affine(self, a, weights, biases):
        """See ``Layout``."""
        z = weights[0][:, np.newaxis] * a if len(a) == 1 else np.einsum("kon,kbn->obn", weights, a)
        z += biases
        return z

    def pull(self, d, weights, out):
        """See ``Layout``."""
        if len(d) == 1:
            return np.multiply(weights[:, 0][:, np.newaxis], d, out=out)
        return np.einsum("kon,obn->kbn", weights, d, out=out)

    def weight_gradient(self, a, d, out):
        """See ``Layout``."""
        np.einsum("kbn,obn->kon", a, d, out=out)

    def by_network(self, sums):
        """See ``Layout``."""
        return sums[0, 0]

    def by_unit(self, sums):
        """See ``Layout``."""
        return np.ascontiguousarray(sums[:, 0].T)


class Stacks(Layout):
    """Networks first: activations are (networks, batch, units), weights (networks, in, out)."""

    units = 2

    def pack(self, rows):
        """See ``Layout``."""
        return rows.copy()

    def rows(self, packed):
        """See ``Layout``."""
        return packed.copy()

    def _view(self, packed, part, shape):
        view = packed[:, part].reshape(self.networks, *shape)
        return view if len(shape) == 2 else view[:, np.newaxis]

    def rate(self, rate):
        """See ``Layout``."""
        return rate[:, np.newaxis] if rate.ndim else rate

    def arrange(self, x, y, arrangements):
        """See ``Layout``; the data stay where they are, and the arrangements say which ones a network takes."""
        return x, y, arrangements

    def epoch(self, data, shuffles):
        """See ``Layout``."""
        x, y, arrangements = data
        order = arrangements.copy() if shuffles else arrangements
        for part, shuffle in shuffles:
            order[part] = np.take_along_axis(arrangements[part], np.atleast_2d(shuffle), axis=1)
        return x, y, order

    def examples(self, epoch, part):
        """See ``Layout``."""
        x, y, order = epoch
        chosen = order[:, part]
        return x[chosen], y[chosen]

    def everything(self, x):
        """See ``Layout``."""
        return np.broadcast_to(x, (self.networks, *x.shape))

    def affine(self, a, weights, biases):
        """See ``Layout``."""
        z = a @ weights
        z += biases
        return z

    def pull(self, d, weights, out):
        """See ``Layout``."""
        return np.matmul(d, weights.swapaxes(1, 2), out=out)

    def weight_gradient(self, a, d, out):
        """See ``Layout``."""
        np.matmul(a.swapaxes(1, 2), d, out=out)

    def by_network(self, sums):
        """See ``Layout``."""
        return sums[:, 0, 0]

    def by_unit(self, sums):
        """See ``Layout``."""
        return sums[:, 0].copy()


def choose(shapes: Sequence[Sequence[tuple[int, ...]]]) -> type[Layout]:
    """The faster layout for layers of these shapes."""
    return Lanes if max(max(layer[0]) for layer in shapes) <= _WIDEST else Stacks


def least(layout: type[Layout]) -> int:
    """The fewest networks that are computed together, so that a network's numbers do not depend on its company."""
    return _LEAST if layout is Lanes else 1
