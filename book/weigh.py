"""Print for each page of the built book what it transfers and how soon its largest part is painted, on a slow line.

The pages are served with gzip to a browser without a cache. Bytes are those that arrive, with their headers; the line
has 1.6 Mbit/s and answers after 150 ms. The time depends on the machine as well: run nothing beside it.
"""

import argparse
import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import chromium
import execute
import serving
from playwright.sync_api import Browser, Page, sync_playwright

SLOW_LINE = {"offline": False, "latency": 150, "downloadThroughput": 1.6e6 / 8, "uploadThroughput": 1.6e6 / 8}
#: The last candidate for the largest contentful paint, in ms, which the browser tells when it is asked.
_LARGEST_PAINT = """() => new Promise((done) => {
  const observer = new PerformanceObserver((list) => done(list.getEntries().at(-1).startTime));
  observer.observe({ type: "largest-contentful-paint", buffered: true });
})"""


@contextmanager
def fresh_page(browser: Browser, line: dict | None = None) -> Iterator[tuple[Page, list[float]]]:
    """Open a page without a cache, behind a slow line if one is given, with a list of the bytes of each answer."""
    received: list[float] = []
    with browser.new_context(viewport={"width": 1280, "height": 900}) as context:
        page = context.new_page()
        session = context.new_cdp_session(page)
        session.on("Network.loadingFinished", lambda answer: received.append(answer["encodedDataLength"]))
        session.send("Network.enable")
        if line:
            session.send("Network.emulateNetworkConditions", line)
        yield page, received


def transferred(browser: Browser, address: str) -> int:
    """Return how many bytes a page brings with it, its formulas set."""
    with fresh_page(browser) as (page, received):
        page.goto(address)
        page.wait_for_load_state("networkidle")
        return int(sum(received))


def largest_paint(browser: Browser, address: str) -> float:
    """Return when the largest part of a page was painted on the slow line, in ms."""
    with fresh_page(browser, SLOW_LINE) as (page, _):
        page.goto(address, timeout=60_000)
        page.wait_for_load_state("networkidle")
        return page.evaluate(_LARGEST_PAINT)


def weigh(folder: Path, pages: list[str], repeats: int) -> Iterator[str]:
    """Give a line for each page."""
    with serving.serve(folder) as url, sync_playwright() as playwright, chromium.launch(playwright) as browser:
        for page in pages:
            address = f"{url}{page}.html"
            size = transferred(browser, address)
            paint = statistics.median(largest_paint(browser, address) for _ in range(repeats))
            yield f"{size / 1000:7.0f} kB {paint:7.0f} ms  {page}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("page", nargs="*", help="as _toc.yml names it; default: every page")
    parser.add_argument("--folder", type=Path, default=execute.ROOT / "_build" / "html", help="where the book is built")
    parser.add_argument(
        "--repeats", type=int, default=3, help="loads of each page, of which the middle time is printed"
    )
    args = parser.parse_args()
    if not chromium.find():
        parser.error(chromium.MISSING)
    if not (args.folder / "index.html").exists():
        parser.error(f"no built book in {args.folder}: run jupyter-book build .")
    for line in weigh(args.folder, args.page or execute.pages(), args.repeats):
        print(line, flush=True)
