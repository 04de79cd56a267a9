"""A figure's JavaScript as one text: an ES module for JupyterLab, a script for pages opened as files.

Browsers refuse modules there.

``scripts/`` holds ES modules, each with named exports and imports of its neighbours; others are generated. In the text
each becomes a namespace of its own, before those that import it. Of the syntax of modules it knows what they use:
``import { a, b } from "./other.js";`` and ``export`` before ``const``, ``function`` or ``class``.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from actlab.widgets import facts, javascript, palette

SCRIPTS = Path(__file__).parent / "scripts"
_GENERATED = {"facts": facts.module, "functions": javascript.module, "palette": palette.module}

_IMPORT = re.compile(r'^import \{\s*(\w+(?:,\s*\w+)*),?\s*\} from "\./(\w+)\.js";$', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:const|function\*?|async function|class) (\w+))", re.MULTILINE)


@cache
def source(name: str) -> str:
    """The text of a module, written by hand or generated.

    Raises
    ------
    ValueError
        If there is no such module.
    """
    if name in _GENERATED:
        return _GENERATED[name]()
    path = SCRIPTS / f"{name}.js"
    if not path.exists():
        known = sorted([*_GENERATED, *(path.stem for path in SCRIPTS.glob("*.js"))])
        raise ValueError(f"no module {name!r} among those of the figures: {', '.join(known)}")
    return path.read_text(encoding="utf-8")


@cache
def module(name: str) -> str:
    """The figure ``name`` as an ES module whose default export has ``render``, as anywidget takes it."""
    return f"{_joined([name, 'closing'])}export default {{ render: closing_js.closing({name}_js.render) }};\n"


@cache
def script(name: str) -> str:
    """The figure ``name`` as a script that starts every such figure of the page."""
    return f'(() => {{\n"use strict";\n{_joined([name, "page"])}page_js.start("{name}", {name}_js.render);\n}})();\n'


def write(folder: Path, *names: str) -> None:
    """Write modules, and what they import, into a folder as files."""
    for each in _order(names):
        (folder / f"{each}.js").write_text(source(each), encoding="utf-8")


def stylesheet() -> str:
    """What figures look like."""
    return (SCRIPTS / "figure.css").read_text(encoding="utf-8")


def _order(names) -> list[str]:
    """The modules and those that they import, each after what it imports."""
    order, open_ = [], []

    def visit(name: str) -> None:
        if name in open_:
            raise ValueError(f"modules import each other in a circle: {' -> '.join([*open_, name])}")
        if name in order:
            return
        open_.append(name)
        for _, other in _IMPORT.findall(source(name)):
            visit(other)
        order.append(open_.pop())

    for name in names:
        visit(name)
    return order


def _joined(names) -> str:
    return "".join(map(_namespace, _order(names)))


def _namespace(name: str) -> str:
    text = source(name)
    exports = _EXPORT.findall(text)
    text = _IMPORT.sub(lambda found: f"const {{ {' '.join(found[1].split())} }} = {found[2]}_js;", text)
    text = _EXPORT.sub("", text)
    if left := re.search(r"^(?:import|export)\b.*", text, re.MULTILINE):
        raise ValueError(f"{name}.js: only named imports and exports of declarations can be joined, not {left[0]!r}")
    # The namespace of plot.js is not called plot: a module that imports `plot` from it could not see it.
    return f"const {name}_js = (() => {{\n{text}\nreturn {{ {', '.join(exports)} }};\n}})();\n\n"
