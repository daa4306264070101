import asyncio

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kumihimo.kernel.entropy import SystemEntropy
from kumihimo.kernel.group import random_scalar
from kumihimo.kernel.ids import new_id
from kumihimo.kernel.message import key_id_of
from kumihimo.rooms.ledger import api, sessions
from kumihimo.rooms.ledger.http import TICKET_BODY_MAX
from kumihimo.rooms.register import api as register

DOORS = (("GET", "/my/records"), ("GET", "/my/who-asked"), ("DELETE", "/my/session"))


def test_a_ticket_opens_one_session_however_many_come_with_it_at_once(in_house):
    async def story(house):
        ticket = house.ticket("one")
        answers = await asyncio.gather(*(house.open(ticket) for _ in range(5)))
        assert sorted(answer.status_code for answer in answers) == [200, 401, 401, 401, 401]
        assert len({answer.text for answer in answers if answer.status_code == 401}) == 1

    in_house(story)


def test_a_ticket_whose_half_the_core_has_not_yet_may_come_again(in_house):
    async def story(house):
        ticket = house.ticket("one")
        half = house.core.points.pop(ticket.acquisition)
        assert (await house.open(ticket)).status_code == 503
        house.down.add("linkage")
        assert (await house.open(ticket)).status_code == 503
        house.down.clear()
        house.core.points[ticket.acquisition] = half
        assert (await house.open(ticket)).status_code == 200

    in_house(story)


def test_a_ticket_whose_time_is_over_is_told_so(in_house):
    async def story(house):
        ticket = house.ticket("one")
        house.core.expired.add(ticket.acquisition)
        answer = await house.open(ticket)
        assert (answer.status_code, answer.json()["type"]) == (404, "urn:kumihimo:not-found")

    in_house(story)


def test_every_ticket_that_register_did_not_make_for_this_gets_the_same_words(in_house):
    async def story(house):
        good = house.ticket("one")
        ticket = register.Ticket(
            acquisition=good.acquisition,
            state="begun",
            blinding=random_scalar(SystemEntropy()).reveal(),
        )
        attempts = [
            api.OpenSession(acquisition=new_id(house.entropy), sealed=good.sealed),
            house.ticket("one", acquisition=new_id(house.entropy)),
            house.ticket("one", state="no-such-person"),
            house.ticket("one", blinding=b""),
            house.ticket("one", blinding=bytes(32)),
            house.ticket("one", blinding=b"\xff" * 32),
        ]
        signer = house.keys["ledger"]
        own_word = msgspec.structs.replace(
            ticket,
            key_id=key_id_of("ledger", signer.public.signing),
            signature=signer.signing.sign(register.ticket_signed_bytes(ticket)),
        )
        sealings = (
            house.seal_ticket(ticket),
            house.seal_ticket(own_word),
            house.seal_ticket(ticket, to="linkage"),
            house.seal_ticket(ticket, path=register.ACQUIRE_PATH),
            house.seal_ticket({"acquisition": good.acquisition}),
            good.sealed[:-1],
            b"",
        )
        attempts += [
            api.OpenSession(acquisition=good.acquisition, sealed=sealed) for sealed in sealings
        ]
        answers = [await house.open(attempt) for attempt in attempts]
        assert {answer.status_code for answer in answers} == {401}
        assert len({answer.text for answer in answers}) == 1
        assert (await house.open(good)).status_code == 200

    in_house(story)


def test_a_ticket_with_another_blinding_than_registers_opens_the_records_of_nobody(in_house):
    async def story(house):
        await house.deliver(house.record("one"))
        forged = house.ticket("one", blind=random_scalar(house.entropy))
        token = (await house.open(forged)).json()["token"]
        assert await house.read(token) == []

    in_house(story)


def test_a_body_too_large_for_a_ticket_is_not_read(in_house):
    async def story(house):
        answer = await house.http("POST", "/sessions", content=b" " * (TICKET_BODY_MAX + 1))
        assert answer.status_code == 413
        answer = await house.http("POST", "/sessions", content=b" " * TICKET_BODY_MAX)
        assert answer.status_code == 400

    in_house(story)


def test_no_bytes_at_the_open_door_do_more_than_be_refused(in_house):
    async def story(house):
        attempts = []

        @settings(max_examples=40)
        @given(
            st.binary(max_size=200)
            | st.fixed_dictionaries({"acquisition": st.text(), "sealed": st.text()}).map(
                lambda made: str(made).replace("'", '"').encode("utf-8", "replace")
            )
        )
        def draw(body):
            attempts.append(body)

        await asyncio.to_thread(draw)
        for body in attempts:
            answer = await house.http("POST", "/sessions", content=body)
            assert answer.status_code in {400, 401}

    in_house(story)


@pytest.mark.parametrize(("method", "path"), DOORS)
def test_no_token_a_bad_one_and_one_that_is_over_get_the_same_words(in_house, method, path):
    async def story(house):
        token = await house.enter("one")
        over = await house.enter("one")
        await house.http("DELETE", "/my/session", token=over)
        answers = [
            await house.http(method, path, token=one)
            for one in ("", over, token[:-1], token + "A", "x" * 43, token.swapcase())
        ]
        house.clock.advance(sessions.LIFETIME)
        answers.append(await house.http(method, path, token=token))
        assert {answer.status_code for answer in answers} == {401}
        assert len({answer.text for answer in answers}) == 1

    in_house(story)


def test_a_session_lasts_until_the_end_of_its_time_and_then_goes_without_a_trace(in_house):
    async def story(house):
        token = await house.enter("one")
        house.clock.advance(sessions.LIFETIME * 0.99)
        assert await house.read(token) == []
        assert await sessions.forget(house.ledger) == 0
        house.clock.advance(sessions.LIFETIME)
        assert await sessions.forget(house.ledger) == 1
        async with house.database.transaction() as tx:
            assert await tx.value("SELECT count(*) FROM session") == 0
            assert await tx.value("SELECT count(*) FROM ticket_used") == 1
        house.clock.advance(sessions.TICKET_TRACE * 1.1)
        assert await sessions.forget(house.ledger) == 1

    in_house(story)


def test_closing_one_session_leaves_the_others_open(in_house):
    async def story(house):
        one, other = await house.enter("one"), await house.enter("one")
        assert (await house.http("DELETE", "/my/session", token=one)).status_code == 204
        assert (await house.http("GET", "/my/records", token=one)).status_code == 401
        assert (await house.http("GET", "/my/records", token=other)).status_code == 200

    in_house(story)


def test_the_database_holds_no_token_and_no_acquisition_number(in_house, postgres):
    async def story(house):
        ticket = house.ticket("one")
        token = (await house.open(ticket)).json()["token"]
        dump = postgres.dump(house.name)
        for told in (token, ticket.acquisition):
            assert told.encode() not in dump
            assert told.encode().hex().encode() not in dump

    in_house(story)
