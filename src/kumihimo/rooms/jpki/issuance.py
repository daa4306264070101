"""Issuing: an order becomes an intent, the intent is linted and signed, the certificate stored.

(1) the order is checked and what shall be signed is stored, in one transaction;
(2) it is linted and signed, in none;
(3) certificate, replacement of the old one and journal line are stored, in one transaction.
A crash between leaves an intent. It is finished by the next try or the worker, from the stored text
and nothing else, or refused when register said something about the person meanwhile: the unique
keys of `intent` and `certificate` leave no room for two certificates of one order.
"""

import asyncio
import hashlib
from datetime import datetime

import msgspec
from cryptography import x509

from kumihimo.kernel.refusal import BadInput, NotAllowed, Refusal, Unavailable
from kumihimo.kernel.sql import Tx
from kumihimo.rooms.jpki import store, store_lists
from kumihimo.rooms.jpki import store_certificates as certificates
from kumihimo.rooms.jpki.api import (
    ORDERS_MAX,
    Ca,
    CertificateOrder,
    IssueCertificates,
    Issued,
    IssuedOrder,
)
from kumihimo.rooms.jpki.authorities import new_serial, signing_now
from kumihimo.rooms.jpki.context import Jpki
from kumihimo.rooms.jpki.domain import orders
from kumihimo.rooms.jpki.domain.certificates import Wanted, unsigned
from kumihimo.rooms.jpki.domain.keys import PublicKey
from kumihimo.rooms.jpki.domain.lint import NotLinted, lint, sign
from kumihimo.rooms.jpki.domain.places import place_of
from kumihimo.rooms.jpki.domain.printed import new_id, printed
from kumihimo.rooms.jpki.domain.profiles import profiles
from kumihimo.rooms.jpki.domain.reasons import after
from kumihimo.rooms.jpki.domain.refusals import (
    KeyOfAnother,
    NoAuthority,
    NotWellFormed,
    OrderDropped,
    OrderReused,
)
from kumihimo.rooms.jpki.domain.weak_keys import spki_of
from kumihimo.rooms.jpki.store_certificates import IntentRow, IssuanceRow

CARDS = "cards"


def require_cards(jpki: Jpki, sender: str) -> None:
    """Raise `NotAllowed` unless the sender is the room that makes cards."""
    entry = jpki.directory.current().active(sender)
    if entry is None or entry.kind != CARDS:
        raise NotAllowed("only cards orders certificates and tells what happens to them")


async def issue(jpki: Jpki, sender: str, batch: IssueCertificates) -> Issued:
    """Issue what is ordered; each order by itself, a refused one leaves the others alone."""
    require_cards(jpki, sender)
    if not 1 <= len(batch.orders) <= ORDERS_MAX:
        raise BadInput(f"1 to {ORDERS_MAX} orders", pointer="orders")
    return Issued(tuple([await _issue_one(jpki, sender, order) for order in batch.orders]))


async def _issue_one(jpki: Jpki, sender: str, order: CertificateOrder) -> IssuedOrder:
    try:
        await intend(jpki, sender, order)
        return await finish(jpki, order.order, actor=sender)
    except (Unavailable, NoAuthority):
        raise
    except Refusal as refusal:
        return IssuedOrder(order=order.order, refusal=refusal.code, detail=refusal.detail)


def digest_of(order: CertificateOrder) -> bytes:
    """Return what tells an order from another under the same id."""
    return hashlib.sha256(msgspec.json.encode(order, order="deterministic")).digest()


async def intend(jpki: Jpki, sender: str, order: CertificateOrder) -> None:
    """Check an order and store what shall be signed; an order that is known changes nothing."""
    keys = orders.check_form(order)
    digest = digest_of(order)
    async with jpki.database.transaction() as tx:
        await certificates.lock_order(tx, order.order)
        await certificates.lock_holder(tx, order.holder)
        known = await certificates.issuance(tx, order.order)
        if known is not None:
            if bytes(known.order_digest) != digest:
                raise OrderReused
            return
        if await certificates.is_dropped(tx, order.order):
            raise OrderDropped
        orders.check_holder(order, await certificates.holder(tx, order.holder))
        now = jpki.clock.now()
        living = await certificates.living(tx, order.holder, now)
        days = orders.last_days(order, keys, living, today=jpki.today())
        await certificates.add_issuance(tx, _row(order, digest))
        for ca, key in keys.items():
            await _add_intent(jpki, tx, order, ca, key, orders.lifetime(days, ca, now))
        await jpki.journal(tx, "certificates-intended", sender, certificates=len(keys))


def _row(order: CertificateOrder, digest: bytes) -> IssuanceRow:
    return IssuanceRow(
        issuance=order.order,
        holder=order.holder,
        version=order.version,
        carrier=order.carrier,
        municipality=order.municipality,
        abroad=order.abroad,
        order_digest=digest,
        awaits_delivery=order.before_delivery,
        state="open",
        refusal="",
    )


async def _add_intent(
    jpki: Jpki,
    tx: Tx,
    order: CertificateOrder,
    ca: Ca,
    key: PublicKey,
    lifetime: tuple[datetime, datetime],
) -> None:
    begins, ends = lifetime
    authority = await signing_now(tx, ca, jpki.clock.now())
    place = place_of(order.municipality)
    profile = profiles().profile[ca]
    wanted = Wanted(
        ca=ca,
        serial=new_serial(jpki.entropy),
        not_before=begins,
        not_after=ends,
        key=key,
        issuer_key=authority.public(),
        id=new_id(jpki.entropy, ca=ca, municipality=order.municipality),
        prefecture=place.prefecture,
        city=place.city,
        ocsp_url=jpki.ocsp_url,
        attributes=printed(order.attributes) if profile.attributes else None,
    )
    intent = IntentRow(
        issuance=order.order,
        ca=ca,
        generation=authority.generation,
        serial=wanted.serial,
        key_hash=hashlib.sha256(spki_of(key)).digest(),
        not_before=begins,
        not_after=ends,
        tbs=unsigned(profile, wanted, signer=authority.key_kind).tbs_certificate_bytes,
    )
    if not await certificates.add_intent(tx, intent):
        raise KeyOfAnother


async def finish(jpki: Jpki, order: str, *, actor: str) -> IssuedOrder:
    """Sign and store what was intended; an order that is finished gives what it gave before."""
    async with jpki.database.transaction() as tx:
        row = await certificates.issuance(tx, order)
        assert row is not None, "finish comes after intend"
        intents = await certificates.intents(tx, order) if row.state == "open" else []
        # A move, a death or cards may end the order between the two questions; the texts are gone.
        intents = [one for one in intents if one.tbs is not None]
        by_ca = {i.ca: await store.authority(tx, i.ca, i.generation) for i in intents}
    signed: dict[Ca, bytes] = {}
    try:
        for intent in intents:
            authority, tbs = by_ca[intent.ca], bytes(intent.tbs or b"")
            signed[intent.ca] = await asyncio.to_thread(_sign, jpki, authority, tbs)
    except NotLinted:
        return await _refuse(jpki, row, actor)
    async with jpki.database.transaction() as tx:
        await certificates.lock_holder(tx, bytes(row.holder))
        row = await certificates.issuance(tx, order)
        assert row is not None, "orders are for ever"
        if row.state == "open":
            await _store(jpki, tx, row, intents, signed)
            await jpki.journal(tx, "certificates-issued", actor, certificates=len(intents))
        return await _answer(tx, row)


async def _refuse(jpki: Jpki, row: IssuanceRow, actor: str) -> IssuedOrder:
    async with jpki.database.transaction() as tx:
        await certificates.lock_holder(tx, bytes(row.holder))
        await certificates.close_issuance(
            tx, row.issuance, state="refused", refusal=NotWellFormed.code
        )
        await jpki.journal(tx, "certificates-refused", actor, refusal=NotWellFormed.code)
    return IssuedOrder(order=row.issuance, refusal=NotWellFormed.code)


def _sign(jpki: Jpki, authority: store.AuthorityRow, tbs: bytes) -> bytes:
    linted = lint(tbs, signer=authority.key_kind)
    der = sign(linted, lambda message: jpki.key_store.sign(authority.key_label, message))
    # A store that signs wrongly (or with another key) is found before anybody gets the result.
    root = x509.load_der_x509_certificate(bytes(authority.der))
    x509.load_der_x509_certificate(der).verify_directly_issued_by(root)
    return der


async def _store(
    jpki: Jpki, tx: Tx, row: IssuanceRow, intents: list[IntentRow], signed: dict[Ca, bytes]
) -> None:
    now = jpki.clock.now()
    for intent in intents:
        predecessor = None if row.awaits_delivery else await supersede(jpki, tx, row, intent.ca)
        await certificates.add_certificate(
            tx, intent, row, predecessor=predecessor, at=now, der=signed[intent.ca]
        )
        await store_lists.need_list(tx, intent.ca, intent.generation, row.municipality, now)
    await certificates.close_issuance(tx, row.issuance, state="issued")


async def supersede(jpki: Jpki, tx: Tx, row: IssuanceRow, ca: Ca) -> int | None:
    """End what a new certificate takes the place of; returns the serial of the newest of it."""
    now = jpki.clock.now()
    old = await certificates.on_carriers(tx, bytes(row.holder), orders.like(row.carrier))
    mine = [one for one in old if one.ca == ca]
    for one in mine:
        change = after(
            "replaced", ca=one.ca, carrier=one.carrier, status=one.status, reason=one.reason
        )
        if change is not None and one.not_after >= now:
            await certificates.set_status(tx, one, change, now)
    return mine[-1].serial if mine else None


async def _answer(tx: Tx, row: IssuanceRow) -> IssuedOrder:
    if row.state == "refused":
        return IssuedOrder(order=row.issuance, refusal=row.refusal)
    # Both authorities, also where one certificate was ordered: a chip holds both.
    found = {f"{one.ca}_authority": bytes(one.der) for one in await store.authorities(tx)}
    for one in await certificates.of_order(tx, row.issuance):
        authority = await store.authority(tx, one.ca, one.generation)
        found[one.ca] = bytes(one.der)
        found[f"{one.ca}_authority"] = bytes(authority.der)
    return IssuedOrder(
        order=row.issuance,
        sign=found.get("sign", b""),
        auth=found.get("auth", b""),
        sign_authority=found.get("sign_authority", b""),
        auth_authority=found.get("auth_authority", b""),
    )


async def finish_open(jpki: Jpki) -> int:
    """Finish orders that a crash left behind; returns how many there were."""
    async with jpki.database.transaction() as tx:
        waiting = await certificates.open_orders(tx)
    for order in waiting:
        await finish(jpki, order, actor="jpki")
    return len(waiting)
