"""Sphinx extension: leave out of the built book the static files that no page uses, and MathJax where no formula is.

Themes and extensions copy everything that they have: source maps, icons for authors, translations. A file is used if
its name stands in a page, or in a style sheet or script that is used.
"""

import re
from pathlib import Path

_NAME = re.compile(r"[\w.@+-]+\.\w+")
_TEXT = {".css", ".js", ".svg"}


def used(folder: Path) -> set[Path]:
    """Return the files of `_static` that the pages in a folder need, and the licences of what is in it."""
    static = folder / "_static"
    # A source map is named at the end of its script, but no page asks for it.
    files = [path for path in static.rglob("*") if path.is_file() and path.suffix != ".map"]
    found = {path for path in files if path.name.startswith("LICENSE")}
    pages = (path for path in folder.rglob("*.html") if static not in path.parents)
    names = {name for page in pages for name in _names(page)}
    while new := {path for path in files if path.name in names} - found:
        found |= new
        names |= {name for path in new if path.suffix in _TEXT for name in _names(path)}
    return found


def _names(path: Path) -> set[str]:
    return set(_NAME.findall(path.read_text("utf-8")))


def remove(app, exception):
    """Remove the others, and the folders that this leaves empty."""
    if exception or app.builder.format != "html":
        return
    folder = Path(app.outdir)
    keep = used(folder)
    for path in sorted((folder / "_static").rglob("*"), reverse=True):  # a folder after what is in it
        if path.is_file() and path not in keep:
            path.unlink()
        elif path.is_dir() and not any(path.iterdir()):
            path.rmdir()


def leave_out_mathjax(app, pagename, templatename, context, doctree):
    """Load no MathJax for the sake of other pages: Sphinx gives it to a page if any page below it has a formula."""
    if not app.env.get_domain("math").data["has_equations"].get(pagename):
        context["script_files"] = [file for file in context["script_files"] if not _is_mathjax(app, file)]


def _is_mathjax(app, file) -> bool:
    settings = (file.attributes.get("body") or "").startswith("window.MathJax")
    return settings or file.filename == f"_static/{app.config.mathjax_path}"


def setup(app):
    """Register with Sphinx; the scripts of a page are known after the handlers of the usual priority."""
    app.connect("html-page-context", leave_out_mathjax, priority=900)
    app.connect("build-finished", remove)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
