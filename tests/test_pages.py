"""The pages of the built book, in a browser, over http and as files of a folder somebody has unzipped."""

import pytest

from tests.browser import html_pages, watched_page


@pytest.mark.parametrize("address", ["https://example.org/a.png", "//example.org/a.js", "http://93.184.216.34/a.png"])
def test_a_request_to_another_host_is_noticed(browser, book_url, address):
    with pytest.raises(AssertionError, match="asks for http"), watched_page(browser) as page:
        page.goto(f"{book_url}search.html")
        page.evaluate(
            "address => new Promise(done => { const image = new Image();"
            "image.onload = image.onerror = done; image.src = address; })",
            address,
        )


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


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_every_page_opens_whole(browser, book_url, unzipped_book, scheme):
    start = book_url if scheme == "http" else f"{unzipped_book.as_uri()}/"
    with watched_page(browser) as page:
        for name in html_pages(unzipped_book):
            page.goto(f"{start}{name}")
            page.wait_for_function("!window.MathJax || MathJax.startup?.promise.then(() => true)")
