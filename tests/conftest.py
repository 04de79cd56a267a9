"""Settings and fixtures that all tests share, and what a run tells at its end."""

import shutil

import blas
import chromium
import pytest
import serving
from hypothesis import settings
from playwright.sync_api import sync_playwright

from tests import browser as browsers

# Before anything imports numpy; the workers and the kernels of the notebooks, which are started later, inherit it.
blas.pin()

# The same examples on every run, and no limit on the time of one: a busy machine is no defect of the code.
settings.register_profile("actlab", derandomize=True, deadline=None, database=None)
settings.load_profile("actlab")


@pytest.fixture(scope="session")
def book_folder():
    """Give the folder of the built book."""
    return browsers.built_book()


@pytest.fixture(scope="session")
def book_url(book_folder):
    """Give the address of the built book on this machine, with a slash at its end."""
    with serving.serve(book_folder) as address:
        yield address


@pytest.fixture(scope="session")
def unzipped_book(book_folder, tmp_path_factory):
    """Give the folder in which somebody has unzipped the built book, to be opened as files."""
    folder = tmp_path_factory.mktemp("unzipped")
    archive = shutil.make_archive(str(folder / "book"), "zip", book_folder)
    shutil.unpack_archive(archive, folder / "the book, unzipped")  # people's folders have spaces
    return folder / "the book, unzipped"


# Not for the session: while Playwright runs there is a running event loop, in which the notebooks cannot be executed.
@pytest.fixture(scope="module")
def browser():
    """Give a browser without a window, which knows no host but this machine; without one, skip the test."""
    if not chromium.find():
        pytest.skip(chromium.MISSING)
    with sync_playwright() as playwright, chromium.launch(playwright) as browser:
        yield browser


@pytest.fixture
def page(browser):
    """Give an empty page; the test fails if anything goes wrong on what it opens or another host is asked."""
    with browsers.watched_page(browser, viewport=browsers.DESK) as page:
        yield page


@pytest.fixture(scope="module")
def visit(browser):
    """Give a context for the pages of one file, which keeps the scripts that all of them load."""
    with browser.new_context(viewport=browsers.DESK) as context:
        yield context


@pytest.fixture
def next_page(visit):
    """Give an empty page like `page`, in a context that has seen others."""
    with browsers.watched_page(visit) as page:
        yield page


def pytest_terminal_summary(terminalreporter):
    """Print the mutation scores of the assignments, whichever worker measured them, and why no browser was used."""
    stats = terminalreporter.stats
    reports = [report for kind in ("passed", "failed") for report in stats.get(kind, [])]
    scores = {text for report in reports for name, text in report.user_properties if name == "mutation score"}
    if scores:
        terminalreporter.section("wrong answers that the exercises' tests reject")
        for text in sorted(scores):
            terminalreporter.write_line(text)
    if skipped := sum(chromium.MISSING in str(report.longrepr) for report in stats.get("skipped", [])):
        terminalreporter.write_line(f"{skipped} tests in a browser skipped, {chromium.MISSING}")
