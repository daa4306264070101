"""A person's records as a numbered chain: each link says its number, its record, and the link before.

A link's leaf stands in the public log like any other: without the link nobody learns from it whose
it is, which number it has, or that it is a link at all.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

import attrs
import msgspec

LINK: Final = "person-link/1"


@attrs.frozen(kw_only=True)
class Linked:
    """What a link says of its record: its leaf, and when it was asked for."""

    record: str
    leaf: bytes
    requested_at: datetime


@attrs.frozen(kw_only=True)
class Chain:
    """How far a chain is: its newest number, the leaf of that link, and when its record was asked for.

    A chain without links has number 0, and None for both.
    """

    chain: str
    number: int = 0
    head: bytes | None = None
    head_at: datetime | None = None


@attrs.frozen(kw_only=True)
class Link:
    """One number of a chain. `before` is the leaf of the link before, None at number 1."""

    chain: str
    number: int
    linked: Linked
    before: bytes | None
    before_at: datetime | None

    def content(self) -> bytes:
        """Return what the link's leaf commits to."""
        before_at = None if self.before_at is None else self.before_at.astimezone(UTC)
        return msgspec.json.encode(
            (LINK, self.chain, self.number, self.linked.leaf, self.before or b"", before_at)
        )


def following(chain: Chain, linked: Linked) -> Link:
    """Return the link of a chain's next number."""
    return Link(
        chain=chain.chain,
        number=chain.number + 1,
        linked=linked,
        before=chain.head,
        before_at=chain.head_at,
    )


def longer(chain: Chain, link: Link, leaf: bytes) -> Chain:
    """Return the chain after a link whose leaf is `leaf`."""
    assert (link.chain, link.number) == (chain.chain, chain.number + 1), "the next number"
    return attrs.evolve(chain, number=link.number, head=leaf, head_at=link.linked.requested_at)


def in_order(records: Iterable[Linked]) -> list[Linked]:
    """Return records as they get their numbers: the older first."""
    return sorted(records, key=lambda one: (one.requested_at, one.record))
