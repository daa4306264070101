"""Notices to persons (お知らせ) on their way from an institution to the ledger.

The core turns the sealed person into the ledger's and keeps nothing of what it passes on. What it
must never know: who the person is, and what she is told.
"""

from datetime import date, timedelta
from typing import Final

import msgspec

from kumihimo.kernel import journal, outbox
from kumihimo.kernel.clock import legal_day
from kumihimo.kernel.ids import is_id
from kumihimo.kernel.message import Verified
from kumihimo.kernel.refusal import BadInput
from kumihimo.rooms.linkage import store
from kumihimo.rooms.linkage.api import LEDGER, NOTICES_PATH, Received
from kumihimo.rooms.linkage.inquiries import check_given, to_ledger
from kumihimo.rooms.linkage.notice_api import PORTAL_NOTICES_MAX, PortalNotice, PortalNotices
from kumihimo.rooms.linkage.service import Core

SEALED_MAX: Final = 16 * 1024  # bytes; the longest notice, in characters of three, is under ten
SHOWN_MAX: Final = timedelta(days=400)  # our choice: what is due within a year, and a month over


async def pass_on(core: Core, sender: Verified, batch: PortalNotices) -> Received:
    """Hand an institution's notices to the ledger; returns how many. It tells repeats apart.

    Raises `BadInput`, `NotAllowed` for any sender that is no institution, and `QueueFull`.
    """
    party = sender.sender
    core.require_kind(party, "institution")
    if not 1 <= len(batch.notices) <= PORTAL_NOTICES_MAX:
        raise BadInput(f"a batch holds 1 to {PORTAL_NOTICES_MAX} notices", pointer="notices")
    if len({one.notice for one in batch.notices}) < len(batch.notices):
        raise BadInput("a notice stands twice here", pointer="notices")
    now = core.clock.now()
    for index, one in enumerate(batch.notices):
        _check(one, f"notices[{index}]", until=legal_day(now) + SHOWN_MAX)
    seals = [
        (one.for_ledger, one.version, f"notices[{index}].for_ledger")
        for index, one in enumerate(batch.notices)
    ]
    async with core.database.transaction() as tx:
        live = await store.domains(tx, sorted({party, LEDGER}))
    check_given(live[party], [one.version for one in batch.notices], "notices")
    persons = await to_ledger(core, party, live, seals)
    delivered = PortalNotices(
        institution=party,
        notices=tuple(
            msgspec.structs.replace(one, for_ledger=person, version=live[LEDGER].version)
            for one, person in zip(batch.notices, persons, strict=True)
        ),
    )
    async with core.database.transaction() as tx:
        body = msgspec.json.encode(delivered)
        await outbox.put(
            tx,
            topic=NOTICES_PATH,
            destination=LEDGER,
            body=body,
            at=now,
            most=outbox.LETTERS_MOST,
        )
        detail = {"passed": len(batch.notices)}
        line = journal.JournalLine(act="notices-passed", actor=party, detail=detail)
        await journal.write(tx, line, at=now)
    return Received(len(batch.notices))


def _check(one: PortalNotice, where: str, *, until: date) -> None:
    if not is_id(one.notice):
        raise BadInput("ids are 22 characters of base64url", pointer=f"{where}.notice")
    if (one.state == "removed") != (not one.sealed):
        raise BadInput("a notice has a content until it is removed", pointer=f"{where}.sealed")
    if len(one.sealed) > SEALED_MAX:
        raise BadInput(f"at most {SEALED_MAX} bytes", pointer=f"{where}.sealed")
    if one.until > until:
        raise BadInput("shown for 400 days at most", pointer=f"{where}.until")
