"""The latest attributes of a holder, for a verifier to whom she consented (最新の利用者情報).

(1) the consent is looked up, and whether it holds; (2) register is asked, under seal, by the name
that it made for her; (3) the consent is looked at again, and the answer recorded, in one
transaction; (4) the answer is sealed to whom she consented to. jpki keeps no attribute.

register is asked also where the answer is no already, without wanting to be told: what is protected
(支援措置) is then refused by the same name, after the same steps, as what she withdrew. So that
nobody can take it for a death or for a lost card, these are told by names of their own.
"""

import attrs
import msgspec

from kumihimo.kernel.keys import seal_payload
from kumihimo.kernel.net import Caller, Refused
from kumihimo.kernel.refusal import Refusal, TooMany, Unavailable
from kumihimo.kernel.sql import Tx
from kumihimo.rooms.jpki import consents, forms, store_certificates
from kumihimo.rooms.jpki import store_consents as store
from kumihimo.rooms.jpki.context import Jpki
from kumihimo.rooms.jpki.domain.refusals import ConsentOver, HolderEnded, NoLinkage
from kumihimo.rooms.jpki.store_consents import ConsentRow
from kumihimo.rooms.jpki.store_status import VerifierRow
from kumihimo.rooms.register.api import LATEST_PATH, LatestAsked, LatestTold, Sealed
from kumihimo.rooms.register.api import PARTY as REGISTER

# What was signed with such a certificate was perhaps not signed by its holder.
_NOT_HERS = frozenset({"keyCompromise", "cACompromise", "unspecified"})


@attrs.frozen(kw_only=True, repr=False)
class _Found:
    row: ConsentRow
    key: bytes
    over: bool
    linked: bool


async def latest(
    jpki: Jpki, register: Caller, caller: VerifierRow, asked: forms.ConsentNamed
) -> forms.LatestSealed:
    """Tell the attributes that a consent is about, as they are now.

    Raises `NotFound`, `NotAllowed`, `ConsentOver`, `HolderEnded`, `NoLinkage`, `TooMany`,
    `Unavailable`.
    """
    async with jpki.database.transaction() as tx:
        found = await _look_up(jpki, tx, caller, asked)
    told = await _ask(jpki, register, found)
    async with jpki.database.transaction() as tx:
        await store_certificates.lock_holder(tx, bytes(found.row.holder))
        found = await _look_up(jpki, tx, caller, asked)
        refusal = _refused(found, told)
        code = "ok" if refusal is None else refusal.code
        await store.add_answer(tx, found.row, told=code, on=jpki.today())
        await jpki.journal(tx, "latest-told", caller.verifier, told=int(refusal is None))
    if refusal is not None:
        raise refusal
    assert told is not None, "what is not refused was told"
    return _sealed(jpki, found, told)


async def _look_up(jpki: Jpki, tx: Tx, caller: VerifierRow, asked: forms.ConsentNamed) -> _Found:
    row = await consents.own(tx, caller, asked)
    receiver = await consents.receiver_of(tx, row.tenant)
    assert receiver.payload_key is not None, "who may learn attributes has a key for them"
    within = row.starts_on <= jpki.today() <= row.ends_on
    living = await store_certificates.living(tx, bytes(row.holder), jpki.clock.now())
    return _Found(
        row=row,
        key=bytes(receiver.payload_key),
        over=row.withdrawn_on is not None or not within or row.reason in _NOT_HERS,
        linked=bool(living),
    )


async def _ask(jpki: Jpki, register: Caller, found: _Found) -> LatestTold | None:
    """Ask register; None when it knows nobody by this name. Raises `TooMany`, `Unavailable`."""
    entry = jpki.directory.current().active(REGISTER)
    if entry is None:
        raise Unavailable("register is not in the directory")
    wanted = LatestAsked(holder=bytes(found.row.holder), tell=found.linked and not found.over)
    payload = seal_payload(
        msgspec.json.encode(wanted), to=entry.keys.payload, context=LATEST_PATH.encode()
    )
    try:
        answer, _ = await register.call(REGISTER, LATEST_PATH, Sealed(payload), Sealed)
    except Refused as refused:
        if refused.reason == "not-found":
            return None
        if refused.reason == TooMany.code:
            raise TooMany("register answers no more for now") from None
        raise Unavailable("register does not answer for now") from None
    return jpki.open(answer, LatestTold, path=LATEST_PATH)


def _refused(found: _Found, told: LatestTold | None) -> Refusal | None:
    if found.over:
        return ConsentOver()
    if told is not None and told.gone:
        return HolderEnded()
    if told is None or not found.linked:
        return NoLinkage()
    # Protected, or the consent came to hold only after register was asked.
    return ConsentOver() if told.attributes is None else None


def _sealed(jpki: Jpki, found: _Found, told: LatestTold) -> forms.LatestSealed:
    consent, written = found.row.consent, told.attributes
    items = {item: getattr(written, item) for item in found.row.items}
    answer = forms.LatestAttributes(consent=consent, as_of=jpki.today(), **items)
    context = forms.latest_context(consent)
    return forms.LatestSealed(
        payload=seal_payload(msgspec.json.encode(answer), to=found.key, context=context)
    )
