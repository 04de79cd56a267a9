"""The depth explorer in the built page: by keyboard, by pointer, from a link."""

import math
import re

import pytest

from actlab import meanfield
from actlab.experiments import expected_flow
from actlab.widgets import DepthExplorer

PAGE = "book/gradients/vanishing-and-exploding.html"
DONE = "document.querySelector('#depth .live-status')?.ariaBusy === 'false'"


@pytest.fixture
def explorer(page, book_url):
    """Give a function that opens the page with a state in the address, and returns the figure when it is drawn."""

    def open_(state=""):
        page.goto(f"{book_url}{PAGE}{state}")
        return settled(page)

    return open_


def settled(page):
    """Wait until the networks are drawn and told of."""
    page.wait_for_function(DONE)
    return page.locator("#depth")


def line(figure, number):
    """Return the places of a curve of the left plot."""
    d = figure.locator(".live-plot").first.locator("path.live-line").nth(number).get_attribute("d")
    return [tuple(map(float, pair)) for pair in re.findall(r"([\d.-]+) ([\d.-]+)", d)]


def point(figure):
    """Return the place of the point on the map."""
    dot = figure.locator(".live-plot").nth(1).locator("circle.live-dot")
    return float(dot.get_attribute("cx")), float(dot.get_attribute("cy"))


def told(figure):
    """Return chi_1 and the powers of ten of theory and of the networks, as the status line tells them."""
    text = figure.locator(".live-status").inner_text().replace("−", "-")
    chi1 = float(re.search(r"χ₁ = ([\d.e-]+)", text)[1])
    signs = {"falls": -1, "grows": 1}
    powers = [signs[word] * float(number) for word, number in re.findall(r"(falls|grows) by ([\d.e-]+) powers", text)]
    return chi1, *powers


def press(page, label, key, times):
    """Press a key some times in the control of that label, reached without a pointer."""
    page.get_by_label(label).focus()
    for _ in range(times):
        page.keyboard.press(key)
    return settled(page)


def test_what_is_told_is_what_the_package_computes(explorer):
    widget = DepthExplorer()
    how = {"sigma_w2": widget.sigma_w**2, "sigma_b2": widget.sigma_b**2}
    chi1, theory, measured = told(explorer())
    assert chi1 == pytest.approx(meanfield.analyse(widget.activation, **how).chi1, rel=5e-3)
    expected = expected_flow(widget.activation, depth=widget.depth, **how).log_norms[0] / math.log(10)
    assert theory == pytest.approx(expected, rel=5e-2)
    assert measured == pytest.approx(expected, abs=0.3)


def test_the_keyboard_alone_moves_the_point_and_the_lines(page, explorer):
    figure = explorer()
    before = point(figure), line(figure, 0), line(figure, 1), told(figure)
    figure = press(page, "σ_w, for the weights", "ArrowLeft", 60)
    after = point(figure), line(figure, 0), line(figure, 1), told(figure)
    assert after[0][0] < before[0][0] and after[0][1] == before[0][1]
    assert all(now != then for now, then in zip(after[1:], before[1:], strict=True))
    assert before[3][0] > 1 > after[3][0]
    assert "ordered" in figure.locator(".live-status").inner_text()
    figure = press(page, "σ_b, for the biases", "ArrowRight", 10)
    assert point(figure)[0] == after[0][0] and point(figure)[1] < after[0][1]


def test_every_control_is_reached_by_tabs_and_is_seen_to_have_the_focus(page, explorer):
    figure = explorer()
    controls = figure.locator(":is(input, select, a)")
    controls.first.focus()
    for number in range(controls.count()):
        assert controls.nth(number).evaluate("node => node === document.activeElement")
        assert controls.nth(number).evaluate("node => getComputedStyle(node).outlineStyle") == "solid"
        page.keyboard.press("Tab")


def test_a_named_start_sets_the_deviations(page, explorer):
    figure = explorer("#depth?activation=relu")
    start = page.get_by_label("Initialisation")
    assert start.input_value() == ""
    start.select_option("He")
    figure = settled(page)
    assert told(figure)[0] == 1
    assert "edge of chaos" in figure.locator(".live-status").inner_text()
    press(page, "σ_b, for the biases", "ArrowRight", 1)
    assert start.input_value() == ""


def test_a_pointer_drags_the_point(page, explorer):
    figure = explorer()
    figure.scroll_into_view_if_needed()
    box = figure.locator(".live-plot").nth(1).bounding_box()
    x, y = point(figure)
    page.mouse.move(box["x"] + x, box["y"] + y)
    page.mouse.down()
    page.mouse.move(box["x"] + x + 40, box["y"] + y - 60, steps=5)
    page.mouse.up()
    moved = point(settled(page))
    assert moved == pytest.approx((x + 40, y - 60), abs=2)
    assert float(page.get_by_label("σ_w, for the weights").input_value()) > 1.5


def test_a_link_shows_what_was_seen(page, explorer, book_url):
    explorer("#depth?activation=gelu&depth=12&width=32&seed=7")
    figure = press(page, "σ_w, for the weights", "ArrowRight", 3)
    seen = [line(figure, number) for number in range(2)], point(figure), told(figure)
    address = figure.locator(".live-link").evaluate("node => node.href")
    assert page.url == address
    page.goto("about:blank")
    page.goto(address)
    figure = settled(page)
    assert ([line(figure, number) for number in range(2)], point(figure), told(figure)) == seen
    page.goto("about:blank")
    other = explorer("#depth?activation=gelu&depth=12&width=32&seed=8&sigma_w=1.53")
    assert told(other)[:2] == seen[2][:2]
    assert [line(other, number) for number in range(2)] != seen[0]


def test_what_a_link_must_not_say_is_not_taken(explorer):
    figure = explorer("#depth?activation=step&sigma_w=99&depth=nothing&width=1e9")
    assert figure.get_by_label("Activation").input_value() == "tanh"
    assert figure.get_by_role("slider", name="Layers").input_value() == "30"
    assert float(figure.get_by_label("σ_w, for the weights").input_value()) == 4
    assert float(figure.get_by_label("Units per layer").input_value()) == 128


def test_where_motion_is_unwanted_the_band_comes_at_once(page, explorer):
    count = """() => {
      window.seen = new Set();
      const look = () => {
        const legend = document.querySelector('#depth .live-legend')?.textContent ?? '';
        window.seen.add(legend.match(/median of (\\d+)/)?.[1]);
        requestAnimationFrame(look);
      };
      look();
    }"""
    page.add_init_script(f"({count})()")
    page.emulate_media(reduced_motion="reduce")
    explorer("#depth?depth=50&width=128")
    assert page.evaluate("[...window.seen].filter(Boolean)") == ["20"]
    page.emulate_media(reduced_motion="no-preference")
    explorer("#depth?depth=50&width=128&seed=1")
    page.goto("about:blank")
    explorer("#depth?depth=50&width=128&seed=1")
    assert len(page.evaluate("[...window.seen].filter(Boolean)")) > 1
