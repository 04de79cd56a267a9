"""The built book in a browser: what the fixtures `book_folder`, `unzipped_book` and `page` are made of."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import execute
from filelock import FileLock
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

ROOT = execute.ROOT
DESK, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
#: Every page: those of the table of contents, and the two that Sphinx adds.
PAGES = (*execute.pages(), "search", "genindex")
#: What the built book depends on, with the package, since extensions of the book may import it.
_SOURCES = ("_config.yml", "_toc.yml", "requirements.txt", "actlab", "book")
_BUILT = ROOT / "_build" / "tested"
_JUPYTER_BOOK = "from jupyter_book.cli.main import main; main()"


def built_book() -> Path:
    """Return the folder of the built book, which is built unless one of just these sources is there.

    Several workers share it: the first builds, the others wait.
    """
    folder = _BUILT / _digest()
    _BUILT.mkdir(parents=True, exist_ok=True)
    with FileLock(_BUILT / "lock"):
        if not (folder / "built").exists():
            for old in _BUILT.glob("*/"):
                if time.time() - old.stat().st_mtime > 86_400:  # another run may still be reading a younger one
                    shutil.rmtree(old)
            build(ROOT, folder)
            (folder / "built").touch()
    return folder / "_build" / "html"


def build(source: Path, folder: Path) -> Path:
    """Build a book as strictly as README.md does, and return where its pages are."""
    command = ["-c", _JUPYTER_BOOK, "build", ".", "-W", "-n", "--keep-going", "--path-output", str(folder)]
    done = subprocess.run(
        [sys.executable, *command], cwd=source, capture_output=True, text=True, check=False, timeout=600
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return folder / "_build" / "html"


def _digest() -> str:
    digest = hashlib.sha256()
    for file in sorted(file for name in _SOURCES for file in (ROOT / name, *(ROOT / name).rglob("*"))):
        if file.is_file() and "__pycache__" not in file.parts and ".ipynb_checkpoints" not in file.parts:
            digest.update(f"{file.relative_to(ROOT)}\0{file.stat().st_size}\0".encode() + file.read_bytes())
    return digest.hexdigest()[:16]


def watch(page: Page, trouble: list[str]) -> None:
    """Add to a list whatever goes wrong on a page, and every request to another host."""
    page.on("request", lambda request: _foreign(request.url) and trouble.append(f"asks for {request.url}"))
    # What has not arrived when the test opens the next page is aborted, which is no failure.
    page.on(
        "requestfailed",
        lambda request: "ERR_ABORTED" in request.failure or trouble.append(f"{request.failure}: {request.url}"),
    )
    page.on("response", lambda answer: answer.status < 400 or trouble.append(f"{answer.status}: {answer.url}"))
    page.on("console", lambda said: said.type == "error" and trouble.append(_said(said)))
    page.on("pageerror", lambda error: trouble.append(f"raised: {error}"))


def _said(message: ConsoleMessage) -> str:
    return f"console: {message.text} ({message.location['url']})"


def _foreign(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme not in {"file", "data", "blob", "about"} and parts.hostname != "127.0.0.1"


@contextmanager
def watched_page(browser: Browser | BrowserContext, **options) -> Iterator[Page]:
    """Open a page, of a browser in a context of its own; fail in the end if anything went wrong on it."""
    trouble: list[str] = []
    page = browser.new_page(**options)
    watch(page, trouble)
    try:
        yield page
    finally:
        page.close()
    assert not trouble, "\n".join(dict.fromkeys(trouble))


def open_whole(page: Page, address: str) -> None:
    """Open a page and wait until it has loaded and its formulas are set."""
    page.goto(address)
    page.wait_for_function("!window.MathJax || MathJax.startup?.promise.then(() => true)")
