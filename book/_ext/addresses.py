"""Sphinx extension: everything that follows from the address of the repository, `repository: url` in `_config.yml`.

These are the links that open a notebook in Binder and in Colab, and the address of each page, which a site that shows a
preview of it needs. Without an address the book has no such links: a dead link is worse than none.
"""

import html
import re
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from docutils import nodes
from sphinx.errors import ConfigError

_HOSTS = {"github.com": "github.io", "gitlab.com": "gitlab.io"}
_IMAGE = "_static/page.png"
_IMAGE_ALT = "A page of the book: histograms of the final losses of ten thousand networks"


def configure(app, config):
    """Derive the address of the built book, and leave out the launch links that the repository cannot have."""
    options = config.html_theme_options
    host, owner, name = _parts(options.get("repository_url", ""))
    launch = options.get("launch_buttons", {})
    if not host:
        launch = {}
    elif host != "github.com":
        launch.pop("colab_url", None)  # Colab opens notebooks from GitHub alone
    options["launch_buttons"] = launch
    if host and not config.html_baseurl:
        config.html_baseurl = f"https://{owner}.{_HOSTS[host]}/{name}/"


def _parts(url: str) -> tuple[str, str, str]:
    """Split an address into host, owner and name; of no address all are empty."""
    if not url:
        return "", "", ""
    parts = urlsplit(url)
    path = parts.path.strip("/").removesuffix(".git").split("/")
    if parts.scheme != "https" or parts.netloc not in _HOSTS or len(path) != 2:
        raise ConfigError(
            f"repository: url: {url!r} in _config.yml; expected https://github.com/OWNER/NAME, or gitlab.com"
        )
    return parts.netloc, *path


def first_sentence(doctree: nodes.document) -> str:
    """Return the first sentence of a page's text, which says what the page is about."""
    paragraphs = (node for node in doctree.findall(nodes.paragraph) if isinstance(node.parent, nodes.section))
    text = " ".join(next(paragraphs, nodes.Text("")).astext().replace("\\", "").split())  # of \\tanh the name
    return re.split(r"(?<=[.?!:]) (?=[A-Z])", text)[0]


def describe(app, pagename, templatename, context, doctree):
    """Give a page the description that a search engine and a preview of a link show."""
    if not doctree:
        return
    description = first_sentence(doctree)
    tags = {
        "og:title": app.env.titles[pagename].astext(),
        "og:description": description,
        "og:type": "website" if pagename == app.config.root_doc else "article",
        "og:site_name": app.config.html_title,
    }
    if site := app.config.html_baseurl:
        tags |= {
            "og:url": urljoin(site, app.builder.get_target_uri(pagename)),
            "og:image": urljoin(site, _IMAGE),
            "og:image:alt": _IMAGE_ALT,
        }
    lines = [f'<meta name="description" content="{html.escape(description)}" />']
    lines += [f'<meta property="{key}" content="{html.escape(value)}" />' for key, value in tags.items()]
    context["metatags"] += "\n".join(["", *lines, ""])


def lead_to_the_first_page(app, exception):
    """Write the page that a browser opens at the root, which leads to the first one.

    sphinx-external-toc would write it without an icon, for which browsers then ask the server in vain.
    """
    if exception or app.builder.format != "html" or app.config.root_doc == "index":
        return
    target, title = app.builder.get_target_uri(app.config.root_doc), html.escape(app.config.html_title)
    page = f"""<!DOCTYPE html>
<html lang="{app.config.language}">
<head>
<meta charset="utf-8" />
<title>{title}</title>
<meta http-equiv="Refresh" content="0; url={target}" />
<link rel="icon" href="_static/{Path(app.config.html_favicon).name}" />
</head>
<body><a href="{target}">{title}</a></body>
</html>
"""
    (Path(app.outdir) / "index.html").write_text(page, encoding="utf-8")


def prepare_colab(app, pagename, templatename, context, doctree):
    """Say on the link to Colab what a notebook needs there, where the package is not installed."""
    for group in context.get("header_buttons", []):
        for button in group.get("buttons", []):
            if button["text"] == "Colab":
                url = app.config.html_theme_options["repository_url"]
                button["tooltip"] = f"Open in Colab; there first run: %pip install git+{url}"


def setup(app):
    """Register with Sphinx; the links of the launch group exist after the theme's handler, of priority 501."""
    app.connect("config-inited", configure)
    app.connect("html-page-context", describe)
    app.connect("html-page-context", prepare_colab, priority=600)
    app.connect("build-finished", lead_to_the_first_page, priority=100)  # before the page without an icon is written
    return {"parallel_read_safe": True, "parallel_write_safe": True}
