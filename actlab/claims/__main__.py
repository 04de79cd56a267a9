"""The command ``python -m actlab.claims``: measure every claim, print what was found, and fail if one does not hold."""

from __future__ import annotations

import argparse
import difflib
from typing import get_args

from actlab.claims import CLAIMS
from actlab.claims.ledger import Verdict
from actlab.claims.measuring import measuring
from actlab.commands import whole


def main(arguments: list[str] | None = None) -> int:
    """Print a line for each claim and return how many do not hold."""
    parser = argparse.ArgumentParser(prog="python -m actlab.claims", description=__doc__)
    parser.add_argument("ids", nargs="*", metavar="id", help="which claims; default: all")
    parser.add_argument("--about", metavar="NAME", help="only those about this activation or subject")
    parser.add_argument("--verdict", choices=get_args(Verdict), help="only those with this verdict")
    parser.add_argument("--fast", action="store_true", help="leave out those that train many networks")
    parser.add_argument("-x", "--exitfirst", action="store_true", help="stop at the first that does not hold")
    parser.add_argument(
        "--workers", type=whole(1), default=1, metavar="N", help="measure in so many processes; default: 1"
    )
    options = parser.parse_args(arguments)
    if unknown := [id for id in options.ids if id not in CLAIMS]:
        near = difflib.get_close_matches(unknown[0], CLAIMS, n=1)
        parser.error(f"there is no claim {', '.join(unknown)}{f'; did you mean {near[0]}?' if near else ''}")
    subjects = sorted({subject for claim in CLAIMS.values() for subject in claim.about})
    if options.about not in (None, *subjects):
        parser.error(f"no claim is about {options.about}; some are about {', '.join(subjects)}")
    chosen = [
        claim
        for claim in CLAIMS.values()
        if claim.id in (options.ids or CLAIMS)
        and (options.about is None or options.about in claim.about)
        and options.verdict in (None, claim.verdict)
        and not (options.fast and claim.slow)
    ]
    if not chosen:
        given = [f"--{name} {value}" for name in ("about", "verdict") if (value := getattr(options, name))]
        parser.error(f"no claim is left by {' '.join([*options.ids, *given, *['--fast'] * options.fast])}")
    measured, failed, left = 0, 0, []
    with measuring(chosen, options.workers) as results:
        for claim, found in zip(chosen, results, strict=True):
            if found is None:
                left.append(claim)
                continue
            holds, sentence = found
            print(f"{'holds' if holds else 'FAILS'}  {claim.verdict:9}  {claim.id}: {sentence}", flush=True)
            measured, failed = measured + 1, failed + (not holds)
            if failed and options.exitfirst:
                break
    print(f"{measured - failed} of {measured} claims hold")
    if left:
        print(f"{len(left)} not measured, for want of {', '.join(sorted({claim.needs for claim in left}))}")
    return failed


if __name__ == "__main__":
    raise SystemExit(min(main(), 1))
