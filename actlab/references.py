"""The bibliography, read from ``references.bib``, which the book's pages cite from too."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

PATH = Path(__file__).with_name("references.bib")


@dataclass(frozen=True)
class Reference:
    """One entry of the bibliography. ``url`` is the DOI as a link, or the entry's own link, or empty."""

    key: str
    authors: tuple[str, ...]
    title: str
    year: int
    venue: str
    url: str

    @property
    def short(self) -> str:
        """The reference as it is cited in a text: surnames and year."""
        names = [author.split()[-1] for author in self.authors]
        shown = f"{names[0]} et al." if len(names) > 2 else " and ".join(names)
        return f"{shown} ({self.year})"

    def __str__(self) -> str:
        return f"{', '.join(self.authors)} ({self.year}). {self.title}. {self.venue}. {self.url}".strip()


@cache
def _entries() -> dict[str, Reference]:
    from pybtex.database import parse_file

    return {key: _reference(key, entry) for key, entry in parse_file(str(PATH)).entries.items()}


def _reference(key: str, entry) -> Reference:
    from pybtex.richtext import Text

    def plain(latex: str) -> str:
        return str(Text.from_latex(latex))

    people = [(*person.first_names, *person.prelast_names, *person.last_names) for person in entry.persons["author"]]
    fields = {name: value if name in ("doi", "url") else plain(value) for name, value in entry.fields.items()}
    return Reference(
        key=key,
        authors=tuple(plain(" ".join(names)) for names in people),
        title=fields["title"],
        year=int(fields["year"]),
        venue=fields.get("journal") or fields.get("booktitle") or fields.get("publisher", ""),
        url=f"https://doi.org/{fields['doi']}" if "doi" in fields else fields.get("url", ""),
    )


def get(key: str) -> Reference:
    """The entry with that citation key."""
    if key not in _entries():
        raise ValueError(f"no reference {key!r}; references.bib holds {', '.join(sorted(_entries()))}")
    return _entries()[key]
