"""Where recorded results come from."""

from __future__ import annotations

import platform
from datetime import date
from types import ModuleType
from typing import Any


def of_run(command: str, *packages: ModuleType, **settings: Any) -> dict[str, Any]:
    """What is recorded beside the results of ``command``: settings, versions of packages, kind of machine, date."""
    return {
        "command": command,
        **settings,
        **{package.__name__: package.__version__ for package in packages},
        "Python": platform.python_version(),
        "machine": platform.machine(),
        "date": date.today().isoformat(),
    }
