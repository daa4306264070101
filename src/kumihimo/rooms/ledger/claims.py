"""What a person says of an exchange: carried to the institution or to oversight, and its answer back.

The ledger knows by the permit whom it is for; it seals her words to them before it writes anything
down. It asks them how her claims stand, and shows her what they answered.

What has no permit is said of as well: that an office asked register about her, and that a proxy read
for her. Of the one the ledger takes her word, and never writes the inquiry's id down: register's log
and this database would be joined by it.
"""

from collections.abc import Sequence
from datetime import datetime, time
from typing import Final

import msgspec

from kumihimo.kernel import journal, outbox
from kumihimo.kernel.clock import JST, legal_day
from kumihimo.kernel.ids import is_id, new_id
from kumihimo.kernel.keys import NotSealedForUs, open_payload, seal_payload
from kumihimo.kernel.net import Refused
from kumihimo.kernel.refusal import BadInput, NotFound, Unavailable
from kumihimo.kernel.sql import Tx
from kumihimo.rooms.ledger import store, store_bells, store_delegations
from kumihimo.rooms.ledger import store_claims as claims
from kumihimo.rooms.ledger.api import PARTY, MyClaim, MyClaims, TellClaim
from kumihimo.rooms.ledger.context import Ledger, held_steps
from kumihimo.rooms.ledger.domain.codes import candidates, carried
from kumihimo.rooms.ledger.own import Asker
from kumihimo.rooms.ledger.service import END_WITHIN
from kumihimo.rooms.ledger.sessions import Person
from kumihimo.rooms.ledger.store import AboutRow, Reader
from kumihimo.rooms.ledger.store_claims import ClaimRow
from kumihimo.rooms.oversight.api import (
    ALARM_PATH,
    ANSWER_WITHIN,
    CLAIM_STATES_PATH,
    CLAIMS_PATH,
    Alarm,
    AskClaims,
    Claim,
    ClaimContent,
    ClaimDecision,
    ClaimKind,
    ClaimState,
    ClaimStates,
    answer_context,
    claim_context,
)
from kumihimo.rooms.oversight.api import PARTY as OVERSIGHT
from kumihimo.rooms.register.api import PARTY as REGISTER
from kumihimo.rooms.register.api import OfficeAsked

LISTED_MAX: Final = 100
AFFAIR_CHARS_MAX: Final = 64
WITHOUT_PERMIT: Final[tuple[ClaimKind, ...]] = ("question", "objection")
ASKED_AT_ONCE: Final = 1_000


async def tell(asker: Asker, person: Person, told: TellClaim) -> MyClaims:
    """Carry what a person says of an exchange, an inquiry at register or a proxy's act; once.

    Raises `NotFound` for a record that is not hers to see, or not here yet, `BadInput`, and
    `Unavailable` while the directory does not list whom it is for.
    """
    ledger = asker.ledger
    if not is_id(told.claim):
        raise BadInput("ids are 22 characters of base64url", pointer="claim")
    now = ledger.clock.now()
    async with ledger.database.transaction() as tx:
        steps = await held_steps(ledger, tx)
        reader = Reader(candidates(person.code, steps), now - END_WITHIN)
        about = await _about(tx, reader, told)
        to = _addressee(told.kind, about)
        body = msgspec.json.encode(_sealed(asker, told, about, to))
        code = carried(person.code, steps)
        today = legal_day(now)
        row = ClaimRow(
            claim=told.claim,
            person=bytes(code.code),
            version=code.version,
            kind=told.kind,
            addressee=to,
            permit=about.permit,
            told_on=today,
            due_on=today + ANSWER_WITHIN,
        )
        if await claims.add(tx, row):
            await outbox.put(
                tx,
                topic=CLAIMS_PATH,
                destination=to,
                body=body,
                at=now,
                most=outbox.LETTERS_MOST,
            )
            await _journal(ledger, tx, "claim-told", kind=told.kind)
    return await mine(ledger, person)


async def _about(tx: Tx, reader: Reader, told: TellClaim) -> AboutRow:
    """Return what she says something of; raises `NotFound` for what is not hers."""
    if told.inquiry is not None:
        return _inquiry(told.inquiry)
    about = await store.about(tx, reader, told.about)
    if about is None:
        act = await store_delegations.act_on(tx, reader.persons, told.about)
        if act is None:
            raise NotFound("no such record of yours", pointer="about")
        about = AboutRow(
            permit="", requester=PARTY, provider=PARTY, affair=act.purpose, requested_at=act.at
        )
    return about


def _inquiry(asked: OfficeAsked) -> AboutRow:
    if not is_id(asked.inquiry) or len(asked.affair) > AFFAIR_CHARS_MAX:
        raise BadInput("not an inquiry as register tells of it", pointer="inquiry")
    day = datetime.combine(asked.on, time.min, tzinfo=JST)
    return AboutRow(
        permit="",
        requester=asked.office,
        provider=REGISTER,
        affair=asked.affair,
        requested_at=day,
    )


def _addressee(kind: ClaimKind, about: AboutRow) -> str:
    if not about.permit and kind not in WITHOUT_PERMIT:
        raise BadInput("only of an exchange", pointer="kind")
    if kind == "question" and about.requester == PARTY:
        raise BadInput("nobody else asked this", pointer="about")
    return {
        "question": about.requester,
        "objection": OVERSIGHT,
        "not-mine": about.provider,
        "wrong": about.provider,
    }[kind]


def _sealed(asker: Asker, told: TellClaim, about: AboutRow, to: str) -> Claim:
    entry = asker.book.current().active(to)
    if entry is None:
        raise Unavailable(f"party {to} is not in the directory")
    named = "" if about.permit else told.inquiry.inquiry if told.inquiry else told.about
    content = msgspec.json.encode(ClaimContent(text=told.text, item=told.item, reference=named))
    context = claim_context(told.claim)
    return Claim(
        claim=told.claim,
        kind=told.kind,
        permit=about.permit,
        requester=about.requester,
        provider=about.provider,
        affair=about.affair,
        requested_at=about.requested_at,
        sealed=seal_payload(content, to=entry.keys.payload, context=context),
    )


async def mine(ledger: Ledger, person: Person) -> MyClaims:
    """Return how a person's claims stand, with the answers."""
    async with ledger.database.transaction() as tx:
        steps = await held_steps(ledger, tx)
        rows = await claims.mine(tx, candidates(person.code, steps), LISTED_MAX)
        if rows:
            await _journal(ledger, tx, "claims-read", rows=len(rows))
    return told_of(ledger, rows)


def told_of(ledger: Ledger, rows: Sequence[ClaimRow]) -> MyClaims:
    """Return claims as their person reads them, the answers opened."""
    return MyClaims(tuple(_told(ledger, row) for row in rows))


def _told(ledger: Ledger, row: ClaimRow) -> MyClaim:
    text = ""
    if row.answer_sealed is not None:
        context = answer_context(row.claim)
        sealed = bytes(row.answer_sealed)
        text = open_payload(sealed, key=ledger.keys.payload, context=context).decode()
    return MyClaim(
        claim=row.claim,
        kind=msgspec.convert(row.kind, ClaimKind),
        addressee=row.addressee,
        told_on=row.told_on,
        due_on=row.due_on,
        state="sent" if row.state == "sent" else "open" if row.state == "open" else "answered",
        decision=msgspec.convert(row.decision, ClaimDecision) if row.decision else "",
        answered_on=row.answered_on,
        answer=text,
    )


async def look(asker: Asker) -> int:
    """Ask everybody who owes an answer how it stands; returns how many changed."""
    ledger = asker.ledger
    async with ledger.database.transaction() as tx:
        rows = await claims.unanswered(tx, ASKED_AT_ONCE)
    owed: dict[str, list[str]] = {}
    for row in rows:
        owed.setdefault(row.addressee, []).append(row.claim)
    changed = 0
    for party, names in owed.items():
        try:
            found, _ = await asker.caller.call(
                party, CLAIM_STATES_PATH, AskClaims(tuple(names)), ClaimStates
            )
        except (Unavailable, Refused):
            continue
        news = [one for one in found.claims if one.claim in names and _readable(ledger, one)]
        changed += await _take(ledger, party, news)
    return changed


async def tell_overdue(ledger: Ledger) -> int:
    """Tell oversight who owes an answer whose day is over, once, and ring her bell; returns how many.

    Oversight learns the exchange and who owes, and not who asked.
    """
    now = ledger.clock.now()
    async with ledger.database.transaction() as tx:
        late = await claims.overdue(tx, legal_day(now), ASKED_AT_ONCE)
        for one in late:
            alarm = Alarm(
                alarm=new_id(ledger.entropy),
                kind="answer-overdue",
                permit=one.permit,
                requester=one.addressee,
                provider="",
                noticed_at=now,
            )
            body = msgspec.json.encode(alarm)
            await outbox.put(tx, topic=ALARM_PATH, destination=OVERSIGHT, body=body, at=now)
        if late:
            names = [one.claim for one in late]
            await claims.told_overdue(tx, names)
            await store_bells.ring(tx, await claims.persons_of(tx, names))
            await _journal(ledger, tx, "answers-overdue", rows=len(late))
    return len(late)


def _readable(ledger: Ledger, one: ClaimState) -> bool:
    """Say whether an answer opens: one that does not is none, and is asked for again."""
    if one.state != "answered":
        return one.state == "open"
    try:
        context = answer_context(one.claim)
        open_payload(one.sealed, key=ledger.keys.payload, context=context).decode()
    except (NotSealedForUs, UnicodeDecodeError):
        return False
    return one.decision != "" and one.answered_on is not None


async def _take(ledger: Ledger, party: str, news: list[ClaimState]) -> int:
    async with ledger.database.transaction() as tx:
        changed = sum(
            [
                await claims.stands(
                    tx,
                    one.claim,
                    state=one.state,
                    decision=one.decision or None,
                    sealed=one.sealed if one.state == "answered" else None,
                    on=one.answered_on if one.state == "answered" else None,
                )
                for one in news
            ]
        )
        if changed:
            answered = [one.claim for one in news if one.state == "answered"]
            await store_bells.ring(tx, await claims.persons_of(tx, answered))
            line = journal.JournalLine(act="claims-stand", actor=party, detail={"changed": changed})
            await journal.write(tx, line, at=ledger.clock.now())
    return changed


async def _journal(ledger: Ledger, tx: Tx, act: str, **detail: str | int) -> None:
    line = journal.JournalLine(act=act, actor="person", detail=dict(detail))
    await journal.write(tx, line, at=ledger.clock.now())
