"""The built book in a browser: what the fixtures `book_folder`, `unzipped_book` and `page` are made of."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import execute
from filelock import FileLock
from playwright.sync_api import Browser, BrowserContext, Page

ROOT = execute.ROOT
#: What the built book depends on, with the package, since extensions of the book may import it.
_SOURCES = ("_config.yml", "_toc.yml", "requirements.txt", "actlab", "book")
_BUILT = ROOT / "_build" / "tested"
_JUPYTER_BOOK = "from jupyter_book.cli.main import main; main()"


def built_book() -> Path:
    """Return the folder of the built book, which is built unless one of just these sources is there.

    Several workers share it: the first builds, the others wait.
    """
    folder = _BUILT / _digest()
    html = folder / "_build" / "html"
    _BUILT.mkdir(parents=True, exist_ok=True)
    with FileLock(_BUILT / "lock"):
        if not (folder / "built").exists():
            for old in _BUILT.glob("*/"):
                shutil.rmtree(old)
            command = ["-c", _JUPYTER_BOOK, "build", ".", "-W", "-n", "--keep-going", "--path-output", str(folder)]
            done = subprocess.run(
                [sys.executable, *command], cwd=ROOT, capture_output=True, text=True, check=False, timeout=600
            )
            assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
            (folder / "built").touch()
    return html


def _digest() -> str:
    digest = hashlib.sha256()
    for file in sorted(file for name in _SOURCES for file in (ROOT / name, *(ROOT / name).rglob("*"))):
        if file.is_file() and "__pycache__" not in file.parts and ".ipynb_checkpoints" not in file.parts:
            digest.update(f"{file.relative_to(ROOT)}\0{file.stat().st_size}\0".encode() + file.read_bytes())
    return digest.hexdigest()[:16]


def html_pages(folder: Path) -> list[str]:
    """Return the pages of a built book: those of the table of contents, the search, and the index if there is one."""
    extra = [name for name in ("search", "genindex") if (folder / f"{name}.html").exists()]
    return [f"{name}.html" for name in (*execute.pages(), *extra)]


def watch(context: BrowserContext, trouble: list[str]) -> None:
    """Add to a list whatever goes wrong on the pages of a context, and every request to another host."""
    context.on("request", lambda request: _foreign(request.url) and trouble.append(f"asks for {request.url}"))
    # What has not arrived when the test opens the next page is aborted, which is no failure.
    context.on(
        "requestfailed",
        lambda request: "ERR_ABORTED" in request.failure or trouble.append(f"{request.failure}: {request.url}"),
    )
    context.on("response", lambda answer: answer.status < 400 or trouble.append(f"{answer.status}: {answer.url}"))
    context.on("console", lambda said: said.type == "error" and trouble.append(f"console: {said.text}"))
    context.on("weberror", lambda raised: trouble.append(f"raised: {raised.error}"))


def _foreign(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme not in {"file", "data", "blob", "about"} and parts.hostname != "127.0.0.1"


@contextmanager
def watched_page(browser: Browser, **options) -> Iterator[Page]:
    """Open a page in a context of its own, and fail in the end if anything went wrong on it or was asked elsewhere."""
    trouble: list[str] = []
    with browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options}) as context:
        watch(context, trouble)
        yield context.new_page()
    assert not trouble, "\n".join(dict.fromkeys(trouble))
