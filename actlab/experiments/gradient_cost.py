"""What a gradient costs: the multiplications of a forward and of a backward pass, counted while they run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from actlab.checks import whole_number
from actlab.network import initialise


@dataclass(frozen=True)
class GradientCost:
    """Multiplications inside the matrix products of one network; what is done unit by unit is not counted.

    ``forward`` is the count of a forward pass over the batch, ``backward`` that of a backward pass, which yields the
    derivatives by all ``parameters``.
    """

    widths: tuple[int, ...]
    batch: int
    parameters: int
    forward: int
    backward: int

    @property
    def by_backpropagation(self) -> float:
        """The cost of a loss and its gradient, in forward passes."""
        return 1 + self.backward / self.forward

    @property
    def by_differences(self) -> int:
        """The same by one-sided differences: a pass for the loss, and another for each parameter."""
        return 1 + self.parameters

    def __repr__(self) -> str:
        shape = "-".join(map(str, self.widths))
        return (
            f"{shape}: {self.parameters:,} parameters; loss and gradient cost in forward passes\n"
            f"  {self.by_backpropagation:.2f} by back-propagation, {self.by_differences:,} by one-sided differences"
        )


def gradient_cost(widths: Sequence[int], *, batch: int = 1) -> GradientCost:
    """Run a tanh network of these widths, the input first, forwards and backwards, and count its multiplications."""
    whole_number("batch", batch, least=1)
    count = 0

    class Counting(np.ndarray):
        """An array that counts the multiplications of the matrix products it takes part in."""

        def __array_ufunc__(self, ufunc, method, *inputs, **options):
            nonlocal count
            plain = [np.asarray(each) for each in inputs]
            result = getattr(ufunc, method)(*plain, **options)
            if ufunc is np.matmul:
                count += result.size * plain[0].shape[-1]
            return result.view(Counting)

    start = initialise(widths, "tanh")
    network = replace(start, weights=tuple(weight.view(Counting) for weight in start.weights))
    tape = network.forward(np.zeros((batch, start.widths[0])))
    forward, count = count, 0
    network.backward(tape, np.ones((1, batch, start.widths[-1])).view(Counting))
    return GradientCost(start.widths, batch, start.parameter_count, forward, count)
