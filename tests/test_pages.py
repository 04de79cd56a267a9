"""The pages of the built book in a browser: whole over http and as files, found by search, readable in every way."""

import pytest

from tests.browser import DESK, PAGES, PHONE, open_whole, watched_page

each_page = pytest.mark.parametrize("name", PAGES)

# Every formula that is not set, or set without any width where it should be seen.
RAW_FORMULAS = """() => [...document.querySelectorAll(".math")]
  .filter((formula) => {
    const set = formula.querySelector("mjx-container");
    return !set || (formula.checkVisibility() && !set.getBoundingClientRect().width);
  })
  .map((formula) => formula.textContent)"""
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
    open_whole(page, f"{start}index.html")
    page.keyboard.press("Control+k")
    page.keyboard.type("saturation")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search.html?q=saturation*")
    found = page.locator("#search-results li a").first
    found.click()
    page.wait_for_load_state()
    assert "saturat" in page.locator("article").inner_text().lower()


def test_without_scripts_text_code_and_figures_are_there(browser, book_folder, book_url):
    for name in PAGES[:-2]:
        with watched_page(browser, java_script_enabled=False, viewport=DESK) as page:
            page.goto(f"{book_url}{name}.html")
            hidden = page.locator("article :is(p, pre, figure img, td)").filter(visible=False)
            assert hidden.all_inner_texts() == []
