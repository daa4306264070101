"""The ledger's codes of persons under several versions of its key: how it answers amid a change."""

from collections.abc import Sequence

import attrs

from kumihimo.kernel.group import Point, Scalar, invert, multiply


class VersionForgotten(ValueError):
    """A code stands under a key version whose way to the present one was forgotten."""


@attrs.frozen(repr=False)
class Coded:
    """The ledger's code of a person under one version of its key."""

    version: int
    code: Point


@attrs.frozen
class Step:
    """The scalar that carries every code from version `old` to `new`; None once forgotten."""

    old: int
    new: int
    scalar: Scalar | None


def carried(person: Coded, steps: Sequence[Step]) -> Coded:
    """Return the person's code under the newest version that the steps lead to.

    Raises `VersionForgotten` when a step on the way has no scalar any more.
    """
    ahead = {step.old: step for step in steps}
    while (step := ahead.get(person.version)) is not None:
        if step.scalar is None:
            raise VersionForgotten(f"no way from version {step.old} to {step.new}")
        person = Coded(step.new, multiply(step.scalar, person.code))
    return person


def candidates(person: Coded, steps: Sequence[Step]) -> list[Point]:
    """Return the person's code under every version that a row may still or already have."""
    ahead = {step.old: step for step in steps}
    behind = {step.new: step for step in steps}
    found = [person.code]
    at = person
    while (step := ahead.get(at.version)) is not None and step.scalar is not None:
        at = Coded(step.new, multiply(step.scalar, at.code))
        found.append(at.code)
    at = person
    while (step := behind.get(at.version)) is not None and step.scalar is not None:
        at = Coded(step.old, multiply(invert(step.scalar), at.code))
        found.append(at.code)
    return found
