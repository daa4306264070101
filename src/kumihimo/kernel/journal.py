"""The room's legal record: append-only, hash-chained, written in the transaction that caused it.

A line says who did which act, with counts and ids of acts: never a name, a number or a code.
The chain is kept by a head row that each writer locks last, so lines stand in commit order; it is
locked only in one message with the commit, so a process that sleeps keeps nobody from writing.
"""

import hashlib
import re
from collections.abc import Mapping
from datetime import UTC, datetime

import attrs
import msgspec

from kumihimo.kernel.sql import Tx

GENESIS = bytes(32)
_ACT = re.compile(r"[a-z][a-z0-9-]{1,63}")
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_.:#/-]{0,127}")
_DIGITS = re.compile(r"\d{11,}")


class JournalBroken(Exception):
    """A line was changed, removed, inserted or reordered."""

    def __init__(self, seq: int) -> None:
        super().__init__(f"the journal's chain breaks at line {seq}")
        self.seq = seq


class JournalLine(msgspec.Struct, frozen=True, kw_only=True):
    """One act. `detail` holds counts and words (ids of parties, versions, outcomes) only."""

    act: str
    actor: str
    detail: Mapping[str, int | str]

    def __post_init__(self) -> None:
        """Refuse what has no place in a journal: free text, and anything like a number."""
        assert _ACT.fullmatch(self.act), "an act is a kebab-case word"
        for text in (self.actor, *self.detail.values()):
            # JSON writes true and 1 apart, and a line must be read back as it was written.
            assert not isinstance(text, bool), "a journal counts 0 and 1"
            if isinstance(text, str):
                assert _WORD.fullmatch(text), "a journal holds words, not free text"
                assert not _DIGITS.search(text), "a journal holds no numbers of people"


@attrs.frozen
class _Head:
    seq: int
    digest: bytes


@attrs.frozen
class _Row:
    seq: int
    at: datetime
    act: str
    actor: str
    detail: str
    digest: bytes


def digest_of(previous: bytes, seq: int, at: datetime, line: JournalLine) -> bytes:
    """Return SHA-256 over the previous digest and this line in a canonical form."""
    return hashlib.sha256(previous + _content(seq, at, line)).digest()


def _content(seq: int, at: datetime, line: JournalLine) -> bytes:
    instant = at.astimezone(UTC).isoformat(timespec="microseconds")
    return msgspec.json.encode(
        [seq, instant, line.act, line.actor, dict(line.detail)], order="deterministic"
    )


async def write(tx: Tx, line: JournalLine, *, at: datetime) -> None:
    """Append a line in this transaction, as its last statement.

    One statement: the head row is locked only while the database works on it and on the commit,
    and the database chains the digest itself, over the same bytes as `digest_of`.
    """
    rest = _content(0, at, line).decode().removeprefix("[0,")
    tx.last(
        "WITH head AS (UPDATE journal_head SET seq = seq + 1, digest = sha256(digest ||"
        " convert_to('[' || (seq + 1)::text || ',' || %(rest)s, 'UTF8')) RETURNING seq, digest)"
        " INSERT INTO journal (seq, at, act, actor, detail, digest)"
        " SELECT seq, %(at)s, %(act)s, %(actor)s, %(detail)s, digest FROM head",
        {
            "rest": rest,
            "at": at,
            "act": line.act,
            "actor": line.actor,
            "detail": msgspec.json.encode(line.detail, order="deterministic").decode(),
        },
    )


async def verify(tx: Tx) -> int:
    """Check the whole chain; returns the number of lines or raises `JournalBroken`."""
    rows = await tx.rows(
        "SELECT seq, at, act, actor, detail, digest FROM journal ORDER BY seq", {}, _Row
    )
    previous = GENESIS
    for expected, row in enumerate(rows, start=1):
        try:
            detail = msgspec.json.decode(row.detail, type=dict[str, int | str])
            line = JournalLine(act=row.act, actor=row.actor, detail=detail)
        except (msgspec.DecodeError, AssertionError) as error:
            raise JournalBroken(row.seq) from error
        digest = digest_of(previous, row.seq, row.at, line)
        if row.seq != expected or digest != bytes(row.digest):
            raise JournalBroken(expected)
        previous = digest
    head = await tx.one("SELECT seq, digest FROM journal_head", {}, _Head)
    if head.seq != len(rows) or bytes(head.digest) != previous:
        raise JournalBroken(len(rows) + 1)
    return len(rows)
