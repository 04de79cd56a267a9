"""One card for each activation: everything the registry knows and ``properties`` measures of it, as HTML.

Pages show a card as the output of a cell, so that a function that is declared appears there without a further line.
"""

from __future__ import annotations

import inspect
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import escape
from types import CodeType

import matplotlib.pyplot as plt

from actlab import catalogue, figures, formulas
from actlab.core import ACTIVATIONS, Activation, Elementwise, get

# A derivative that prints longer than this, in characters of LaTeX, says less than its curve.
_SHORT = 170
# Facts that take the whole width of the card.
_WIDE = ("formula", "derivative", "parameters", "elsewhere", "from")


@dataclass(frozen=True)
class Card:
    """What there is to know of one activation, shown by notebooks and by the book as HTML.

    Its anchor is the name of the activation, so that ``catalogue.html#gelu`` leads to that of GELU.
    """

    activation: Activation

    def __repr__(self) -> str:
        return f"Card({self.activation!r})"

    def _repr_html_(self) -> str:
        name = self.activation.name
        sentence = inspect.cleandoc(self.activation.function.__doc__ or "").partition("\n\n")[0]
        summary = re.sub("``(.+?)``", r"<code>\1</code>", escape(sentence))
        facts = "".join(
            f'<div class="{"wide" if title in _WIDE else "narrow"}"><dt>{title}</dt><dd>{text}</dd></div>\n'
            for title, text in _facts(self.activation)
            if text
        )
        return (
            f'<article class="function-card"><h3 id="{name}"><code>{name}</code></h3>\n<p>{summary}</p>\n'
            f"{_figure(self.activation)}\n<dl>{facts}</dl>\n"
            f"<details><summary>Source, as tested</summary><pre>{escape(source(self.activation))}</pre></details>"
            "</article>"
        )


@dataclass(frozen=True)
class Contents:
    """Links to the cards of all activations on the same page, by family."""

    def _repr_html_(self) -> str:
        families = {}
        for activation in ACTIVATIONS.values():
            families.setdefault(activation.family, []).append(f'<a href="#{activation.name}">{activation.name}</a>')
        lines = (f"<p><b>{family}</b>: {', '.join(links)}</p>\n" for family, links in families.items())
        return f'<nav class="function-links" aria-label="Functions by family">\n{"".join(lines)}</nav>'


def card(activation: str | Activation) -> Card:
    """The card of an activation, or of the one that has this name or alias, with the parameter values that it has."""
    return Card(get(activation))


def source(activation: Activation) -> str:
    """The source of an activation's block, after that of the functions of the catalogue that its kernels call."""
    if isinstance(activation, Elementwise):
        native = () if activation.native is None else (activation.native,)
        kernels = (activation.df, activation.d2f, activation.kinks_at, *native, *activation.parameter_df.values())
    else:
        kernels = (activation.vjp_kernel,)
    found: dict[Callable, None] = {}
    for kernel in (activation.function, *kernels):
        _collect(kernel, found)
    del found[activation.function]
    # A lambda stands in the block itself.
    helpers = [kernel for kernel in found if kernel.__name__ != "<lambda>"]
    helpers.sort(
        key=lambda kernel: (kernel.__module__ == activation.function.__module__, kernel.__code__.co_firstlineno)
    )
    return "\n\n".join(inspect.getsource(kernel).strip() for kernel in (*helpers, activation.function))


def _collect(kernel: Callable, found: dict[Callable, None]) -> None:
    """Add a kernel, and the functions of its module and of those beside it that it calls, directly or not."""
    if kernel in found:
        return
    found[kernel] = None
    package = kernel.__module__.rpartition(".")[0]
    for name in _names(kernel.__code__):
        called = kernel.__globals__.get(name)
        if inspect.isfunction(called) and called.__module__.rpartition(".")[0] == package:
            _collect(called, found)


def _names(code: CodeType) -> Iterator[str]:
    """The global names that code uses, also inside of the functions that it makes."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


def _facts(activation: Activation) -> list[tuple[str, str]]:
    """Titles and HTML; one without text is left out."""
    single = isinstance(activation, Elementwise)
    facts = [("formula", _math(rf"{'f' if single else 'f_i'} = {activation.latex}"))]
    if single:
        derivative = formulas.latex(activation, 1)
        facts.append(("derivative", _math(f"f' = {derivative}") if len(derivative) <= _SHORT else ""))
    facts.append(("parameters", "<br>".join(_parameter(activation, name) for name in activation.parameters)))
    calls = (("Keras", activation.keras), ("PyTorch", activation.torch), ("JAX", activation.jax))
    facts.append(("also called", ", ".join(map(escape, activation.aliases))))
    facts += [(framework, f"<code>{escape(call)}</code>" if call else "") for framework, call in calls]
    (names,) = catalogue.frameworks(activation).rows
    facts.append(("elsewhere", _html(names[-1])))
    if single:
        for table in (catalogue.properties(activation), catalogue.moments(activation)):
            facts += list(zip(table.columns[1:], table.rows[0][1:], strict=True))
    papers = [
        f'<a href="{paper.url}">{_cited(paper)}</a>' if paper.url else _cited(paper) for paper in activation.references
    ]
    return [*facts, ("from", "<br>".join(papers))]


def _cited(paper) -> str:
    authors = paper.authors[0].split()[-1] + (" et al." if len(paper.authors) > 2 else "")
    if len(paper.authors) == 2:
        authors += f" and {paper.authors[1].split()[-1]}"
    return escape(f"{authors} ({paper.year}). {paper.title}.")


def _parameter(activation: Activation, name: str) -> str:
    param = activation.parameters[name]
    learnt = ", learnt in training" if param.learnable else ""
    symbol = _math(formulas.parameter_latex(param))
    return f"<code>{name}</code> ({symbol}) = {activation.values[name]:.4g}; {escape(param.accepted)}{learnt}"


def _html(markdown: str) -> str:
    """A cell of a table, whose only marks are code and the breaks of its lines, as HTML."""
    return re.sub(r"`([^`]*)`", r"<code>\1</code>", escape(markdown).replace("&lt;br&gt;", "<br>"))


def _math(latex: str) -> str:
    # The class that both Sphinx's and JupyterLab's MathJax look into.
    return rf'<span class="math notranslate nohighlight">\({escape(latex)}\)</span>'


def _figure(activation: Activation) -> str:
    """The figure as an element of the page, described in words; its text is text, not outlines."""
    with plt.style.context([figures.STYLE, {"svg.fonttype": "none"}]):
        if isinstance(activation, Elementwise):
            figure, axes = plt.subplots(2, 1, sharex=True, figsize=(5.6, 3.8))
            figures.landmarks(activation, axes)
            text = figures.landmarks_text(activation)
        else:
            figure, ax = plt.subplots(figsize=(5.6, 3.0))
            figures.outputs(activation, ax)
            text = f"Each output of {activation.name}, a line each, as the first of four inputs runs from -5 to 5"
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None})
        plt.close(figure)
    svg = buffer.getvalue()
    svg = re.sub(r"\s*<metadata>.*?</metadata>", "", svg[svg.index("<svg ") :], flags=re.DOTALL)
    # Inside a page a style sheet would be the whole page's.
    svg = re.sub(r"\s*<defs>\s*<style.*?</style>\s*</defs>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'<g id="[^"]*"', "<g", svg)
    # An id may stand once on a page; those of clips and marks are the same wherever the drawing is.
    svg = re.sub(r'(id="|#)([mp][0-9a-f]{10})\b', rf"\1\2-{activation.name}", svg)
    return svg.replace(
        "<svg ", f'<svg style="stroke-linejoin: round; stroke-linecap: butt" role="img" aria-label="{escape(text)}" ', 1
    ).strip()
