"""Where the browser is that the book is tested and measured in: Debian's Chromium, or the one that the user has.

As a script it prints the browser's path, and fails where there is none. It needs the standard library alone, so that
`.ci/run` can ask before anything is installed.
"""

import os
import shutil
import sys
from functools import cache
from pathlib import Path

MISSING = "no Chromium found: `sudo apt-get install chromium`, `.venv/bin/playwright install chromium`, or CHROME_BIN"

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_MACOS = ("Google Chrome", "Chromium")

#: The pages are our own, so that the sandbox, which root and many containers cannot have, protects nothing. No name of
#: another host has an address: what a page asks of one fails as it does with the network unplugged.
ARGUMENTS = ("--no-sandbox", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1")


@cache
def find() -> str | None:
    """Return the path of a Chromium: what CHROME_BIN names, one on the path, or the one that Playwright installs."""
    if chosen := os.environ.get("CHROME_BIN"):
        if not (path := shutil.which(chosen)):
            raise FileNotFoundError(f"CHROME_BIN={chosen!r} is no program")
        return path
    applications = (f"/Applications/{name}.app/Contents/MacOS/{name}" for name in _MACOS)
    return next(filter(None, map(shutil.which, (*_NAMES, *applications))), None) or _playwright()


def _playwright() -> str | None:
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return None
    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def launch(playwright):
    """Start the browser without a window in a running Playwright."""
    return playwright.chromium.launch(executable_path=find(), args=list(ARGUMENTS))


if __name__ == "__main__":
    sys.exit(print(find()) if find() else MISSING)
