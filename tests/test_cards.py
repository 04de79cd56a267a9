"""The cards of the catalogue: complete, valid as part of one page, and small."""

import ast
import re
from functools import cache
from html import escape, unescape
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import matplotlib.pyplot as plt
import numpy as np
import pytest

import actlab
from actlab import cards, figures
from actlab.core import Elementwise
from tests.cases import each_record

VOID = {"br"}


@cache
def html(name):
    return cards.card(name)._repr_html_()


def svg(name):
    return re.search(r"<svg.*</svg>", html(name), re.DOTALL)[0]


class Tags(HTMLParser):
    """Checks that every element is closed where it should be, and collects ids."""

    def __init__(self):
        super().__init__()
        self.open, self.ids = [], []

    def handle_starttag(self, tag, attrs):
        self.ids += [value for key, value in attrs if key == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.ids += [value for key, value in attrs if key == "id"]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@each_record
def test_a_card_shows_what_the_record_holds(record):
    text = html(record.name)
    assert f'<h3 id="{record.name}">' in text
    assert escape(record.latex) in text
    for call in (record.keras, record.torch, record.jax):
        assert not call or f"<code>{escape(call)}</code>" in text
    for name, param in record.parameters.items():
        assert f"<code>{name}</code>" in text and param.accepted in text
    for paper in record.references:
        assert escape(paper.title) in text and paper.url in text
    assert all(alias in text for alias in record.aliases)
    if isinstance(record, Elementwise):
        assert f"<dt>range</dt><dd>{str(record.properties.range)[0]}" in text


@each_record
def test_a_card_is_valid_and_its_drawing_small_and_described(record):
    parser = Tags()
    parser.feed(html(record.name))
    assert parser.open == []
    drawing = svg(record.name)
    ElementTree.fromstring(drawing)
    label = unescape(re.search(r'aria-label="([^"]*)"', drawing)[1])
    assert 'role="img"' in drawing and record.name in label and len(label) >= 40
    assert len(drawing) <= 30_000
    used = set(re.findall(r'(?:url\(|href=")#([\w-]+)', drawing))
    assert used and used <= set(parser.ids)


def test_ids_are_unique_on_a_page_of_all_cards():
    parser = Tags()
    for name in actlab.names():
        parser.feed(html(name))
    assert len(set(parser.ids)) == len(parser.ids)
    links = re.findall(r'href="#(\w+)"', cards.Contents()._repr_html_())
    assert sorted(links) == sorted(actlab.names()) and set(links) <= set(parser.ids)


def test_the_source_holds_the_block_and_the_kernels_that_it_calls():
    source = cards.source(actlab.silu)
    named = re.findall(r"^def (\w+)", source, re.M)
    kernels = {actlab.silu.df.__name__, actlab.silu.d2f.__name__}
    assert named[-1] == "silu" and set(named) >= {*kernels, "gate"}
    assert source.count("@elementwise(") == 1
    assert "def _edges" in cards.source(actlab.soft_shrink)  # where its kinks are
    assert "def _softmax_vjp" in cards.source(actlab.softmax)


@each_record
def test_the_source_is_that_of_the_catalogue_and_nothing_that_it_calls_is_missing(record):
    source = cards.source(record)
    catalogue = "\n".join(path.read_text() for path in (Path(actlab.__file__).parent / "functions").glob("*.py"))
    assert all(line in catalogue for line in source.splitlines())
    defined = re.findall(r"^def (\w+)", source, re.M)
    assert sorted(set(defined)) == sorted(defined)
    calls = [node.func for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    called = {call.id for call in calls if isinstance(call, ast.Name)}
    assert called & set(re.findall(r"^def (\w+)", catalogue, re.M)) <= set(defined)


def test_a_card_shows_the_parameters_that_its_activation_has():
    steep = cards.card(actlab.elu.with_params(alpha=2.0))
    assert "= 2; a finite number, 0 or more" in steep._repr_html_() and "(-2," in steep._repr_html_()
    assert repr(steep) == "Card(elu(alpha=2.0))"
    with pytest.raises(ValueError, match="unknown activation 'geluu'; did you mean gelu"):
        cards.card("geluu")


def test_outputs_are_drawn_over_the_first_input():
    ax = figures.outputs(actlab.softmax, plt.subplots()[1], others=(0.0,))
    first, second = ax.lines
    assert first.get_ydata() == pytest.approx(actlab.sigmoid(first.get_xdata()), abs=5e-6)
    assert first.get_ydata() + second.get_ydata() == pytest.approx(np.ones(201), abs=2e-5)
    assert {text.get_text() for text in ax.texts} == {"output 1", "output 2"}
    plt.close("all")


@each_record
def test_a_card_says_what_frameworks_do_otherwise(record):
    facts, _, _ = html(record).partition("<details>")  # the source below names them too
    page = re.sub("</?code>", "`", facts)
    for difference in record.differs.values():
        assert escape(difference.text) in page


def test_code_and_breaks_of_a_cell_become_elements():
    assert cards._html("`beta` < 1<br>x") == "<code>beta</code> &lt; 1<br>x"
