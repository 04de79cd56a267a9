"""Every page of the built book on a desk and on a phone, in light and in dark, as axe-core judges it."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser import DESK, PAGES, PHONE, open_whole

# To judge the contrast of every word takes axe seconds a page: of words of the same colours, size and weight it gets
# the first on each ground.
MARK_SAMPLES = """() => {
  document.querySelectorAll("[data-sample]").forEach((element) => element.removeAttribute("data-sample"));
  const seen = new Set();
  for (const element of document.body.querySelectorAll("*")) {
    if (![...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim())) continue;
    if (!element.checkVisibility({ visibilityProperty: true })) continue;
    const style = getComputedStyle(element);
    const look = [style.color, style.fontSize, style.fontWeight];
    for (let around = element; around; around = around.parentElement) {
      const { backgroundColor, backgroundImage, opacity, filter } = getComputedStyle(around);
      look.push(backgroundColor === "rgba(0, 0, 0, 0)" ? "" : backgroundColor, backgroundImage, opacity, filter);
    }
    const key = look.filter((part) => !["", "none", "1"].includes(part)).join();
    if (!seen.has(key)) element.setAttribute("data-sample", "");
    seen.add(key);
  }
}"""
CONTRAST = ["color-contrast"]
# The theme notices half a second after a change of the width what scrolls sideways, and must be reached by Tab.
SETTLED = """[...document.querySelectorAll("pre, .pst-scrollable-table-container")].every(
  (box) => box.scrollWidth <= box.clientWidth || box.tabIndex >= 0
)"""


def violations(page):
    """List the violations of all of axe's rules, those of good practice too, with the elements."""
    page.evaluate(MARK_SAMPLES)
    options = {"resultTypes": ["violations"], "preload": False}  # else axe fetches style sheets again
    all_else = Axe().run(page, options={**options, "rules": {CONTRAST[0]: {"enabled": False}}})
    contrast = Axe().run(page, context={"include": [["[data-sample]"]]}, options={**options, "runOnly": CONTRAST})
    return [
        f"{violation['id']}: {node['html'][:200]} {node['failureSummary']}"
        for result in (all_else, contrast)
        for violation in result.response["violations"]
        for node in violation["nodes"]
    ]


@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing(next_page, book_url, name):
    next_page.emulate_media(reduced_motion="reduce")  # colours change at once
    open_whole(next_page, f"{book_url}{name}.html")
    for width in (DESK, PHONE):
        next_page.set_viewport_size(width)
        next_page.wait_for_function(SETTLED)
        for colours in ("light", "dark"):
            next_page.emulate_media(color_scheme=colours)
            next_page.wait_for_selector(f"html[data-theme={colours}]")
            assert violations(next_page) == [], f"{width['width']} px, {colours}"


@pytest.mark.parametrize(
    ("mistake", "rule"),
    [
        ("<img src='data:,'>", "image-alt"),
        ("<p style='color: #999'>pale</p>", "color-contrast"),
        ("<input>", "label"),
        ("<h6>too deep</h6>", "heading-order"),
    ],
)
def test_axe_would_find_a_mistake(page, book_url, mistake, rule):
    open_whole(page, f"{book_url}{PAGES[0]}.html")
    page.locator("article").evaluate("(article, html) => article.insertAdjacentHTML('beforeend', html)", mistake)
    assert any(found.startswith(f"{rule}:") for found in violations(page))
