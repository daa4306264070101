"""Words on notices on their way to the ledger: what is sealed and locked, and taking them away.

Where a person's data are withheld or a link is in doubt, her notices vanish from the portal: that
they were there would name the institution.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Final

import msgspec

from kumihimo.kernel import outbox
from kumihimo.kernel.group import Point
from kumihimo.kernel.refusal import Unavailable
from kumihimo.kernel.seal import seal
from kumihimo.kernel.sql import Tx
from kumihimo.rooms.gateway import store_notices as store
from kumihimo.rooms.gateway.api import NoticeCategory
from kumihimo.rooms.gateway.context import Gateway, Tenant
from kumihimo.rooms.gateway.locked import VAULT_BLOCK
from kumihimo.rooms.gateway.store_notices import CodeRow, NoticeRow
from kumihimo.rooms.linkage.api import LEDGER, PARTY, PORTAL_NOTICES_PATH
from kumihimo.rooms.linkage.notice_api import (
    PORTAL_NOTICES_MAX,
    NoticeState,
    PortalNotice,
    PortalNotices,
)

_PERSON_LABEL: Final = b"notice-to"


class NoticeDetail(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a notice is for and what it is about; locked in the database."""

    person: str
    addressee: str
    reference: str
    officer: str
    affair: str
    category: NoticeCategory
    title: str
    deadline: date | None


def lock_notice(tenant: Tenant, notice: str, detail: NoticeDetail) -> bytes:
    """Lock whom a notice is for, bound to its row."""
    value = msgspec.json.encode(detail)
    return tenant.locker.lock(value, label=_label(tenant, notice), block=VAULT_BLOCK)


def unlock_notice(tenant: Tenant, notice: str, locked: bytes) -> NoticeDetail:
    """Read whom a notice is for."""
    value = tenant.locker.unlock(locked, label=_label(tenant, notice))
    return msgspec.json.decode(value, type=NoticeDetail)


def _label(tenant: Tenant, notice: str) -> bytes:
    return f"{tenant.institution}|portal-notice|{notice}".encode()


def person_tag(tenant: Tenant, person: str) -> bytes:
    """Return what a notice calls its person."""
    return tenant.locker.tag(person.encode(), label=_PERSON_LABEL)


def word_on(gateway: Gateway, row: NoticeRow, code: CodeRow, state: NoticeState) -> PortalNotice:
    """Return what the core is told of a notice; each word has a seal of its own."""
    to = gateway.book.current().receiving(LEDGER)
    if to is None:
        raise Unavailable("the directory holds no receiving key of the ledger")
    return PortalNotice(
        notice=row.notice,
        state=state,
        until=row.until,
        for_ledger=seal(Point(bytes(code.code)), to=to, entropy=gateway.entropy),
        version=code.code_version,
        sealed=b"" if state == "removed" or row.sealed is None else bytes(row.sealed),
    )


async def put_words(
    tenant: Tenant,
    tx: Tx,
    words: Sequence[PortalNotice],
    now: datetime,
    *,
    most: int | None = None,
) -> None:
    """Queue words on notices for the core, in this transaction; `QueueFull` where `most` wait."""
    for start in range(0, len(words), PORTAL_NOTICES_MAX):
        some = PortalNotices(tuple(words[start : start + PORTAL_NOTICES_MAX]))
        await outbox.put(
            tx,
            topic=PORTAL_NOTICES_PATH,
            destination=PARTY,
            sender=tenant.institution,
            body=msgspec.json.encode(some),
            at=now,
            most=most,
        )


async def remove_all(gateway: Gateway, tenant: Tenant, tx: Tx, persons: Collection[str]) -> int:
    """Take everything away that persons were told, in this transaction; returns how many notices."""
    of_tag = {person_tag(tenant, person): person for person in persons}
    rows = await store.shown(tx, list(of_tag), gateway.today())
    if not rows:
        return 0
    held: Mapping[str, CodeRow] = await store.codes(tx, sorted(persons))
    words = [
        word_on(gateway, row, code, "removed")
        for row in rows
        if (code := held.get(of_tag[bytes(row.person_tag)])) is not None
    ]
    await store.becomes(tx, [row.notice for row in rows], "removed")
    await put_words(tenant, tx, words, gateway.clock.now())
    return len(rows)
