"""A holder at a portal: her ticket to the ledger, by her certificate and without a number.

The portal shows a check of her auth certificate, made just now, once. register is asked by the
reference that it made of her for jpki; what it answers is sealed to the ledger and to the portal,
so jpki learns that she reads, and nothing of what. While her session lasts the portal reads again
who asked register, by a handle that jpki hands on and cannot open.
"""

from typing import TypeVar

import msgspec

from kumihimo.kernel.keys import seal_payload
from kumihimo.kernel.net import Caller, Refused
from kumihimo.kernel.refusal import Conflict, NotAllowed, NotFound, TooMany, Unavailable
from kumihimo.rooms.jpki import forms
from kumihimo.rooms.jpki import store_verifying as store
from kumihimo.rooms.jpki.confirming import is_fresh
from kumihimo.rooms.jpki.context import Jpki
from kumihimo.rooms.jpki.domain.refusals import NoLinkage
from kumihimo.rooms.jpki.domain.verifiers import may_disclose
from kumihimo.rooms.jpki.store_status import VerifierRow
from kumihimo.rooms.register.api import (
    DISCLOSE_PATH,
    READ_AGAIN_PATH,
    HolderDiscloses,
    HolderDisclosure,
    HolderReadsAgain,
    Sealed,
)
from kumihimo.rooms.register.api import PARTY as REGISTER

T = TypeVar("T")


async def disclose(
    jpki: Jpki, register: Caller, caller: VerifierRow, asked: forms.AskDisclosure
) -> forms.Disclosure:
    """Get a holder's ticket. Raises `NotAllowed`, `NotFound`, `Conflict`, `NoLinkage`, `TooMany`."""
    _require_portal(caller)
    assert caller.payload_key is not None, "a portal has a key that it is told under"
    async with jpki.database.transaction() as tx:
        found = await store.verification(tx, caller.verifier, asked.verification)
        if found is None:
            raise NotFound
        row = await store.named(tx, caller.verifier, found.certificate)
        assert row is not None, "a check names a certificate"
        if found.result != "ok" or row.ca != "auth" or not is_fresh(jpki, found):
            raise Conflict("a ticket needs a good check of an auth certificate, made just now")
        if not await store.spend(tx, found.verification):
            raise Conflict("this check has had its ticket")
        await jpki.journal(tx, "disclosure-asked", caller.verifier)
    question = HolderDiscloses(holder=bytes(row.holder), seal_to=bytes(caller.payload_key))
    try:
        told = await _ask(jpki, register, question, HolderDisclosure, path=DISCLOSE_PATH)
    except NotFound:
        raise NoLinkage from None
    return forms.Disclosure(
        acquisition=told.ticket.acquisition, sealed=told.ticket.sealed, inquiries=told.inquiries
    )


async def read_again(
    jpki: Jpki, register: Caller, caller: VerifierRow, asked: forms.ReadAgain
) -> forms.InquiriesTold:
    """Hand on a portal's handle; jpki does not learn whose it is, and writes nothing down.

    Raises `NotAllowed`, `NotFound` where its time is over, `Unavailable`.
    """
    _require_portal(caller)
    question, path = HolderReadsAgain(asked.handle), READ_AGAIN_PATH
    told = await _ask(jpki, register, question, Sealed, path=path)
    return forms.InquiriesTold(told.payload)


def _require_portal(caller: VerifierRow) -> None:
    if not may_disclose(caller.roles):
        raise NotAllowed("this service is not the portal of disclosure")


async def _ask(
    jpki: Jpki, register: Caller, question: msgspec.Struct, reply: type[T], *, path: str
) -> T:
    """Ask register under seal. Raises `NotFound`, `TooMany`, `Unavailable`."""
    entry = jpki.directory.current().active(REGISTER)
    if entry is None:
        raise Unavailable("register is not in the directory")
    payload = seal_payload(
        msgspec.json.encode(question), to=entry.keys.payload, context=path.encode()
    )
    try:
        answer, _ = await register.call(REGISTER, path, Sealed(payload), Sealed)
    except Refused as refused:
        if refused.reason == NotFound.code:
            raise NotFound from None
        if refused.reason == TooMany.code:
            raise TooMany("register answers no more for now") from None
        raise Unavailable("register does not answer for now") from None
    return jpki.open(answer, reply, path=path)
