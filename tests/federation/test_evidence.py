"""What was signed is kept, and whoever has the directory alone can check it years later."""

import attrs
import msgspec
import pytest

from kumihimo.kernel.message import Evidence, check_evidence, party_of, unpack
from kumihimo.kernel.refusal import NotAuthentic
from kumihimo.rooms.linkage.api import InquiryBatch
from tests.federation.street import MINATO, OSAKA
from tests.federation.test_exchange import ask, jane_moves, question

KEPT = "SELECT key_id, base, signature, body FROM evidence WHERE packed"


async def kept(street):
    """Return what each room keeps, as a third party would be handed it."""
    found = {}
    async with street.linkage.core.database.transaction() as tx:
        found["linkage"] = await tx.rows(KEPT, {}, Evidence)
    for name in (MINATO, OSAKA):
        async with street.gateways[name][0].gateway.database.transaction(institution=name) as tx:
            found[name] = await tx.rows(KEPT, {}, Evidence)
    return {
        room: [
            attrs.evolve(
                e, base=bytes(e.base), signature=bytes(e.signature), body=unpack(bytes(e.body))
            )
            for e in rows
        ]
        for room, rows in found.items()
    }


def test_each_room_can_prove_to_a_third_what_the_others_told_it(on_street):
    async def story(street):
        await jane_moves(street)
        await ask(street, question())
        found = await kept(street)
        signers = {room: {party_of(e.key_id) for e in rows} for room, rows in found.items()}
        assert signers == {
            "linkage": {MINATO, OSAKA},
            MINATO: {"linkage", OSAKA},
            OSAKA: {MINATO},
        }
        public = {party: keys.public.signing for party, keys in street.keys.items()}
        for evidence in (e for rows in found.values() for e in rows):
            check_evidence(evidence, signing=public[party_of(evidence.key_id)])

    on_street(story)


def test_the_core_can_show_that_an_institution_asked_just_this(on_street):
    async def story(street):
        await jane_moves(street)
        await ask(street, question())
        [asked] = [e for e in (await kept(street))["linkage"] if b'"@path": /inquiries' in e.base]
        check_evidence(asked, signing=street.keys[MINATO].public.signing)
        [inquiry] = msgspec.json.decode(asked.body, type=InquiryBatch).inquiries
        assert (inquiry.provider, inquiry.affair) == (OSAKA, question().affair)
        assert b'"kumihimo-recipient": linkage' in asked.base

    on_street(story)


FORGERIES = (
    lambda e: attrs.evolve(e, body=e.body.replace(b"b081", b"b082")),
    lambda e: attrs.evolve(e, base=e.base.replace(b"linkage", b"ledgers")),
    lambda e: attrs.evolve(e, base=e.base.replace(b"created=", b"created=1")),
    lambda e: attrs.evolve(e, base=e.base.replace(b'"content-digest": ', b'"x-digest": ')),
    lambda e: attrs.evolve(e, base=e.base + b'\n"content-digest": sha-256=:AA==:'),
    lambda e: attrs.evolve(e, signature=e.signature.replace(b"=:", b"=:AAAA", 1)),
    lambda e: attrs.evolve(e, signature=b"\xff"),
    lambda e: attrs.evolve(e, signature=b""),
    lambda e: attrs.evolve(e, key_id=e.key_id.replace(MINATO, OSAKA)),
    lambda e: attrs.evolve(e, key_id=""),
)


def test_whatever_is_changed_in_it_proves_nothing(on_street):
    async def story(street):
        await jane_moves(street)
        await ask(street, question())
        [asked] = [e for e in (await kept(street))["linkage"] if b'"@path": /inquiries' in e.base]
        for forge in FORGERIES:
            forged = forge(asked)
            assert forged != asked
            with pytest.raises(NotAuthentic):
                check_evidence(forged, signing=street.keys[MINATO].public.signing)
        with pytest.raises(NotAuthentic):
            check_evidence(asked, signing=street.keys[OSAKA].public.signing)

    on_street(story)
