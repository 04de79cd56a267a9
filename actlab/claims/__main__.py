"""The command ``python -m actlab.claims``: measure every claim, print what was found, and fail if one does not hold."""

from __future__ import annotations

import argparse

from actlab.claims import CLAIMS


def main(arguments: list[str] | None = None) -> int:
    """Print a line for each claim and return how many do not hold."""
    parser = argparse.ArgumentParser(prog="python -m actlab.claims", description=__doc__)
    parser.add_argument("ids", nargs="*", metavar="id", help="which claims; default: all")
    parser.add_argument("--fast", action="store_true", help="leave out those that train many networks")
    options = parser.parse_args(arguments)
    if unknown := [id for id in options.ids if id not in CLAIMS]:
        parser.error(f"there is no claim {', '.join(unknown)}")
    chosen = [c for c in CLAIMS.values() if c.id in (options.ids or CLAIMS) and not (options.fast and c.slow)]
    failed, left = 0, []
    for claim in chosen:
        try:
            failed += not claim.holds
        except ImportError:
            if not claim.needs:
                raise
            left.append(claim)
            continue
        print(f"{'holds' if claim.holds else 'FAILS'}  {claim.verdict:9}  {claim.id}: {claim.sentence()}", flush=True)
    measured = len(chosen) - len(left)
    print(f"{measured - failed} of {measured} claims hold")
    if left:
        print(f"{len(left)} not measured, for want of {', '.join(sorted({claim.needs for claim in left}))}")
    return failed


if __name__ == "__main__":
    raise SystemExit(min(main(), 1))
