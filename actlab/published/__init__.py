"""Published numbers, or such as follow, each measured anew: a registry of rows, one module for each subject.

``ROWS`` holds all of them; ``table`` shows them beside ours.
"""

from actlab.published import (  # noqa: F401  (importing them fills the registry)
    dying,
    gates,
    hanin,
    initialisation,
    kernels,
    klambauer,
    pieces,
    signals,
    spectra,
)
from actlab.published.record import (
    ROWS,
    Between,
    Comparison,
    Finding,
    Near,
    Published,
    Rounded,
    published,
)
from actlab.published.report import numbered, sources, table

__all__ = [
    "ROWS", "Between", "Comparison", "Finding", "Near", "Published", "Rounded", "numbered", "published", "sources",
    "table",
]  # fmt: skip
