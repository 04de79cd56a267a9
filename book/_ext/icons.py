"""Sphinx extension: of the theme's two thousand icons, publish those that a page shows.

pydata-sphinx-theme brings Font Awesome whole: 157 kB of its font on every page, and most of the style sheet that a
browser waits for. A rule of an icon stays if a page or a script names the icon, a glyph if a rule that stays shows it.
"""

import re
from pathlib import Path

from fontTools import subset

_ICON = re.compile(r'((?:\.fa-[\w-]+:before,?)+)\{content:"[^"]+"\}')
_NAME = re.compile(r"\bfa-[\w-]+")
_GLYPH = re.compile(r'"\\([0-9a-f]{3,4})"|([\ue000-\uf8ff])')  # icons are in the area for private use
_FONT = re.compile(r'src:url\(([^)]*/fontawesome/[^)]*)\.woff2\) format\("woff2"\),url\([^)]*\.ttf\) format\("\w+"\)')


def shrink(app, exception):
    """Rewrite the style sheets that define icons, and the fonts that they load, in the built book."""
    if exception or app.builder.format != "html":
        return
    folder = Path(app.outdir)
    named = {name for path in folder.rglob("*.html") for name in _NAME.findall(path.read_text("utf-8"))}
    named |= {name for path in (folder / "_static").rglob("*.js") for name in _NAME.findall(path.read_text("utf-8"))}
    sheets = {}
    for sheet in (folder / "_static").rglob("*.css"):
        text = sheet.read_text("utf-8")
        sheets[sheet] = _ICON.sub(lambda rule: rule[0] if named & set(_NAME.findall(rule[1])) else "", text)
    shown = {glyph for text in sheets.values() for glyph in glyphs(text)}
    for sheet, text in sheets.items():
        for font in _FONT.finditer(text):
            _keep(sheet.parent / f"{font[1]}.ttf", shown)
        sheet.write_text(_FONT.sub(r'src:url(\1.woff) format("woff")', text), "utf-8")


def glyphs(text: str) -> set[int]:
    """Return the characters that the rules of a style sheet show."""
    return {int(code, 16) if code else ord(written) for code, written in _GLYPH.findall(text)}


def _keep(font: Path, characters: set[int]) -> None:
    """Write a font that has these glyphs alone beside the whole one, in the format that browsers load."""
    options = subset.Options(flavor="woff", notdef_outline=True, layout_features=[])
    loaded = subset.load_font(font, options)
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=characters)
    subsetter.subset(loaded)
    subset.save_font(loaded, font.with_suffix(".woff"), options)


def setup(app):
    """Register with Sphinx, before what is unused is left out."""
    app.connect("build-finished", shrink, priority=400)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
