"""A Sphinx extension, with a renderer for MyST-NB: figures that move in the pages of a book, without a kernel.

A stored notebook holds of such a figure its script's name, its state and a still image, or a text. The page gets the
still image and the state, and loads the script, which puts the moving figure in the image's place; pages without one
load nothing.
"""

from __future__ import annotations

import json
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform

from actlab.widgets import bundle
from actlab.widgets.base import MIME

IMAGE, TEXT = "image/svg+xml", "text/markdown"
STYLESHEET = "figure.css"


class FigureRenderer:
    """Turns the stored state of a figure into an element of the page; `pyproject.toml` names it to MyST-NB."""

    mime_priority_overrides = (("html", MIME, 1),)

    @staticmethod
    def handle_mime(renderer, data, inline) -> list[nodes.Element] | None:
        """The state as a script of data, which browsers do not run; None for what is no figure."""
        if data.mime_type != MIME:
            return None
        state = json.dumps(data.content["state"]).replace("<", r"\u003c")
        script = nodes.raw("", f'<script type="application/json">{state}</script>', format="html")
        script["figure"] = data.content["script"]
        return [script]


class PlaceFigures(SphinxPostTransform):
    """Put each figure's state beside its still image or its text, in one element that the script finds."""

    default_priority = 3  # before MyST-NB chooses one of the two
    formats = ("html",)

    def run(self, **kwargs) -> None:
        """Do so in one page."""
        used: list[str] = []
        for outputs in list(self.document.findall(_is_bundle)):
            kinds = {child["mime_type"]: child for child in outputs.children}
            if MIME not in kinds:
                continue
            (state,) = kinds[MIME].children
            script = state["figure"]
            used.append(script)
            identity = script if used.count(script) == 1 else f"{script}-{used.count(script)}"
            opening = f'<div class="live-figure" id="{identity}" data-figure="{script}">'
            if IMAGE in kinds:
                still = kinds[IMAGE].children
            else:
                still = [_html('<div class="live-still">'), *kinds[TEXT].children, _html("</div>")]
            kinds[MIME].children = [_html(opening), state, *still, _html("</div>")]


def _is_bundle(node: nodes.Node) -> bool:
    return isinstance(node, nodes.container) and node.get("nb_element") == "mime_bundle"


def _html(text: str) -> nodes.raw:
    return nodes.raw("", text, format="html")


def _scripts(doctree: nodes.document) -> set[str]:
    return {node["figure"] for node in doctree.findall(nodes.raw) if "figure" in node}


def _note_scripts(app: Sphinx, doctree: nodes.document) -> None:
    app.env.metadata[app.env.docname]["figures"] = ",".join(sorted(_scripts(doctree)))


def _scripts_of(app: Sphinx, page: str) -> list[str]:
    return list(filter(None, app.env.metadata.get(page, {}).get("figures", "").split(",")))


def _write(app: Sphinx, env) -> list[str]:
    """Write the scripts of all pages, those of pages that are not read anew, too: the package may have changed.

    Returns the pages of which something has changed: each asks for a file with its checksum, and so is written anew.
    """
    if app.builder.format != "html":
        return []
    static = Path(app.outdir) / "_static"
    static.mkdir(parents=True, exist_ok=True)
    pages = {page: _scripts_of(app, page) for page in env.all_docs}
    changed = {
        name
        for name in {name for names in pages.values() for name in names}
        if _replace(static / f"{name}.js", bundle.script(name))
    }
    restyled = _replace(static / STYLESHEET, bundle.stylesheet())
    return [page for page, names in pages.items() if changed.intersection(names) or (restyled and names)]


def _replace(path: Path, text: str) -> bool:
    """Give a file this text, and say whether it had another one."""
    if path.exists() and path.read_text("utf-8") == text:
        return False
    path.write_text(text, encoding="utf-8")
    return True


def _load(app: Sphinx, page: str, template: str, context: dict, doctree: nodes.document | None) -> None:
    if scripts := _scripts_of(app, page):
        app.add_css_file(STYLESHEET)
    for name in scripts:
        app.add_js_file(f"{name}.js", loading_method="defer")


def setup(app: Sphinx) -> dict:
    """Register the extension."""
    app.add_post_transform(PlaceFigures)
    app.connect("doctree-read", _note_scripts)
    app.connect("env-updated", _write)
    app.connect("html-page-context", _load)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
