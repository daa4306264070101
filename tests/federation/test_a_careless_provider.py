"""What a requester believes of a provider's answer: what was asked, in its form, and no more."""

import pytest
from litestar import post
from litestar.params import JSONBody

from kumihimo.kernel.door import SignedDoor, lawful, room_app
from kumihimo.kernel.keys import Sealing
from kumihimo.rooms.gateway.api import (
    PROVISIONS_PATH,
    Provide,
    Provision,
    Provisions,
    payload_context,
)
from kumihimo.rooms.linkage.api import verify_sheet
from tests.federation.street import INCOME, OSAKA, transport_to
from tests.federation.test_exchange import ask, jane_moves, question

VALUE = b'{"item":"%b","value":1,"as_of":"2026-05-31","registered_on":"2026-05-31","layout":"x"}'
ASKED, OTHER = VALUE % INCOME.encode(), VALUE % b"pension-benefit.amount"


def answering(street, payload):
    """Put a provider in Osaka's place that seals these bytes as its answer."""

    @post(
        PROVISIONS_PATH,
        status_code=200,
        opt=lawful(authority="Number Act art. 22(1)", callers=("institution",)),
    )
    async def provide(data: JSONBody[Provide]) -> Provisions:
        sheet = verify_sheet(data.sheet, street.book)
        sealing = Sealing.to(sheet.requester_payload_key, street.entropy)
        return Provisions(
            tuple(
                Provision(
                    permit=permit.permit,
                    outcome="OK",
                    sealed=sealing.seal(
                        payload, context=payload_context(permit.permit, permit.items)
                    ),
                )
                for permit in sheet.permits
            )
        )

    door = SignedDoor(
        keys_of=lambda party: street.keys[OSAKA] if party == OSAKA else None,
        book=street.book,
        clock=street.clock,
        entropy=street.entropy,
    )
    app = room_app("careless provider", [provide], report=street._bug, door=door)
    street.transport.apps[OSAKA] = transport_to(app)


@pytest.mark.parametrize(
    ("payload", "outcome"),
    [
        (b'{"values":[%b]}' % ASKED, "OK"),
        (b'{"values":[%b,%b]}' % (ASKED, OTHER), "PROVIDER_DOWN"),
        (b'{"values":[%b]}' % OTHER, "PROVIDER_DOWN"),
        (b'{"values":' + b"[" * 100_000, "PROVIDER_DOWN"),
        (b"\xff\xfe", "PROVIDER_DOWN"),
        (b"{}", "PROVIDER_DOWN"),
    ],
    ids=["as asked", "more than asked", "another item", "nested", "no text", "no values"],
)
def test_an_answer_is_kept_only_as_it_was_asked_for(on_street, payload, outcome):
    async def story(street):
        await jane_moves(street)
        answering(street, payload)
        [answer] = await ask(street, question())
        assert answer.outcome == outcome
        assert [value.item for value in answer.values] == ([INCOME] if outcome == "OK" else [])

    on_street(story)
