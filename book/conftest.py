"""What nbval compares: of a notebook that students get, nothing, since it has no outputs; that it runs is tested."""

import execute
from nbval.plugin import IPyNbCell


def pytest_collection_modifyitems(items):
    """Compare no outputs in the released notebooks of the assignments."""
    released = execute.releases()
    for item in items:
        if isinstance(item, IPyNbCell) and item.parent.path in released:
            item.options["check"] = False
