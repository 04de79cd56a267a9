"""The command ``python tests/mutations.py``: change formulas and constants of the package, and see what notices.

A mutation is a plausible mistake in one place. It is made in a copy of the package, in which first the fast claims of
the ledger are measured and then the tests of functions and of what networks are made of are run, each until the first
that fails. The command prints who caught it, and fails if more than one mutation in twenty is caught by neither.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

#: What is tested of functions, and then of what networks, theory and results are made of.
TESTS = (
    "test_functions", "test_vectorwise", "test_properties", "test_frameworks", "test_initialisers", "test_losses",
    "test_optimisers", "test_network", "test_training", "test_meanfield", "test_gradient_flow", "test_statistics",
)  # fmt: skip

#: Caught because it never came to an end.
HANG = "did not end in {limit:g} s"


@dataclass(frozen=True)
class Mutation:
    """A mistake: ``text``, which stands once in ``file`` of the package, becomes ``replacement``."""

    name: str
    file: str
    text: str
    replacement: str
    breaks: str

    def apply(self, package: Path) -> None:
        """Make the mistake in the package in that folder."""
        path = package / self.file
        source = path.read_text("utf-8")
        if (times := source.count(self.text)) != 1:
            raise ValueError(f"{self.name}: the text must stand once in {self.file}; it stands {times} times")
        path.write_text(source.replace(self.text, self.replacement), "utf-8")


MUTATIONS = (
    # Values.
    Mutation(
        "gelu-tanh-constant", "functions/gates.py", "0.07135391235351562", "0.07141113281250000",
        "GELU's tanh form: 0.044751 for 0.044715, in the value alone",
    ),
    Mutation(
        "elu-alpha-inside", "functions/rectifiers.py",
        "return positive_part(x) + alpha * np.expm1(negative_part(x))",
        "return positive_part(x) + np.expm1(alpha * negative_part(x))",
        "ELU: alpha inside the exponential, which the default of 1 hides",
    ),
    Mutation(
        "selu-without-scale", "functions/rectifiers.py",
        "_SELU_LEFT = 1.7580993408473768", "_SELU_LEFT = 1.6732632423543772",
        "SELU: alpha on the left without the scale",
    ),
    Mutation(
        "softplus-undivided", "functions/rectifiers.py",
        "np.log1p(np.exp(z)) * ((1 + rest) / beta)", "np.log1p(np.exp(z)) * (1 + rest)",
        "softplus: not divided by beta, which the default of 1 hides",
    ),
    # First derivatives.
    Mutation(
        "gate-slope", "functions/kernels.py", "share * (1 + p * (e * share))", "share * (1 + p * share)",
        "slopes of SiLU and its like: sigma(z) for 1 - sigma(z)",
    ),
    Mutation(
        "silu-slope-in-beta", "functions/gates.py",
        "h = np.exp(-0.5 * np.abs(times(beta, x)))", "h = np.exp(-np.abs(times(beta, x)))",
        "SiLU by beta: the half that a square needs is forgotten",
    ),
    Mutation(
        "mish-native-slope", "functions/gates.py", "    e *= 4\n", "    e *= 2\n",
        "Mish's slope in the form that trains",
    ),
    # Second derivatives.
    Mutation(
        "gelu-bend", "functions/gates.py",
        "(h * ((2 - square) / _SQRT_2PI)) * h", "(h * ((1 - square) / _SQRT_2PI)) * h",
        "GELU'': one normal density of two",
    ),
    Mutation(
        "sigmoid-bend", "functions/sigmoidal.py", "-np.tanh(0.5 * x) * _sigmoid_d(x)", "-np.tanh(x) * _sigmoid_d(x)",
        "sigma'': 1 - 2 sigma(x) is tanh of half of x",
    ),
    # Defaults and the sides of kinks.
    Mutation(
        "leaky-default", "functions/rectifiers.py", '"negative_slope": Param(0.01,', '"negative_slope": Param(0.2,',
        "leaky ReLU: Keras' default for that of the paper",
    ),
    Mutation(
        "squareplus-default", "functions/rectifiers.py", '"b": Param(4.0,', '"b": Param(1.0,',
        "squareplus: another default for b",
    ),
    Mutation(
        "relu-at-0", "functions/rectifiers.py",
        "    df=lambda x: (x > 0).astype(np.float64),", "    df=lambda x: (x >= 0).astype(np.float64),",
        "ReLU: slope 1 at 0",
    ),
    Mutation(
        "hard-tanh-at-1", "functions/hard.py",
        "df=lambda x: (np.abs(x) <= 1).astype(np.float64)", "df=lambda x: (np.abs(x) < 1).astype(np.float64)",
        "hard tanh: PyTorch's slope at the ends for Keras'",
    ),
    # Functions of vectors.
    Mutation(
        "softmax-product", "functions/outputs.py",
        "return y * (g - (g * y).sum(axis=-1, keepdims=True))", "return y * (g - g.sum(axis=-1, keepdims=True))",
        "softmax' product with a gradient: a plain sum for the weighted one",
    ),
    Mutation(
        "sparsemax-product", "functions/outputs.py",
        "mean = np.where(support, g, 0.0).sum(axis=-1, keepdims=True) / count",
        "mean = np.where(support, g, 0.0).sum(axis=-1, keepdims=True) / z.shape[-1]",
        "sparsemax' product with a gradient: the mean over all entries, not over the support",
    ),
    # Initial weights.
    Mutation(
        "glorot-fan", "initialisers.py", '"average": (fan_in + fan_out) / 2', '"average": fan_in + fan_out',
        "Glorot: 1 / (fan_in + fan_out), half of the variance",
    ),
    Mutation(
        "truncated-deviation", "initialisers.py",
        "math.sqrt(self.scale / fan) / _CUT_DEVIATION * _truncated", "math.sqrt(self.scale / fan) * _truncated",
        "truncated normal weights: the variance that the cut takes is not given back",
    ),
    # Theory.
    Mutation(
        "length-slope", "meanfield/gaussian.py",
        "return scaled / (2 * np.square(root))", "return scaled / np.square(root)",
        "the slope of the length map: twice as steep",
    ),
    Mutation(
        "correlation-bias", "meanfield/correlations.py",
        "product = sigma_w2 * mean_product(activation, activation, root, c) + sigma_b2",
        "product = sigma_w2 * mean_product(activation, activation, root, c)",
        "the correlation map: the biases, which both signals share, are forgotten",
    ),
    Mutation(
        "gain-length", "meanfield/lengths.py",
        "np.sqrt(q / _second_moment(activation, q))", "np.sqrt(1 / _second_moment(activation, q))",
        "gain: that of q = 1 for every length",
    ),
    # Losses and training.
    Mutation(
        "mse-gradient", "losses.py", "examples / 2", "examples",
        "the gradient of the squared error: half of it",
    ),
    Mutation(
        "loss-mean", "training.py",
        "self.losses.append(total / points)", "self.losses.append(total / (len(batches) * plan.batch_size))",
        "an epoch's loss: as if the last batch were full",
    ),
    Mutation(
        "descent-outputs", "training.py", "2 * error / error[0].size", "2 * error / len(x)",
        "gradient descent: the mean over the batch, not over the outputs too",
    ),
    # Optimisers.
    Mutation(
        "adam-epsilon", "optimisers.py", "epsilon: float = 1e-7", "epsilon: float = 1e-8",
        "Adam: PyTorch's epsilon for Keras'",
    ),
    Mutation(
        "adam-correction", "optimisers.py",
        "correction = np.sqrt(one - parameters.dtype.type(self.beta_2) ** t)",
        "correction = one - parameters.dtype.type(self.beta_2) ** t",
        "Adam: the correction of the second moment without its root",
    ),
    # Statistics.
    Mutation(
        "wilson-spread", "statistics.py", "square / (4 * worth**2)", "square / (4 * worth)",
        "Wilson's interval: the width at shares near 0 and 1",
    ),
    Mutation(
        "student-degrees", "statistics.py", "t.ppf(0.975, self.n - 1)", "t.ppf(0.975, self.n)",
        "Student's interval: n degrees of freedom for n - 1",
    ),
    # Experiments.
    Mutation(
        "cosine-grid", "experiments/cosine.py",
        "x = np.linspace(0, 2 * np.pi, POINTS)", "x = np.linspace(0, 2 * np.pi, POINTS, endpoint=False)",
        "the cosine fit: without the last point, Var y is 0.5 for 0.505",
    ),
    Mutation(
        "norm-backwards", "propagation.py",
        "(delta - delta.mean(axis=1, keepdims=True) - n * along) / deviation",
        "(delta - delta.mean(axis=1, keepdims=True)) / deviation",
        "layer normalisation backwards: the deviation taken for a constant",
    ),
)  # fmt: skip


def copied(folder: Path) -> Path:
    """Copy the package and its tests into a folder, without anything compiled, and return the package's place there."""
    for part in ("actlab", "tests"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "book").mkdir()
    for file in ("pyproject.toml", "_toc.yml", *(f"book/{path.name}" for path in ROOT.glob("book/*.py"))):
        shutil.copy(ROOT / file, folder / file)  # tests/conftest.py asks the book for its pages and a browser
    return folder / "actlab"


def caught_by_the_ledger(folder: Path, limit: float, claims: Sequence[str] = ()) -> str | None:
    """The first fast claim that does not hold in the copy, or the error that ended the measuring; None if all hold."""
    code, output = _run(folder, limit, "-m", "actlab.claims", "--fast", "--exitfirst", *claims)
    if code in (None, 0):
        return None if code == 0 else HANG.format(limit=limit)
    if code != 1:  # ended from outside
        raise RuntimeError(f"the ledger ended with {code}:\n{output}")
    failing = re.findall(r"^FAILS +\w+ +([\w-]+):", output, re.M)
    return failing[0] if failing else output.strip().splitlines()[-1]


def caught_by_the_tests(folder: Path, limit: float, tests: Sequence[str] = TESTS) -> str | None:
    """The first of these tests that fails in the copy; None if all pass."""
    files = [f"tests/{name}.py" for name in tests]
    options = ("-x", "-q", "-n0", "--tb=no", "--no-header", "-p", "no:cacheprovider")
    code, output = _run(folder, limit, "-m", "pytest", *options, *files)
    if code in (None, 0):
        return None if code == 0 else HANG.format(limit=limit)
    failing = re.findall(r"^(?:FAILED|ERROR) tests/(.*?)(?: - .*)?$", output, re.M)
    if code not in (1, 2) or not failing:  # no tests found, or called wrongly
        raise RuntimeError(f"pytest ended with {code}:\n{output}")
    return failing[0]


def _run(folder: Path, limit: float, *arguments: str) -> tuple[int | None, str]:
    """The exit code of Python in that folder, None if it had to be ended, and what it wrote."""
    # First of all the copy, then as here: one thread, as there may be as many mutations at once as processors.
    environment = {**os.environ, "PYTHONPATH": str(folder), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    # A file, not a pipe, which processes that the ended one leaves behind would keep open.
    with tempfile.TemporaryFile("w+", encoding="utf-8") as output:
        try:
            done = subprocess.run(
                [sys.executable, *arguments], cwd=folder, env=environment, stdout=output, stderr=subprocess.STDOUT,
                timeout=limit, check=False,
            )  # fmt: skip
            code = done.returncode
        except subprocess.TimeoutExpired:
            code = None
        output.seek(0)
        return code, output.read()


def examine(mutation: Mutation | None, limit: float) -> tuple[str | None, str | None]:
    """Who catches a mutation: a claim and a test. None stands for the package as it is."""
    with tempfile.TemporaryDirectory() as folder:
        package = copied(Path(folder))
        if mutation is not None:
            mutation.apply(package)
        return caught_by_the_ledger(Path(folder), limit), caught_by_the_tests(Path(folder), limit, _order(mutation))


def _order(mutation: Mutation | None) -> tuple[str, ...]:
    """All tests, those first that are named after the mutated module: they fail the soonest."""
    own = "" if mutation is None else f"test_{Path(mutation.file).parts[0].removesuffix('.py')}"
    return tuple(sorted(TESTS, key=lambda name: name != own))


def main(arguments: list[str] | None = None) -> int:
    """Examine the mutations, print a line for each, and return 1 if fewer than 19 of 20 are caught."""
    parser = argparse.ArgumentParser(prog="python tests/mutations.py", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help="which mutations; default: all")
    parser.add_argument("--workers", type=int, default=os.cpu_count(), help="mutations at once; default: processors")
    parser.add_argument("--limit", type=float, default=1200.0, help="seconds for the ledger, and again for the tests")
    options = parser.parse_args(arguments)
    if unknown := set(options.names) - {mutation.name for mutation in MUTATIONS}:
        parser.error(f"there is no mutation {', '.join(sorted(unknown))}")
    chosen = [mutation for mutation in MUTATIONS if mutation.name in options.names or not options.names]
    if any(before := examine(None, options.limit)):
        # What fails anyway catches nothing.
        parser.error(f"the unchanged package fails already: {', '.join(filter(None, before))}")

    counts = dict.fromkeys(("ledger", "tests", "either"), 0)
    with ThreadPoolExecutor(options.workers) as pool:
        found = pool.map(lambda mutation: examine(mutation, options.limit), chosen)
        for mutation, (claim, test) in zip(chosen, found, strict=True):
            print(f"{'caught' if claim or test else 'MISSED'}  {mutation.name}: {mutation.breaks}")
            print(f"          ledger: {claim or '-'}\n          tests:  {test or '-'}", flush=True)
            counts["ledger"] += claim is not None
            counts["tests"] += test is not None
            counts["either"] += bool(claim or test)
    print(
        f"{counts['either']} of {len(chosen)} are caught: "
        f"{counts['ledger']} by the ledger, {counts['tests']} by the tests"
    )
    return int(20 * counts["either"] < 19 * len(chosen))


if __name__ == "__main__":
    raise SystemExit(main())
