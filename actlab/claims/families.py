"""The networks that come with Keras, read as text: what they use is seen without building any of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

from actlab import peers


@cache
def keras_families() -> Mapping[str, str]:
    """The source files of ``keras.applications`` in which networks are defined, as text by name."""
    folder = Path(peers.at("keras", "__file__")).parent / "src" / "applications"
    texts = {path.stem: path.read_text("utf-8") for path in sorted(folder.glob("*.py"))}
    # What a network's function is published under, such as keras.applications.VGG16.
    published = re.compile(r"\"keras\.applications\.[A-Z]\w+\"")
    return MappingProxyType({name: text for name, text in texts.items() if published.search(text)})


def keras_version() -> str:
    """The version of Keras that is installed."""
    return peers.at("keras", "__version__")
