"""A person reads what institutions hold about her (自己情報): by the core's permits, gateway by gateway."""

from datetime import timedelta
from typing import Any

import pytest

from kumihimo.kernel.ids import new_id
from kumihimo.kernel.keys import NotSealedForUs, open_payload
from kumihimo.kernel.seal import seal
from kumihimo.rooms.gateway.business_links import LinkSuspended
from kumihimo.rooms.ledger import own, sessions
from kumihimo.rooms.ledger.service import END_WITHIN, report_missing_ends
from kumihimo.rooms.linkage import api as linkage
from tests.federation.desk import open_desk
from tests.federation.street import ALLOWANCE, INCOME, LAYOUT, MINATO, NAGOYA, OSAKA
from tests.federation.test_a_person_reads import Reader
from tests.federation.test_intake import CSV, card
from tests.nowhere import nowhere, nowhere_by_itself

PATH = "/my/information"


class Herself(Reader):
    async def ask(self, information="local-tax"):
        """Ask, let the ledger's worker go on, and return what came of that kind."""
        answer = await self.request("POST", f"{PATH}/ask", body={"information": information})
        assert answer.status_code == 200, answer.text
        await self.work()
        return await self.seen(information)

    async def work(self):
        while await own.run_once(self.street.ledger.asker):
            pass

    async def seen(self, information="local-tax"):
        answer = await self.request("GET", PATH)
        assert answer.status_code == 200, answer.text
        return next(one for one in answer.json()["asked"] if one["information"] == information)


async def osaka_holds(street, number, addressee="7"):
    """Let Osaka know somebody with her taxes; returns its desk."""
    osaka = await open_desk(street, OSAKA)
    await osaka(lambda c: c.register([card(addressee, number, 1)]))
    await osaka.acquire(street.register_room)
    await osaka(lambda c: c.load_copies(CSV.encode(), layout=LAYOUT))
    return osaka


async def enters(street, who, number):
    reader = Herself(street)
    await reader.enter(who, number)
    return reader


async def rows(street, query):
    async with street.ledger.ledger.database.transaction() as tx:
        cursor = await tx.connection.execute(query)
        return await cursor.fetchall()


def test_she_reads_what_an_institution_holds_with_its_dates_and_another_person_does_not(in_town):
    async def story(street, one, other):
        await osaka_holds(street, one)
        herself = await enters(street, 1, one)
        asked = await herself.ask()
        assert (asked["institutions"], asked["waiting"]) == (3, [])
        [answer] = asked["answers"]
        assert (answer["provider"], answer["state"]) == (OSAKA, "here")
        values = {item["item"]: item for item in answer["items"]}
        assert values[INCOME]["value"] == 3_210_000
        assert values[INCOME]["as_of"] == "2026-05-31"
        assert values[INCOME]["registered_on"] == "2026-06-01"
        stranger = await enters(street, 2, other)
        asked = await stranger.ask()
        assert (asked["institutions"], asked["waiting"], asked["answers"]) == (3, [], [])

    in_town(story)


def test_what_she_asked_stands_in_her_history_and_who_held_nothing_does_not_fill_it(in_town):
    async def story(street, one, _):
        await osaka_holds(street, one)
        herself = await enters(street, 1, one)
        await herself.ask()
        await street.deliver()
        [record] = (await herself.records())["records"]
        assert (record["requester"], record["provider"], record["affair"], record["outcome"]) == (
            "ledger",
            OSAKA,
            "self-information",
            "OK",
        )
        kept = await rows(street, "SELECT count(*) FROM record")
        assert kept == [(3,)], "every question is on record all the same"
        street.clock.advance(END_WITHIN + timedelta(minutes=1))
        assert await report_missing_ends(street.ledger.ledger) == 0, "both ends of each were told"

    in_town(story)


@pytest.mark.parametrize("flags", [(True, False), (False, True), (True, True)])
def test_what_is_withheld_looks_like_an_institution_that_never_knew_her(in_town, flags):
    """Who has a victim's card must not learn from this page where she lives now."""

    async def story(street, one, other):
        withheld, hidden = flags
        osaka = await osaka_holds(street, one)
        await osaka(lambda c: c.set_flags("7", no_self_information=withheld, hidden=hidden))
        victim, unknown = await enters(street, 1, one), await enters(street, 2, other)
        seen = [await person.ask() for person in (victim, unknown)]
        await street.deliver()
        histories = [(await person.records())["records"] for person in (victim, unknown)]
        assert seen[0] == seen[1], "the clock stands still, so not even the times may differ"
        assert histories == [[], []]
        told = await rows(
            street,
            "SELECT provider, p.outcome, q.outcome, p.hidden, q.hidden, count(*) FROM record r"
            " JOIN record_end p ON p.permit = r.permit AND p.side = 'provider'"
            " JOIN record_end q ON q.permit = r.permit AND q.side = 'requester'"
            " GROUP BY 1, 2, 3, 4, 5 ORDER BY 1",
        )
        assert told == [
            (name, "NO_PERSON", "NO_PERSON", False, False, 2) for name in (MINATO, NAGOYA, OSAKA)
        ], "the ledger itself cannot tell them apart"
        gateway = street.gateways[OSAKA][0].gateway
        async with gateway.database.transaction(institution=OSAKA) as tx:
            kept = await tx.value(
                "SELECT string_agg(outcome, ' ' ORDER BY outcome) FROM exchange_record"
            )
        assert kept == "NO_PERSON REFUSED_FLAG", "only Osaka's own record says why"

    in_town(story)


def test_a_record_that_is_being_checked_is_named_and_not_shown(in_town):
    async def story(street, one, _):
        osaka = await osaka_holds(street, one)
        link = LinkSuspended(addressee="7", ground="household", case="case-1")
        await osaka(lambda c: c.suspend_links([link], officer="o1"))
        herself = await enters(street, 1, one)
        [answer] = (await herself.ask())["answers"]
        assert (answer["provider"], answer["state"], answer["items"]) == (OSAKA, "checking", [])

    in_town(story)


def test_an_answer_rests_sealed_to_her_session_and_is_gone_with_it(in_town, postgres):
    async def story(street, one, _):
        await osaka_holds(street, one)
        herself = await enters(street, 1, one)
        await herself.ask()
        [(inquiry, sealed)] = await rows(
            street, "SELECT inquiry, answer_sealed FROM own_ask WHERE answer_sealed IS NOT NULL"
        )
        for context in (own.answer_context(inquiry), b""):
            with pytest.raises(NotSealedForUs):
                open_payload(bytes(sealed), key=street.keys["ledger"].payload, context=context)
        dump = postgres.dump(street.ledger_name)
        assert nowhere_by_itself("3210000", dump)
        for told in (herself.token, one):
            assert nowhere(told.encode(), dump)
        street.clock.advance(sessions.LIFETIME)
        await herself.work()
        assert await rows(street, "SELECT count(*) FROM own_ask") == [(0,)]
        assert await rows(street, "SELECT count(*) FROM own_batch") == [(0,)]

    in_town(story)


def test_who_ends_her_session_leaves_no_answer_behind(in_town):
    async def story(street, one, _):
        await osaka_holds(street, one)
        herself = await enters(street, 1, one)
        await herself.ask()
        assert (await herself.request("DELETE", "/my/session")).status_code == 204
        left = "SELECT count(*) FROM own_ask WHERE answer_sealed IS NOT NULL"
        assert await rows(street, left) == [(0,)]
        await herself.work()
        assert await rows(street, "SELECT count(*) FROM own_batch") == [(0,)]

    in_town(story)


def test_an_institution_that_is_silent_is_waited_for_and_its_answer_comes_later(in_town):
    async def story(street, one, _):
        await osaka_holds(street, one)
        herself = await enters(street, 1, one)
        street.transport.down.add(OSAKA)
        asked = await herself.ask()
        assert (asked["waiting"], asked["answers"]) == ([OSAKA], [])
        street.transport.down.remove(OSAKA)
        street.clock.advance(own.RETRY_LONGEST)
        await herself.work()
        asked = await herself.seen()
        assert asked["waiting"] == []
        assert [one["provider"] for one in asked["answers"]] == [OSAKA]
        await street.deliver()
        assert await rows(street, "SELECT count(*) FROM record") == [(3,)], "asked once"

    in_town(story)


def test_what_nobody_answered_before_she_left_is_reported_as_that(in_town):
    async def story(street, one, _):
        await osaka_holds(street, one)
        herself = await enters(street, 1, one)
        street.transport.down.add(OSAKA)
        await herself.ask()
        street.clock.advance(sessions.LIFETIME)
        await herself.work()
        await street.deliver()
        told = "SELECT e.outcome FROM record_end e JOIN record r USING (permit) WHERE provider = %s"
        async with street.ledger.ledger.database.transaction() as tx:
            cursor = await tx.connection.execute(told, (OSAKA,))
            assert await cursor.fetchall() == [("EXPIRED",)]

    in_town(story)


def test_asking_twice_within_a_minute_asks_once(in_town):
    async def story(street, one, _):
        await osaka_holds(street, one)
        herself = await enters(street, 1, one)
        await herself.ask()
        await herself.ask()
        assert await rows(street, "SELECT count(*) FROM own_batch") == [(1,)]
        street.clock.advance(own.AGAIN_AFTER + timedelta(seconds=1))
        await herself.ask()
        assert await rows(street, "SELECT count(*) FROM own_batch") == [(2,)]

    in_town(story)


def test_nobody_asks_for_what_there_is_no_layout_of(in_town):
    async def story(street, one, _):
        herself = await enters(street, 1, one)
        for information in ("disability", "", "local-tax.total-income", "x" * 900):
            answer = await herself.request("POST", f"{PATH}/ask", body={"information": information})
            assert answer.status_code == 400, information
            assert answer.json()["type"] == "urn:kumihimo:bad-input"
        stranger = Herself(street)
        answer = await stranger.request("POST", f"{PATH}/ask", body={"information": "local-tax"})
        assert answer.status_code == 401

    in_town(story)


def _inquiry(street, code, version, **changes):
    def sealed(to):
        point = street.keys[to].public.receiving_point()
        return seal(code, to=point, entropy=street.entropy)

    fields: dict[str, Any] = {
        "inquiry": new_id(street.entropy),
        "affair": "self-information",
        "provider": OSAKA,
        "items": (INCOME,),
        "layout": LAYOUT,
        "case": "self",
        "for_provider": sealed(OSAKA),
        "for_ledger": sealed("ledger"),
        "version": version,
    }
    return linkage.InquiryBatch((linkage.Inquiry(**(fields | changes)),))


@pytest.mark.parametrize(
    ("party", "affair", "outcome"),
    [
        ("ledger", "self-information", "OK"),
        ("ledger", ALLOWANCE, "REFUSED_AFFAIR"),
        (MINATO, "self-information", "REFUSED_AFFAIR"),
        (MINATO, ALLOWANCE, "OK"),
    ],
)
def test_only_the_ledger_asks_for_a_person_herself_and_it_asks_for_nothing_else(
    on_street, party, affair, outcome
):
    async def story(street):
        code, version = await street.acquire(party, b"jane")
        batch = _inquiry(street, code, version, affair=affair)
        answer, _ = await street.caller(party).call(
            "linkage", linkage.INQUIRIES_PATH, batch, linkage.Grants
        )
        assert [one.outcome for one in answer.granted] == [outcome]

    on_street(story)


def test_without_its_published_assessment_the_ledger_asks_nobody(on_street):
    async def story(street):
        street.pia["ledger"] = None
        street.publish()
        code, version = await street.acquire("ledger", b"jane")
        answer, _ = await street.caller("ledger").call(
            "linkage", linkage.INQUIRIES_PATH, _inquiry(street, code, version), linkage.Grants
        )
        assert [one.outcome for one in answer.granted] == ["REFUSED_PIA"]

    on_street(story)
