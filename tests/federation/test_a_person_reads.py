"""What a person reads of herself, through the door of the ledger, with a ticket from a counter."""

import base64
from datetime import UTC, timedelta

import httpx2
import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kumihimo.kernel import journal
from kumihimo.kernel.keys import seal_payload
from kumihimo.kernel.refusal import BadInput
from kumihimo.rooms.ledger import cursors, sessions
from kumihimo.rooms.ledger.api import OpenSession
from kumihimo.rooms.ledger.service import END_WITHIN, report_missing_ends
from kumihimo.rooms.register import api as register
from tests.federation.desk import open_desk
from tests.federation.street import ALLOWANCE, INCOME, LAYOUT, MINATO, OSAKA, transport_to
from tests.federation.test_intake import CSV, card
from tests.federation.test_register_and_core import ask
from tests.rooms.register.made import attributes, birth


class Reader:
    """A person's own program: HTTP and JSON, nothing signed."""

    def __init__(self, street):
        self.street = street
        self.transport = transport_to(street.ledger.app)
        self.token = ""

    async def request(self, method, path, *, params=None, body=None):
        async with httpx2.AsyncClient(transport=self.transport, base_url="http://ledger") as http:
            return await http.request(
                method,
                path,
                params=params,
                json=body,
                headers={"authorization": f"Bearer {self.token}"},
            )

    async def ticket(self, who, number):
        asked = register.DisclosureAsked(number=number, attributes=attributes(birth(who)))
        return await ask(
            self.street, MINATO, register.TICKET_PATH, asked, register.DisclosureTicket
        )

    async def enter(self, who, number):
        ticket = await self.ticket(who, number)
        await self.street.register_room.outbox.run_once()
        answer = await self.open(ticket)
        assert answer.status_code == 200
        self.token = answer.json()["token"]

    async def open(self, ticket):
        body = msgspec.to_builtins(
            OpenSession(acquisition=ticket.acquisition, sealed=ticket.sealed),
            builtin_types=(),
        )
        return await self.request("POST", "/sessions", body=body)

    async def records(self, **params):
        answer = await self.request("GET", "/my/records", params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()


async def minato_asks(street, one, *, times=1, case=True):
    """Minato asks Osaka about the person, through the real client and with the real register."""
    osaka, minato = await open_desk(street, OSAKA), await open_desk(street, MINATO)
    for desk, addressee in ((osaka, "7"), (minato, "100")):
        await desk(lambda c, a=addressee: c.register([card(a, one, 1)]))
        await desk.acquire(street.register_room)
    await osaka(lambda c: c.load_copies(CSV.encode(), layout=LAYOUT))
    if case:
        await minato(lambda c: c.open_case("100", affair=ALLOWANCE))
    for _ in range(times):
        await minato(
            lambda c: c.ask_one(
                "100", affair=ALLOWANCE, provider=OSAKA, items=[INCOME], layout=LAYOUT
            )
        )
        street.clock.advance(timedelta(seconds=2))
    await street.deliver()


def test_she_reads_who_asked_whom_for_what_and_under_which_law_and_nobody_else_does(in_town):
    async def story(street, one, other):
        await minato_asks(street, one)
        reader = Reader(street)
        await reader.enter(1, one)
        [record] = (await reader.records())["records"]
        assert (record["requester"], record["provider"]) == (MINATO, OSAKA)
        assert (record["affair"], record["items"], record["outcome"]) == (
            ALLOWANCE,
            [INCOME],
            "OK",
        )
        assert record["basis"]
        assert record["provided_at"]
        answer = await reader.request("GET", "/my/who-asked")
        [body] = answer.json()["bodies"]
        assert (body["requester"], body["times"], body["refused"]) == (MINATO, 1, 0)
        stranger = Reader(street)
        await stranger.enter(2, other)
        assert (await stranger.records())["records"] == []

    in_town(story)


def test_a_refusal_stands_in_her_list_like_a_provision(in_town):
    async def story(street, one, _):
        await minato_asks(street, one, case=False)
        reader = Reader(street)
        await reader.enter(1, one)
        [record] = (await reader.records())["records"]
        assert (record["outcome"], record["provided_at"]) == ("REFUSED_CASE", None)

    in_town(story)


def test_pages_give_every_record_once_whatever_their_size(in_town):
    async def story(street, one, _):
        await minato_asks(street, one, times=7)
        reader = Reader(street)
        await reader.enter(1, one)
        whole = (await reader.records(limit=200))["records"]
        assert len(whole) == 7
        for limit in (1, 2, 3, 7):
            read, cursor = [], ""
            while True:
                page = await reader.records(limit=limit, **({"cursor": cursor} if cursor else {}))
                read += page["records"]
                cursor = page["next"]
                if not cursor:
                    break
            assert read == whole

    in_town(story)


def test_filters_keep_what_fits_and_days_are_japanese(in_town):
    async def story(street, one, _):
        await minato_asks(street, one)
        reader = Reader(street)
        await reader.enter(1, one)
        for params, count in (
            ({"requester": MINATO}, 1),
            ({"requester": OSAKA}, 0),
            ({"provider": OSAKA, "outcome": "OK"}, 1),
            ({"outcome": "REFUSED_CASE"}, 0),
            ({"since": "2026-06-01", "until": "2026-06-02"}, 1),
            ({"until": "2026-06-01"}, 0),
            ({"since": "2026-06-02"}, 0),
            ({"requester": "\0"}, 0),
        ):
            assert len((await reader.records(**params))["records"]) == count

    in_town(story)


@pytest.mark.parametrize(
    "params",
    [{"limit": 0}, {"limit": 201}, {"limit": "x"}, {"since": "yesterday"}, {"cursor": "x"}],
)
def test_a_question_without_the_right_form_is_refused(in_town, params):
    async def story(street, one, _):
        reader = Reader(street)
        await reader.enter(1, one)
        answer = await reader.request("GET", "/my/records", params=params)
        assert answer.status_code == 400
        assert answer.json()["type"] == "urn:kumihimo:bad-input"

    in_town(story)


def test_a_ticket_opens_one_session_and_every_bad_ticket_gets_the_same_words(in_town):
    async def story(street, one, other):
        reader = Reader(street)
        ticket = await reader.ticket(1, one)
        early = await reader.open(ticket)
        assert early.status_code == 503
        await street.register_room.outbox.run_once()
        assert (await reader.open(ticket)).status_code == 200
        mine, hers = ticket, await reader.ticket(2, other)
        await street.register_room.outbox.run_once()
        forged = seal_payload(
            msgspec.json.encode(
                register.Ticket(
                    acquisition=hers.acquisition, state="begun", blinding=bytes([1]) + bytes(31)
                )
            ),
            to=street.keys["ledger"].public.payload,
            context=b"another context",
        )
        words = set()
        for bad in (
            mine,  # used
            msgspec.structs.replace(hers, acquisition=mine.acquisition),
            msgspec.structs.replace(hers, sealed=mine.sealed),
            msgspec.structs.replace(hers, sealed=forged),
            msgspec.structs.replace(hers, sealed=b""),
        ):
            answer = await reader.open(bad)
            assert answer.status_code == 401
            words.add(answer.text)
        assert len(words) == 1
        assert (await reader.open(hers)).status_code == 200

    in_town(story)


def test_a_session_ends_by_itself_by_its_person_and_for_whoever_has_no_token(in_town):
    async def story(street, one, _):
        reader = Reader(street)
        await reader.enter(1, one)
        assert (await reader.records())["records"] == []
        token = reader.token
        answers = []
        for reader.token in ("", "x" * 43, token[:-1]):
            answers.append(await reader.request("GET", "/my/records"))
        reader.token = token
        street.clock.advance(sessions.LIFETIME)
        answers.append(await reader.request("GET", "/my/records"))
        assert await sessions.forget(street.ledger.ledger) == 1
        await reader.enter(1, one)
        assert (await reader.request("DELETE", "/my/session")).status_code == 204
        answers.append(await reader.request("GET", "/my/records"))
        assert {(a.status_code, a.text) for a in answers} == {(401, answers[0].text)}

    in_town(story)


def test_an_end_that_never_comes_is_told_to_oversight_once(in_town):
    async def story(street, one, _):
        street.transport.down.add(OSAKA)
        osaka, minato = await open_desk(street, OSAKA), await open_desk(street, MINATO)
        await minato(lambda c: c.register([card("100", one, 1)]))
        await minato.acquire(street.register_room)
        await minato(lambda c: c.open_case("100", affair=ALLOWANCE))
        answer = await minato(
            lambda c: c.ask_one(
                "100", affair=ALLOWANCE, provider=OSAKA, items=[INCOME], layout=LAYOUT
            )
        )
        assert answer.outcome == "PROVIDER_DOWN"
        await street.deliver()
        assert await report_missing_ends(street.ledger.ledger) == 0
        street.clock.advance(END_WITHIN + timedelta(minutes=1))
        assert await report_missing_ends(street.ledger.ledger) == 1
        assert await report_missing_ends(street.ledger.ledger) == 0
        await street.ledger.outbox.run_once()
        [alarm] = street.alarms
        assert (alarm.kind, alarm.requester, alarm.provider) == ("end-missing", MINATO, OSAKA)
        assert osaka.tenant.institution == OSAKA

    in_town(story)


def test_reading_is_on_record_without_a_word_of_who_read(in_town, postgres):
    async def story(street, one, _):
        reader = Reader(street)
        await reader.enter(1, one)
        await reader.records()
        async with street.ledger.ledger.database.transaction() as tx:
            await journal.verify(tx)
            acts = await tx.value("SELECT string_agg(act, ' ' ORDER BY seq) FROM journal")
        assert acts == "session-opened records-read"
        dump = postgres.dump(street.ledger_name)
        for told in (one, one[:11], "高橋", reader.token):
            assert told.encode() not in dump

    in_town(story)


@given(st.text(max_size=80))
@example("")
@example("MjAyNi0wMS0wMXx4")
def test_no_text_but_our_own_is_a_cursor(text):
    with pytest.raises(BadInput):
        cursors.read(text)


@given(st.datetimes(timezones=st.just(UTC)), st.binary(min_size=16, max_size=16))
def test_a_cursor_reads_back(at, raw):
    record = base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
    assert cursors.read(cursors.write(at, record)) == (at, record)
