"""Codes under two key versions at once: how an institution answers while it changes its key."""

from collections.abc import Sequence

import attrs

from kumihimo.kernel.group import Point, Scalar, invert, multiply


@attrs.frozen
class Step:
    """The scalar that carries every code of this institution from one version to the next."""

    old: int
    new: int
    scalar: Scalar


def candidates(code: Point, version: int, steps: Sequence[Step]) -> list[tuple[int, Point]]:
    """Return the same person's code under every version that a row may still or already have."""
    found = [(version, code)]
    for step in steps:
        if step.old == version:
            found.append((step.new, multiply(step.scalar, code)))
        elif step.new == version:
            found.append((step.old, multiply(invert(step.scalar), code)))
    return found
