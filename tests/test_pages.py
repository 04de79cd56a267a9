"""The pages of the built book in a browser: whole over http and as files, found by search, readable in every way."""

import io
from pathlib import Path

import execute
import nbformat
import numpy as np
import pytest
import weigh
from _ext import spellings
from PIL import Image

from tests.browser import DESK, PAGES, PHONE, open_whole, watched_page

each_page = pytest.mark.parametrize("name", PAGES)

# Every formula that is not set, or set without any width where it should be seen.
RAW_FORMULAS = """() => [...document.querySelectorAll(".math")]
  .filter((formula) => {
    const set = formula.querySelector("mjx-container");
    return !set || (formula.checkVisibility() && !set.getBoundingClientRect().width);
  })
  .map((formula) => formula.textContent)"""
# What of some elements cannot be seen, but for what the author has folded.
HIDDEN = """(elements) => elements
  .filter((element) => !element.checkVisibility() && !element.closest("details"))
  .filter((element) => element.tagName === "IMG" || element.textContent.trim())
  .map((element) => element.outerHTML)"""
MATH_FONTS = "[...document.fonts].filter((font) => font.family.startsWith('MJX') && font.status === 'loaded').length"
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture(params=["http", "file"])
def start(request, book_url, unzipped_book):
    """Give the address of the book's folder, on a server and as a folder."""
    return book_url if request.param == "http" else f"{unzipped_book.as_uri()}/"


@pytest.mark.parametrize("address", ["https://example.org/a.png", "//example.org/a.js", "http://93.184.216.34/a.png"])
def test_a_request_to_another_host_is_noticed(browser, book_url, address):
    with pytest.raises(AssertionError, match="asks for http"), watched_page(browser) as page:
        page.goto(f"{book_url}search.html")
        load = "new Promise((done) => { image.onload = image.onerror = done; image.src = address; })"
        page.evaluate(f"(address) => {{ const image = new Image(); return {load}; }}", address)


@pytest.mark.parametrize(
    ("mistake", "said"),
    [
        ("missing.name", "raised: .*missing"),
        ("console.error('no')", "console: no"),
        ("fetch('a.json')", "404: .*a.json"),
    ],
)
def test_what_goes_wrong_on_a_page_is_noticed(browser, book_url, mistake, said):
    with pytest.raises(AssertionError, match=said), watched_page(browser) as page:
        page.goto(f"{book_url}search.html")
        page.evaluate(f"setTimeout(() => {{ {mistake} }})")
        page.wait_for_timeout(200)


@each_page
def test_a_page_opens_whole_from_files_and_fits_a_phone(next_page, unzipped_book, name):
    next_page.context.set_offline(True)
    open_whole(next_page, f"{(unzipped_book / name).as_uri()}.html")
    assert next_page.evaluate(RAW_FORMULAS) == []
    assert next_page.locator("mjx-merror").count() == 0
    assert next_page.evaluate(MATH_FONTS) or not next_page.locator(".math").count()
    next_page.set_viewport_size(PHONE)
    assert next_page.evaluate(OVERFLOW) == 0


def test_search_finds_saturation(page, start):
    page.goto(f"{start}index.html")
    page.wait_for_url("**/book/index.html")  # it leads there at once
    page.wait_for_load_state()
    page.keyboard.press("Control+k")
    page.keyboard.type("saturation")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search.html?q=saturation*")
    # The list still grows while the first result is pressed; it must not move away from under the finger.
    page.locator("#search-results li a").first.click(delay=150)
    page.wait_for_url("**/book/**")
    assert "saturat" in page.locator("article").inner_text().lower()


@pytest.mark.parametrize(
    ("word", "title"),
    [
        ("quantization", "Hard functions and quantisation"),
        ("Initialization", "Initialisation"),
        ("initialisation", "Initialisation"),
        ("catalog", "The catalogue"),
    ],
)
def test_search_finds_a_chapter_in_either_spelling(page, start, word, title):
    page.goto(f"{start}search.html?q={word}")
    page.locator(".search-summary", has_text="found").wait_for()
    # Its exercises have a title like its own, and may come first.
    assert title in page.locator("#search-results li a").all_inner_texts()[:2]


def test_a_page_stems_a_word_as_the_book_did(page, book_url):
    american = "quantization initializers normalized analyzing behaviors catalogs centered colors favorite".split()
    british = "quantisation initialisers normalised analysing behaviours catalogues centred colours favourite".split()
    others = "size sized quizzes horizon initial center catalogued analysis color_map neighbors".split()
    page.goto(f"{book_url}search.html")
    stem = "(words) => words.map((word) => new Stemmer().stemWord(word))"
    search = spellings.SearchBothSpellings({})
    assert page.evaluate(stem, american + others) == [search.stem(word) for word in british + others]
    assert search.stem("initializers") != search.stem("initial")


def test_without_scripts_all_that_a_page_says_is_there(browser, book_url):
    with browser.new_context(java_script_enabled=False, viewport=DESK) as context, watched_page(context) as page:
        for name in execute.pages():
            page.goto(f"{book_url}{name}.html")
            said = page.locator("article :is(p, pre, td, dd, figure img)")
            assert said.count() and said.evaluate_all(HIDDEN) == [], name


def test_a_page_is_as_dark_as_the_reader_s_system(page, book_url):
    for colours, darkest in (("light", 200), ("dark", 0)):
        page.emulate_media(color_scheme=colours)
        open_whole(page, f"{book_url}book/index.html")
        paper = page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)")
        assert darkest <= min(paper[:3]) and max(paper[:3]) <= darkest + 60
    assert page.evaluate("localStorage.length") <= 2  # nothing about who reads


def test_whoever_asks_for_no_motion_gets_none(page, book_url):
    moving = (
        "[...document.querySelectorAll('*')].filter((e) => parseFloat(getComputedStyle(e).transitionDuration)).length"
    )
    open_whole(page, f"{book_url}book/index.html")
    assert page.evaluate(moving) > 0
    page.emulate_media(reduced_motion="reduce")
    assert page.evaluate(moving) == 0


def test_colour_maps_keep_their_lightness_in_the_dark(page, book_url):
    page.emulate_media(color_scheme="dark")
    open_whole(page, f"{book_url}book/practice/choosing-an-activation.html")
    filters = "(images) => images.map((image) => getComputedStyle(image).filter)"
    assert set(page.locator("div.cell_output img.colour-map").evaluate_all(filters)) == {"none"}
    assert all("invert" in f for f in page.locator("div.cell_output img:not(.colour-map)").evaluate_all(filters))


def test_code_can_be_copied_and_outputs_cannot(page, book_url):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    open_whole(page, f"{book_url}book/functions/rectifiers.html")
    inputs, outputs = page.locator("div.cell_input"), page.locator("div.cell_output")
    assert outputs.locator("pre").count() > 0
    assert (inputs.locator("button.copybtn").count(), outputs.locator("button.copybtn").count()) == (inputs.count(), 0)
    inputs.first.hover()
    inputs.first.locator("button.copybtn").click()
    assert page.evaluate("navigator.clipboard.readText()").strip() == inputs.first.locator("pre").inner_text().strip()


def test_the_contents_of_a_page_lead_into_it(page, book_url):
    open_whole(page, f"{book_url}book/functions/rectifiers.html")
    entries = page.locator(".bd-sidebar-secondary nav.page-toc a")
    assert entries.count() == page.locator("article h2, article h3").count() > 3
    entries.last.click()
    page.wait_for_function("document.querySelector(':target')?.getBoundingClientRect().top < innerHeight")


def test_from_the_dark_theme_too_a_page_is_printed_on_white(browser, book_url):
    with watched_page(browser, color_scheme="dark") as page:
        open_whole(page, f"{book_url}book/index.html")
        page.wait_for_selector("html[data-theme=dark]")
        page.evaluate(
            "addEventListener('beforeprint', () => (window.printed = document.documentElement.dataset.theme))"
        )
        page.pdf()
        assert page.evaluate("[window.printed, document.documentElement.dataset.theme]") == ["light", "dark"]


def test_a_formula_is_a_stop_of_the_tab_key_where_it_scrolls_alone(browser, book_url):
    with watched_page(browser, viewport=PHONE) as page:
        open_whole(page, f"{book_url}book/gradients/initialisation.html")
        page.wait_for_function("document.querySelector('mjx-container[tabindex]')")
        assert page.evaluate(
            "[...document.querySelectorAll('mjx-container')].every("
            "(formula) => formula.hasAttribute('tabindex') === formula.scrollWidth > formula.clientWidth"
            " || !formula.hasAttribute('display') && !formula.hasAttribute('tabindex'))"
        )


def shadows(box):
    """Say whether what scrolls has a shadow at its left end and its right: whether most of it differs further in."""
    grey = np.asarray(Image.open(io.BytesIO(box.screenshot())).convert("L"), dtype=int)
    return [bool(np.median(np.abs(grey[:, edge] - grey[:, inside])) > 20) for edge, inside in ((2, 24), (-3, -25))]


@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize(
    ("name", "scrolls"),
    [
        ("functions/rectifiers", ".pst-scrollable-table-container[tabindex='0']"),
        ("gradients/initialisation", "mjx-container[display][tabindex='0']"),
    ],
)
def test_a_shadow_shows_where_something_scrolls_on(browser, book_url, name, scrolls, colours):
    with watched_page(browser, viewport=PHONE, color_scheme=colours) as page:
        open_whole(page, f"{book_url}book/{name}.html")
        box = page.locator(scrolls).first
        box.wait_for()
        assert shadows(box) == [False, True]
        box.evaluate("(box) => box.scrollTo({ left: box.scrollWidth, behavior: 'instant' })")
        assert shadows(box) == [True, False]


def test_on_paper_no_code_is_cut(page, book_url):
    open_whole(page, f"{book_url}book/foundations/why-nonlinearity.html")
    page.set_viewport_size({"width": 560, "height": 800})  # the text of a page of A4
    cut = (
        "[...document.querySelectorAll('article pre')].filter((code) => code.scrollWidth > code.clientWidth + 1).length"
    )
    assert page.evaluate(cut) > 0
    page.emulate_media(media="print")
    assert page.evaluate(cut) == 0


# --- Weight -----------------------------------------------------------------------------------------------------------


def figures(name):
    """Count the figures of a page."""
    source = Path(execute.ROOT / f"{name}.ipynb")
    cells = nbformat.read(source, as_version=4).cells if source.exists() else []
    return sum("figure" in cell.metadata.get("mystnb", {}) for cell in cells)


def test_the_first_page_is_light(browser, book_url):
    assert 50e3 < weigh.transferred(browser, f"{book_url}{PAGES[0]}.html") < 450e3


def test_chapters_of_six_figures_are_light(browser, book_url):
    chapters = [name for name in execute.pages() if 5 <= figures(name) <= 7]
    assert len(chapters) >= 3
    sizes = {name: weigh.transferred(browser, f"{book_url}{name}.html") for name in chapters}
    assert {name: size for name, size in sizes.items() if not 100e3 < size < 800e3} == {}
