"""An act of a counter on a chip: a saga of centre, counter and chip that can be cut anywhere.

The centre decides. (1) `begin` opens the session or answers with the one that is under way.
(2) `prove` lets the chip show by its own key that it is the chip of this card; from then on the
session is writing. (3) `role` answers the chip's challenges, for nobody but this session's chip.
(4) `keys` has keys certified that the chip has made; when the counter comes again after a cut, with
other keys, the earlier ones are dropped. (5) `commit` is the one moment at which the act is done.

Everything before `commit` may be repeated from the start, in any number. A session of secrets may
be aborted, and then those secrets are taken off the chip; one of files only goes forward, because
the chip may hold a part of them already. Whoever comes late, after a cut, is told how it ended.
"""

from datetime import timedelta
from typing import Final

import attrs
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from kumihimo.kernel.ids import is_id, new_id
from kumihimo.kernel.refusal import BadInput
from kumihimo.kernel.sql import Tx
from kumihimo.rooms.cards import acts, api, lives
from kumihimo.rooms.cards import store_applications as applications
from kumihimo.rooms.cards import store_cards as cards_store
from kumihimo.rooms.cards import store_sessions as store
from kumihimo.rooms.cards.context import Cards
from kumihimo.rooms.cards.domain.refusals import (
    SessionOver,
    UnknownCard,
    WrongChip,
    WrongState,
)
from kumihimo.rooms.cards.store_cards import CardRow
from kumihimo.rooms.cards.store_sessions import SessionRow

SESSION_FOR: Final = timedelta(minutes=30)  # our choice: a visit at a counter, with time to type
CHALLENGE_BYTES: Final = 32
ABORTABLE: Final = frozenset({"activate", "pins"})


async def begin(cards: Cards, office: str, asked: api.BeginSession) -> api.SessionBegun:
    """Open a session, or go on with the card's own. Raises what the act refuses.

    A session that was cut is answered to any office of the municipality that began it, under
    whatever id; its time starts again with the chip in the reader.
    """
    if not is_id(asked.session):
        raise BadInput("an id is 22 characters of base64url", pointer="session")
    async with cards.database.transaction() as tx:
        card = await cards_store.lock(tx, serial=asked.serial)
        if card is None:
            raise UnknownCard
        row = await store.lock(tx, asked.session)
        if row is not None and row.card != card.card:
            raise UnknownCard
        row = row or await _under_way(cards, tx, card)
        if row is None:
            row = await _open(cards, tx, office, asked, card)
        elif row.office != office:
            raise SessionOver("another office has begun an act on this card")
        elif row.phase in {"begun", "writing"}:
            row = await _go_on(cards, tx, asked, card, row)
        await cards.journal(tx, "session-begun", office, kind=row.kind)
    return api.SessionBegun(
        session=row.session,
        kind=row.kind,
        phase=row.phase,
        challenge=bytes(row.challenge),
        needs_text=row.kind in acts.WITH_TEXT,
        expires_at=row.expires_at,
    )


async def _under_way(cards: Cards, tx: Tx, card: CardRow) -> SessionRow | None:
    """Return the session of a card that must be ended first; one whose time is over is dropped.

    2023: a time-out cancels the whole of what was asked. Nothing of a session that only began is
    in the chip; one that is writing cannot be dropped, it can only be ended with the chip there.
    """
    row = await store.under_way(tx, card.card)
    if row is None or row.phase == "writing" or row.expires_at > cards.clock.now():
        return row
    await store.save(tx, attrs.evolve(row, phase="aborted", ended_state=card.state))
    return None


async def _go_on(
    cards: Cards, tx: Tx, asked: api.BeginSession, card: CardRow, row: SessionRow
) -> SessionRow:
    """Let a session that was cut go on, after the same checks as at its beginning."""
    if asked.kind != row.kind:
        raise WrongState(f"another act ({row.kind}) is under way with this card")
    application = await applications.lock(tx, application=card.application)
    assert application is not None, "every card has its application"
    acts.check(asked, card, application, office=row.office, today=cards.today())
    row = attrs.evolve(row, expires_at=cards.clock.now() + SESSION_FOR)
    await store.save(tx, row)
    return row


async def _open(
    cards: Cards, tx: Tx, office: str, asked: api.BeginSession, card: CardRow
) -> SessionRow:
    application = await applications.lock(tx, application=card.application)
    assert application is not None, "every card has its application"
    acts.check(asked, card, application, office=office, today=cards.today())
    if asked.leaves_on is not None:
        await cards_store.save(tx, attrs.evolve(card, leaves_on=asked.leaves_on))
    row = SessionRow(
        session=asked.session,
        card=card.card,
        kind=asked.kind,
        office=office,
        terminal=asked.terminal,
        officers=" ".join(o for o in (asked.officer, asked.second_officer) if o),
        pins=" ".join(acts.pins(asked, card)),
        challenge=cards.entropy.bytes(CHALLENGE_BYTES),
        final_challenge=cards.entropy.bytes(CHALLENGE_BYTES),
        expires_at=cards.clock.now() + SESSION_FOR,
    )
    await store.add(tx, row)
    return row


async def prove(cards: Cards, office: str, asked: api.ProveChip) -> api.Writing:
    """Take the chip for the card's own, and say what to write. Raises `WrongChip`, `SessionOver`."""
    async with cards.database.transaction() as tx:
        row, card = await _under_way_here(tx, office, asked.session)
        if row.phase == "begun":
            _in_time(cards, row)
        check_chip(card, bytes(row.challenge), asked.answer)
        files = acts.files(cards, row, card, asked.text)
        if row.phase == "begun":
            row = attrs.evolve(row, phase="writing")
            await store.save(tx, row)
        await cards.journal(tx, "chip-proved", office)
    return api.Writing(
        session=row.session,
        pins=tuple(row.pins.split()),
        keys=acts.keys(row.kind, card),
        files=files,
        final_challenge=bytes(row.final_challenge),
    )


async def role(cards: Cards, office: str, asked: api.AskRole) -> api.RoleProof:
    """Answer a challenge of this session's chip; also late, so that secrets can be taken off it."""
    async with cards.database.transaction() as tx:
        row, card = await _writing(tx, office, asked.session)
        await cards.journal(tx, "role-proved", office)
    certificate, proof = cards.issuing.role(card.serial, asked.challenge)
    return api.RoleProof(certificate=certificate, proof=proof, pins=tuple(row.pins.split()))


async def keys(cards: Cards, office: str, asked: api.NewKeys) -> api.Certified:
    """Have the keys that the chip made certified; those of an earlier attempt are dropped."""
    async with cards.database.transaction() as tx:
        row, card = await _writing(tx, office, asked.session)
        _in_time(cards, row)
        wanted = acts.keys(row.kind, card)
        if ("auth" in wanted, "sign" in wanted) != (bool(asked.auth), bool(asked.sign)):
            raise BadInput("other keys are to be certified", pointer="auth")
        for dropped in await applications.drop_orders(tx, session=row.session):
            await cards.post(tx, cards.certifier.happened("never-delivered", dropped.order_id))
        order = new_id(cards.entropy)
        await applications.add_order(tx, order, application=None, session=row.session)
        await store.save(tx, attrs.evolve(row, order_id=order))
        await cards.journal(tx, "keys-made", office)
    pair = await cards.certifier.issue(
        order, acts.subject(row, card), auth=asked.auth, sign=asked.sign
    )
    return api.Certified(acts.certificate_files(pair))


async def commit(cards: Cards, office: str, asked: api.CommitSession) -> api.SessionEnded:
    """End a session as done. Raises `WrongChip`, `SessionOver`; repeated, it answers the same."""
    async with cards.database.transaction() as tx:
        row, card = await _session(tx, office, asked.session)
        if row.phase == "committed":
            return _ended(row)
        row, card = await _writing(tx, office, asked.session)
        _in_time(cards, row)
        check_chip(card, bytes(row.final_challenge), asked.answer)
        if acts.keys(row.kind, card) and not row.order_id:
            raise WrongState("the certificates are not in the chip")
        card = await acts.done(cards, tx, row, card)
        row = attrs.evolve(row, phase="committed", ended_state=card.state)
        await store.save(tx, row)
        await cards.journal(tx, "session-committed", office, kind=row.kind)
    return _ended(row)


async def abort(cards: Cards, office: str, asked: api.AbortSession) -> api.SessionEnded:
    """End a session as given up. One that has begun to write files only goes forward."""
    async with cards.database.transaction() as tx:
        row, card = await _session(tx, office, asked.session)
        if row.phase in {"committed", "aborted"}:
            return _ended(row)
        if row.phase == "writing":
            if row.kind not in ABORTABLE:
                raise WrongState("this act goes on: part of it is in the chip")
            if not asked.pins_gone:
                raise WrongState("the secrets are taken off the chip first")
        row = attrs.evolve(row, phase="aborted", ended_state=card.state)
        await store.save(tx, row)
        officers = row.officers.split()
        await lives.note(cards, tx, card, f"aborted-{row.kind}", actor=office, officers=officers)
        await cards.journal(tx, "session-aborted", office, kind=row.kind)
    return _ended(row)


def _ended(row: SessionRow) -> api.SessionEnded:
    return api.SessionEnded(session=row.session, phase=row.phase, state=row.ended_state)


def check_chip(card: CardRow, question: bytes, answer: bytes) -> None:
    """Raise `WrongChip` unless the chip that was made for this card signed the question."""
    key = load_der_public_key(bytes(card.chip_key))
    assert isinstance(key, RSAPublicKey), "every chip's own key is RSA"
    try:
        key.verify(answer, question, PKCS1v15(), SHA256())
    except InvalidSignature as error:
        raise WrongChip from error


async def _session(tx: Tx, office: str, session: str) -> tuple[SessionRow, CardRow]:
    row = await store.lock(tx, session)
    if row is None or row.office != office:
        raise SessionOver
    card = await cards_store.lock(tx, card=row.card)
    assert card is not None, "a session has its card"
    return row, card


async def _under_way_here(tx: Tx, office: str, session: str) -> tuple[SessionRow, CardRow]:
    row, card = await _session(tx, office, session)
    if row.phase not in {"begun", "writing"}:
        raise SessionOver
    return row, card


async def _writing(tx: Tx, office: str, session: str) -> tuple[SessionRow, CardRow]:
    row, card = await _under_way_here(tx, office, session)
    if row.phase != "writing":
        raise WrongState("the chip has not proved itself yet")
    return row, card


def _in_time(cards: Cards, row: SessionRow) -> None:
    if row.expires_at <= cards.clock.now():
        raise SessionOver
