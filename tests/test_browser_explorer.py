"""The function explorer in the built page: by keyboard alone, by pointer, from a link."""

import re

import pytest
from playwright.sync_api import expect

import actlab
from actlab.widgets import bundle
from tests.browser import PAGES, PHONE, watched_page

PAGE = "book/functions/hard-functions.html"
#: Reads the table of the explorer: the cells of each row, by its title.
TABLE = """figure => Object.fromEntries([...figure.querySelectorAll(".live-table tr")].map(
    row => [row.cells[0].textContent, [...row.cells].slice(1).map(cell => cell.textContent)]))"""


class Explorer:
    """The explorer of a page, as a reader meets it."""

    def __init__(self, page, address):
        self.page = page
        page.goto("about:blank")  # else an address that differs behind # alone would not load the page anew
        page.goto(address)
        self.figure = page.locator("#explorer")
        self.figure.locator(".live-axes text").first.wait_for()

    def control(self, name):
        """Return the control with this accessible name."""
        found = self.figure.get_by_label(name, exact=True)
        role = {"range": "slider", "checkbox": "checkbox"}
        for kind in (*role.values(), "combobox"):
            if (found := self.figure.get_by_role(kind, name=name, exact=True)).count():
                return found
        raise AssertionError(f"no control {name!r}")

    def table(self):
        """Return the cells of each row of the table, by its title."""
        self.page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        return self.figure.evaluate(TABLE)

    def x(self):
        """Return the place, as the table says it."""
        (title,) = [title for title in self.table() if title.startswith("at x = ")]
        return number(title.removeprefix("at x = "))

    def press(self, name, key, times=1):
        """Press a key in a control that has the focus."""
        self.control(name).focus()
        for _ in range(times):
            self.page.keyboard.press(key)

    def choose(self, name, option):
        """Choose an option by typing its name, as a keyboard allows in a list."""
        self.control(name).focus()
        self.page.keyboard.type(option)

    def link(self):
        """Return the address that reproduces what is seen, when it has been written."""
        self.page.wait_for_timeout(300)
        return self.figure.get_by_role("link", name="Link to this state").evaluate("link => link.href")


def number(text):
    """Return a number that a page shows."""
    return float(text.replace("−", "-"))


def agrees(explorer, *functions):
    """Check that the table has the values of these functions at x, to the digits that it shows."""
    table, x = explorer.table(), explorer.x()
    for column, function in enumerate(functions):
        orders = (function, function.derivative, function.second_derivative)
        for title, g in zip(("f(x)", "f′(x)", "f″(x)"), orders, strict=True):
            assert number(table[title][column]) == pytest.approx(g(x), rel=6e-4, abs=1e-12)


@pytest.fixture
def opened(page, book_url):
    """Give a function that opens the page, with a state in the address if there is one."""
    return lambda state="", name=PAGE: Explorer(page, f"{book_url}{name}{state}")


def test_a_reader_without_a_pointer_changes_function_parameter_and_place(opened):
    explorer = opened()
    explorer.choose("Function", "elu")
    explorer.choose("Compare with", "nothing")
    explorer.press("elu: alpha", "ArrowRight", 40)
    explorer.press("x", "ArrowRight", 30)
    assert explorer.x() == -1.5
    assert explorer.table()[""] == ["elu (alpha = 1.4)"]
    agrees(explorer, actlab.elu.with_params(alpha=1.4))
    explorer.press("f″", "Space")
    expect(explorer.figure.locator(".live-legend").nth(1)).to_contain_text("elu (alpha = 1.4) f″")
    explorer.press("Window, x up to ±", "Home")
    assert explorer.x() == -1
    agrees(explorer, actlab.elu.with_params(alpha=1.4))


def test_the_tab_key_leads_through_all_controls(opened):
    explorer = opened("#explorer?function=elu")
    explorer.control("Function").focus()
    names = []
    for _ in range(11):
        names.append(explorer.page.evaluate("document.activeElement.ariaLabel ?? document.activeElement.textContent"))
        outline = explorer.page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline == "solid", names[-1]
        if explorer.page.evaluate("document.activeElement.type !== undefined"):
            shown = explorer.page.evaluate("document.activeElement.closest('label')?.firstElementChild.textContent")
            names[-1] = shown or names[-1]
            assert explorer.page.evaluate("document.activeElement.dataset.lmSuppressShortcuts") == "true"
        explorer.page.keyboard.press("Tab")
    assert names == [
        "Function",
        "elu: alpha",
        "Defaults of elu",
        "Compare with",
        "silu: beta",
        "Defaults of silu",
        "f",
        "f′, the slope",
        "f″",
        "Window, x up to ±",
        "x",
    ]


def test_parameters_go_back_to_their_defaults(opened):
    explorer = opened("#explorer?function=elu&parameters=alpha:2")
    assert explorer.table()[""] == ["elu (alpha = 2)", "silu"]
    assert "measured with the default parameters, not with those above" in explorer.table()
    explorer.figure.get_by_role("button", name="Defaults of elu").press("Enter")
    assert explorer.table()[""] == ["elu", "silu"]
    assert "measured" in explorer.table()
    assert explorer.control("elu: alpha").get_attribute("aria-valuetext") == "1"


def test_dragging_in_a_graph_moves_the_place(opened):
    explorer = opened()
    for plot in explorer.figure.locator(".live-plot").all():
        plot.scroll_into_view_if_needed()
        box = plot.bounding_box()
        # The axes begin 54 pixels from the left and end 14 from the right.
        middle, share = box["x"] + 54 + (box["width"] - 68) / 2, (box["width"] - 68) / 8
        explorer.page.mouse.move(middle - share, box["y"] + 50)
        explorer.page.mouse.down()
        explorer.page.mouse.move(middle + share, box["y"] + 60, steps=3)
        explorer.page.mouse.up()
        assert explorer.x() == pytest.approx(1, abs=0.02)
        agrees(explorer, actlab.hard_silu, actlab.silu)
        explorer.page.mouse.move(middle, box["y"] + 60)  # no longer pressed
        assert explorer.x() == pytest.approx(1, abs=0.02)
        explorer.press("x", "Home")
        assert explorer.x() == -4


def test_the_address_reproduces_what_is_seen(opened):
    explorer = opened()
    explorer.choose("Function", "leaky")
    explorer.choose("Compare with", "softplus")
    explorer.press("softplus: beta", "ArrowRight", 20)
    explorer.press("leaky_relu: negative_slope", "End")
    explorer.press("Window, x up to ±", "ArrowRight", 30)
    explorer.press("x", "ArrowLeft", 4)
    explorer.press("f″", "Space")
    link, table = explorer.link(), explorer.table()
    assert table[""] == ["leaky_relu (negative_slope = 0.5)", "softplus (beta = 2)"]
    again = opened(f"#{link.partition('#')[2]}")
    assert again.table() == table
    assert again.link() == link
    assert again.control("f″").is_checked()
    assert again.page.evaluate("document.querySelector('#explorer').getBoundingClientRect().top") < 300


def test_an_address_is_followed_in_an_open_page_too(opened):
    explorer = opened()
    explorer.page.evaluate("location.hash = '#explorer?function=tanh&compare=none&x=1'")
    explorer.page.wait_for_function("document.querySelector('#explorer .live-table th').textContent === 'tanh'")
    assert explorer.table()[""] == ["tanh"]
    agrees(explorer, actlab.tanh)


@pytest.mark.parametrize(
    ("state", "names", "x"),
    [
        ("function=nobody&x=one&reach=", ["hard_silu", "silu"], -3),
        ("function=elu&parameters=alpha:99&x=99", ["elu (alpha = 3)", "silu"], 4),
        ("function=elu&parameters=beta:2,alpha:0&compare=none", ["elu (alpha = 0.1)"], -3),
        ("parameters=__proto__:1&compare=constructor&%", ["hard_silu", "silu"], -3),
        ("reach=-5", ["hard_silu", "silu"], -1),
        ("reach=1e9&x=-1e9&compare_parameters=beta:NaN", ["hard_silu", "silu"], -100),
        ("compare=elu&compare_parameters=beta:3", ["hard_silu", "elu"], -3),
    ],
)
def test_a_bad_address_breaks_nothing(state, names, x, opened):
    explorer = opened(f"#explorer?{state}")
    assert explorer.table()[""] == names
    assert explorer.x() == x
    explorer.press("x", "Home")
    explorer.press("x", "ArrowRight")
    assert explorer.x() > -100


def test_a_jump_of_the_slope_is_a_gap_with_both_ends_marked(opened):
    explorer = opened()
    lower = explorer.figure.locator(".live-plot").nth(1)
    assert lower.locator("circle.live-ring").count() == 2  # the hard SiLU jumps at both ends of its parabola
    curve = lower.locator("path.live-line[stroke-dasharray='7 4']").first.get_attribute("d")
    assert len(re.findall("M", curve)) == 3
    explorer.choose("Function", "gelu")
    explorer.table()
    assert lower.locator("circle.live-ring").count() == 0


def test_a_point_beyond_the_axes_is_not_drawn_beside_them(opened):
    explorer = opened("#explorer?function=exponential&compare=none&x=4")
    assert explorer.figure.locator(".live-plot circle").count() == 0
    agrees(explorer, actlab.exponential)
    explorer.press("x", "Home")
    explorer.table()
    assert explorer.figure.locator(".live-plot circle").count() == 2


def test_news_come_after_a_change_and_once_for_many(opened):
    explorer = opened()
    status = explorer.figure.get_by_role("status")
    assert status.text_content() == ""  # nobody has asked yet
    explorer.figure.evaluate(
        "figure => { window.news = []; new MutationObserver(() => news.push(1))"
        ".observe(figure.querySelector('[role=status]'), { childList: true, characterData: true, subtree: true }); }"
    )
    explorer.press("x", "ArrowRight", 20)
    explorer.page.wait_for_function("news.length > 0")
    explorer.page.wait_for_timeout(600)
    assert explorer.page.evaluate("news.length") == 1
    said = status.text_content().replace("−", "-")
    x, slope = -2, actlab.hard_silu.derivative(-2.0)
    assert f"hard_silu at x = {x}: value {actlab.hard_silu(-2.0):.4g}, slope {slope:.4g}" in said
    label = explorer.figure.locator(".live-plot").nth(1).get_attribute("aria-label")
    assert re.match(
        r"Graph of the slope, for x from −4 to 4: hard_silu, from 0 at the left end to 1 at the right", label
    )


def test_graphs_that_are_switched_off_are_gone(opened):
    explorer = opened()
    plots = explorer.figure.locator(".live-plot")
    explorer.press("f", "Space")
    explorer.table()
    assert [plot.is_visible() for plot in plots.all()] == [False, True]
    explorer.press("f", "Space")
    explorer.press("f′, the slope", "Space")
    explorer.table()
    assert [plot.is_visible() for plot in plots.all()] == [True, False]
    assert plots.first.locator("circle").count() > 0


def test_a_page_loads_the_scripts_of_its_figures_and_no_others(book_folder):
    with_figures = 0
    for name in PAGES:
        text = (book_folder / f"{name}.html").read_text("utf-8")
        needed = set(re.findall(r'data-figure="(\w+)"', text))
        scripts = [
            script for script in re.findall(r'<script[^>]* src="[^"]*_static/(\w+)\.js', text) if script != "book"
        ]
        assert needed <= set(scripts), name
        known = {path.stem for path in bundle.SCRIPTS.glob("*.js")}
        assert {script for script in scripts if script in known} == needed, name
        for script in needed:
            assert (book_folder / "_static" / f"{script}.js").read_text("utf-8") == bundle.script(script)
        with_figures += bool(needed)
    assert with_figures


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_it_fits_the_page_and_can_be_seen(browser, unzipped_book, width, scheme):
    """From a file, on a phone and on a desk: nothing reaches beyond the page, and lines differ from what is behind."""
    options = {"viewport": {"width": width, "height": 900}, "color_scheme": scheme}
    with watched_page(browser, **options) as page:
        explorer = Explorer(page, f"{(unzipped_book / PAGE).as_uri()}")
        assert page.evaluate("document.documentElement.scrollWidth") == width
        colours = explorer.figure.locator(".live-plot").first.evaluate(
            "plot => [...plot.querySelectorAll('.live-line')].map(line => getComputedStyle(line).stroke)"
        )
        behind = {"light": "rgb(255, 255, 255)", "dark": "rgb(20, 24, 29)"}[scheme]
        assert len(set(colours)) == 3  # two functions, and the tangents in the colour of the text
        assert behind not in colours


def test_a_finger_that_scrolls_leaves_x_and_one_that_goes_sideways_or_taps_moves_it(browser, book_url):
    with watched_page(browser, viewport=PHONE, has_touch=True) as page:
        explorer = Explorer(page, f"{book_url}{PAGE}")
        picture = explorer.figure.locator(".live-plot").first
        touch = page.context.new_cdp_session(page)

        def swipe(right, down):
            picture.scroll_into_view_if_needed()
            top, box = page.evaluate("scrollY"), picture.bounding_box()
            x, y = box["x"] + 0.7 * box["width"], box["y"] + box["height"] / 2
            for step in range(11):
                point = {"x": x + right * step / 10, "y": y + down * step / 10}
                kind = "touchMove" if step else "touchStart"
                touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [point]})
            touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
            page.wait_for_timeout(300)
            return explorer.x(), page.evaluate("scrollY") - top

        at_first = explorer.x()
        x, scrolled = swipe(0, -150)
        assert x == at_first and scrolled > 50
        dragged, scrolled = swipe(-100, 0)
        assert dragged != at_first and scrolled == 0
        tapped, scrolled = swipe(0, 0)
        assert tapped > dragged and scrolled == 0
