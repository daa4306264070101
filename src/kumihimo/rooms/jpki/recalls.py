"""Recalling a broken class of keys: suspend every certificate of it, then put new keys in its place.

Both go in steps, each its own transaction; a crash costs one step, and the next run goes on. The
replacement of an order has its id before it is ordered, so it is never ordered twice.
"""

from collections.abc import Callable

import msgspec
from cryptography import x509

from kumihimo.kernel.ids import new_id
from kumihimo.kernel.refusal import Conflict, NotFound, Refusal
from kumihimo.rooms.jpki import store_certificates as certificates
from kumihimo.rooms.jpki import store_recalls as store
from kumihimo.rooms.jpki.api import Ca
from kumihimo.rooms.jpki.context import Jpki
from kumihimo.rooms.jpki.domain.reasons import HOLD
from kumihimo.rooms.jpki.domain.recalls import KeyClass, replacement
from kumihimo.rooms.jpki.issuance import finish, intend
from kumihimo.rooms.jpki.revocation import change
from kumihimo.rooms.jpki.store_certificates import CertificateRow
from kumihimo.rooms.jpki.store_recalls import RecalledRow, RecallRow

STEP = 200  # certificates looked at in one transaction: well under a second
REPLACED_AT_ONCE = 20

# Gives the public key of a new key pair for an order of a carrier, SubjectPublicKeyInfo, DER.
NewKey = Callable[[str, Ca], bytes]


async def begin(jpki: Jpki, broken: KeyClass, *, actor: str) -> str:
    """Begin a recall; returns its id."""
    broken.check()
    recall = new_id(jpki.entropy)
    row = RecallRow(
        recall=recall,
        key_class=msgspec.json.encode(broken).decode(),
        state="suspending",
        after_ca="",
        after_serial=0,
        begun_on=jpki.today(),
    )
    async with jpki.database.transaction() as tx:
        await store.add_recall(tx, row)
        await jpki.journal(tx, "recall-begun", actor)
    return recall


async def suspend_some(jpki: Jpki, recall: str, *, actor: str) -> int:
    """Look at the next certificates and hold those of the class; returns how many it looked at."""
    async with jpki.database.transaction() as tx:
        row = await store.claim_recall(tx, recall)
        if row is None:
            raise NotFound(pointer="recall")
        now = jpki.clock.now()
        found = await store.good_after(tx, row, now, STEP) if row.state == "suspending" else []
        broken = msgspec.json.decode(row.key_class, type=KeyClass)
        mine = [one for one in found if broken.has(_loaded(one), one.carrier)]
        for one in mine:
            await certificates.set_status(tx, one, HOLD, now)
        for order in dict.fromkeys(one.issuance for one in mine):
            await store.add_recalled(tx, recall, order, new_id(jpki.entropy))
        if found:
            last = found[-1]
            await store.move_recall(tx, recall, state=row.state, ca=last.ca, serial=last.serial)
            await jpki.journal(tx, "recall-suspended", actor, certificates=len(mine))
        else:
            await store.move_recall(
                tx, recall, state="suspended", ca=row.after_ca, serial=row.after_serial
            )
    return len(found)


def _loaded(row: CertificateRow) -> x509.Certificate:
    return x509.load_der_x509_certificate(bytes(row.der))


async def replace_some(jpki: Jpki, recall: str, new_key: NewKey, *, actor: str) -> int:
    """Replace some suspended certificates; returns how many orders it tried."""
    async with jpki.database.transaction() as tx:
        waiting = await store.waiting(tx, recall, REPLACED_AT_ONCE)
    for one in waiting:
        await _replace(jpki, recall, one, new_key, actor=actor)
    return len(waiting)


async def _replace(
    jpki: Jpki, recall: str, one: RecalledRow, new_key: NewKey, *, actor: str
) -> None:
    refusal = ""
    try:
        await _order_once(jpki, one, new_key, actor=actor)
        refusal = (await finish(jpki, one.replacement, actor=actor)).refusal
    except Refusal as refused:
        refusal = refused.code
    async with jpki.database.transaction() as tx:
        old = await certificates.of_order(tx, one.issuance)
        await change(jpki, tx, "key-compromise", [c for c in old if c.status == "held"])
        state = "refused" if refusal else "replaced"
        await store.end_recalled(tx, recall, one.issuance, state=state, refusal=refusal)
        await jpki.journal(tx, f"recall-{state}", actor, certificates=len(old))


async def _order_once(jpki: Jpki, one: RecalledRow, new_key: NewKey, *, actor: str) -> None:
    async with jpki.database.transaction() as tx:
        if await certificates.issuance(tx, one.replacement) is not None:
            return  # ordered before a crash; new keys now would be another order
        row = await certificates.issuance(tx, one.issuance)
        assert row is not None, "what was suspended was issued"
        held = [c for c in await certificates.of_order(tx, one.issuance) if c.status == "held"]
    if not held:
        raise Conflict("none of its certificates is on hold any more")
    by_ca = {c.ca: _loaded(c) for c in held}
    order = replacement(
        order=one.replacement,
        holder=bytes(row.holder),
        version=row.version,
        carrier=row.carrier,
        municipality=row.municipality,
        abroad=row.abroad,
        sign=by_ca.get("sign"),
        auth=by_ca.get("auth"),
        sign_key=new_key(one.replacement, "sign") if "sign" in by_ca else b"",
        auth_key=new_key(one.replacement, "auth") if "auth" in by_ca else b"",
    )
    await intend(jpki, actor, order)


async def progress(jpki: Jpki, recall: str) -> dict[str, int]:
    """Return how many orders are suspended, replaced and refused."""
    async with jpki.database.transaction() as tx:
        return await store.counts(tx, recall)
