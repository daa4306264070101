"""What stands at every place about every exchange, read with a superuser's eyes and nobody's help.

Nothing here asks a room: the rows are read as they lie, and each place is read on its own, so that
`accounts` can hold one against the other.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import attrs
import psycopg
from psycopg.rows import dict_row

from kumihimo.kernel.tlog.leaf import commit
from kumihimo.kernel.withheld import Withheld
from kumihimo.rooms.gateway.records import unlock_detail
from kumihimo.rooms.linkage.api import RecordContent
from tests.simulation.federation import INSTITUTIONS


@attrs.frozen(kw_only=True)
class InquiryRow:
    """A question at its requester."""

    inquiry: str
    permit: str | None
    affair: str
    provider: str
    items: tuple[str, ...]
    outcome: str | None
    asked_at: datetime


@attrs.frozen(kw_only=True)
class OwnRow:
    """An institution's legal record. `reference` is the inquiry at a requester, else the permit."""

    reference: str
    side: str
    peer: str
    affair: str
    items: tuple[str, ...]
    outcome: str
    requested_at: datetime


@attrs.frozen(kw_only=True)
class CoreRow:
    record: str
    permit: str
    requester: str
    inquiry: str
    affair: str
    provider: str
    items: tuple[str, ...]
    basis: tuple[str, ...]
    list_version: str
    outcome: str
    requested_at: datetime
    hidden: bool


@attrs.frozen(kw_only=True)
class EndRow:
    permit: str
    side: str
    outcome: str
    at: datetime
    hidden: bool


@attrs.frozen(kw_only=True)
class LedgerRow:
    record: str
    permit: str
    requester: str
    provider: str
    affair: str
    items: tuple[str, ...]
    basis: tuple[str, ...]
    list_version: str
    outcome: str
    requested_at: datetime
    hidden: bool
    leaf: bytes


@attrs.frozen(kw_only=True)
class Books:
    """Everything that stands anywhere, in no order. `log` are the entries of the log."""

    inquiries: dict[str, tuple[InquiryRow, ...]]
    own: dict[str, tuple[OwnRow, ...]]
    core: tuple[CoreRow, ...]
    core_ends: tuple[EndRow, ...]
    ledger: tuple[LedgerRow, ...]
    ledger_ends: tuple[EndRow, ...]
    log: tuple[bytes, ...]


Admin = Callable[[str], Withheld[str]]
ENTRY_BYTES = 32
QUESTIONS = "SELECT inquiry, permit, affair, provider, items, outcome, asked_at FROM inquiry"
OWN = "SELECT side, peer, affair, items, outcome, requested_at, detail_locked FROM exchange_record"
CORE = (
    "SELECT record, permit, requester, inquiry, affair, provider, items, basis, list_version,"
    " outcome, requested_at, hidden FROM exchange_record"
)
ENDS = "SELECT permit, side, outcome, at, hidden FROM {}"
LEDGER = (
    "SELECT record, permit, requester, provider, affair, items, basis, list_version, outcome,"
    " requested_at, hidden, sealed_digest, salt FROM record"
)
LOG = "SELECT entries FROM log_batch ORDER BY start"


def read(admin: Admin, names: Mapping[str, str], tenants: Mapping[str, Any]) -> Books:
    """Read every place. `names` has the database of each party, `tenants` the keys of gateways."""

    def rows(party: str, *queries: str) -> list[list[dict[str, Any]]]:
        with psycopg.connect(admin(f"kumihimo_{names[party]}").reveal()) as connection:
            cursor = connection.cursor(row_factory=dict_row)
            return [
                [{k: _plain(v) for k, v in row.items()} for row in cursor.execute(one.encode())]
                for one in queries
            ]

    at_homes = {name: rows(name, QUESTIONS, OWN) for name in INSTITUTIONS}
    core, core_ends = rows("linkage", CORE, ENDS.format("exchange_end"))
    ledger, ledger_ends, log = rows("ledger", LEDGER, ENDS.format("record_end"), LOG)
    return Books(
        inquiries={
            name: tuple(InquiryRow(**row) for row in found) for name, (found, _) in at_homes.items()
        },
        own={
            name: tuple(_own(tenants[name], **row) for row in found)
            for name, (_, found) in at_homes.items()
        },
        core=tuple(CoreRow(**row) for row in core),
        core_ends=tuple(EndRow(**row) for row in core_ends),
        ledger=tuple(_of_ledger(**row) for row in ledger),
        ledger_ends=tuple(EndRow(**row) for row in ledger_ends),
        log=tuple(
            row["entries"][at : at + ENTRY_BYTES]
            for row in log
            for at in range(0, len(row["entries"]), ENTRY_BYTES)
        ),
    )


def _own(tenant: Any, *, detail_locked: bytes, **row: Any) -> OwnRow:
    return OwnRow(reference=unlock_detail(tenant, detail_locked).reference, **row)


def _of_ledger(*, sealed_digest: bytes, salt: bytes, **row: Any) -> LedgerRow:
    """Return a row with the leaf that the log must have for it, made from the row alone."""
    content = RecordContent(sealed_digest=sealed_digest, **row)
    return LedgerRow(leaf=commit(salt, content.encode()), **row)


def _plain(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
