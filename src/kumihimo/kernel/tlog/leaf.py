"""Leaves: what a log takes in. A leaf is a hash over a salt and a record, 32 bytes.

Whoever has salt and record can check it, and nobody else learns anything.
"""

import hashlib
from typing import Final, Literal

import msgspec

LEAVES_PATH: Final = "/log/leaves"
LEAF_BYTES: Final = 32
SALT_BYTES: Final = 16
OPEN_SALT: Final = bytes(SALT_BYTES)  # of what is public: anybody can make its leaf
SUBMISSIONS_MAX: Final = 64  # in one message
LEAVES_MAX: Final = 2_000  # in one submission; a batch of the core has at most half of that
_DOMAIN: Final = b"kumihimo-leaf-v1\n"


def commit(salt: bytes, content: bytes) -> bytes:
    """Return the leaf of a record."""
    assert len(salt) == SALT_BYTES, "a salt is 16 bytes"
    return hashlib.sha256(_DOMAIN + salt + content).digest()


def split(leaves: bytes) -> list[bytes]:
    """Return leaves that stand one after the other."""
    return [leaves[at : at + LEAF_BYTES] for at in range(0, len(leaves), LEAF_BYTES)]


# What a log's keeper has a row of its own for, for each leaf; "" where it has none.
Kind = Literal["", "record", "link"]


class Submission(msgspec.Struct, frozen=True):
    """Leaves one after the other, under a random id by which a repeat is known."""

    submission: str
    leaves: bytes
    kind: Kind = ""


class Submitted(msgspec.Struct, frozen=True):
    """At most `SUBMISSIONS_MAX` submissions."""

    submissions: tuple[Submission, ...]


class Place(msgspec.Struct, frozen=True):
    """Where a submission begins in the log; `first` None where other leaves stand under its id."""

    submission: str
    first: int | None


class Places(msgspec.Struct, frozen=True):
    """What the log's keeper tells whose leaves it fetched; the answer is what waits for it now."""

    places: tuple[Place, ...]


class Logged(msgspec.Struct, frozen=True):
    """The place in the log of the first leaf of each submission; the others follow it."""

    firsts: tuple[int, ...]
