"""A visit as a database holds it: found by a hash of its token, what it keeps under the room's key."""

import hashlib
from typing import Final

import msgspec

from kumihimo.kernel.keys import Locker
from kumihimo.pages.visits import Visit

_LABEL: Final = b"visit"
_BLOCK: Final = 256  # bytes: how much a visit keeps does not tell what


class _Content(msgspec.Struct, frozen=True):
    kept: dict[str, str]
    done: tuple[str, str] | None


def token_hash(token: str) -> bytes:
    """Return under what a visit is found."""
    return hashlib.sha256(token.encode()).digest()


def changed(visit: Visit) -> bool:
    """Say whether a visit keeps something else than the database has.

    A page that only reads writes nothing: of two that are made at once neither takes back what the
    other remembered.
    """
    return _content(visit) != visit.stored


def _content(visit: Visit) -> bytes:
    return msgspec.json.encode(_Content(visit.kept, visit.done))


def was_stored(visit: Visit) -> None:
    """Take note that the database has what a visit keeps."""
    visit.stored = _content(visit)


def lock_content(locker: Locker, visit: Visit) -> bytes:
    """Lock what a visit keeps, bound to its token."""
    return locker.lock(_content(visit), label=_LABEL + token_hash(visit.token), block=_BLOCK)


def open_visit(locker: Locker, locked: bytes, *, token: str, who: str, role: str = "") -> Visit:
    """Return the visit of a token with what it keeps."""
    content = locker.unlock(locked, label=_LABEL + token_hash(token))
    found = msgspec.json.decode(content, type=_Content)
    visit = Visit(token, who=who, role=role, kept=dict(found.kept), done=found.done, begun=True)
    was_stored(visit)
    return visit
