"""Notices to persons: from an institution by the core to the ledger, read by the person alone."""

from datetime import date, timedelta
from typing import Any

import psycopg
import pytest

from kumihimo.kernel import retention
from kumihimo.kernel.group import hash_to_group
from kumihimo.kernel.ids import new_id
from kumihimo.kernel.net import Refused
from kumihimo.kernel.seal import seal
from kumihimo.rooms.gateway.business_links import LinkSuspended
from kumihimo.rooms.gateway.business_notices import NoticeToSend
from kumihimo.rooms.ledger import rotation
from kumihimo.rooms.linkage import api
from kumihimo.rooms.linkage import notice_api as linkage
from kumihimo.rooms.linkage.api import Received
from tests.federation.desk import open_desk
from tests.federation.street import ALLOWANCE, MINATO, OSAKA
from tests.federation.test_her_own_data import enters, osaka_holds, rows
from tests.federation.test_intake import card

TITLE, TEXT = "児童手当の現況届", "現況届を出してください。世帯の状況を確かめます。"
DAY = timedelta(days=1)


def notice(reference="n-1", **changes):
    fields: dict[str, Any] = {
        "reference": reference,
        "addressee": "7",
        "affair": ALLOWANCE,
        "category": "child",
        "title": TITLE,
        "text": TEXT,
        "deadline": date(2026, 6, 30),
        "link": "https://www.city.example.jp/todoke",
    }
    return NoticeToSend(**(fields | changes))


async def send(desk, *notices):
    return await desk(lambda c: c.send_notices(notices or (notice(),), officer="o1"))


async def told(reader):
    answer = await reader.request("GET", "/my/notices")
    assert answer.status_code == 200, answer.text
    return answer.json()["notices"]


def test_what_an_institution_tells_a_person_she_reads_and_nobody_else_does(in_town):
    async def story(street, one, other):
        osaka = await osaka_holds(street, one)
        [sent] = await send(osaka)
        assert sent.outcome == "SENT"
        await street.deliver()
        herself, stranger = await enters(street, 1, one), await enters(street, 2, other)
        [seen] = await told(herself)
        assert seen == {
            "notice": sent.notice,
            "institution": OSAKA,
            "withdrawn": False,
            "told_on": "2026-06-01",
            "until": "2026-07-30",
            "affair": ALLOWANCE,
            "category": "child",
            "title": TITLE,
            "text": TEXT,
            "deadline": "2026-06-30",
            "link": "https://www.city.example.jp/todoke",
        }
        assert await told(stranger) == []

    in_town(story)


def test_sent_twice_under_one_reference_it_is_one_notice(in_town):
    async def story(street, one, _):
        osaka = await osaka_holds(street, one)
        [sent] = await send(osaka)
        [again] = await send(osaka, notice(title="ほか"))
        assert (again.outcome, again.notice) == ("KNOWN", sent.notice)
        await street.deliver()
        assert [one["title"] for one in await told(await enters(street, 1, one))] == [TITLE]

    in_town(story)


def test_who_cannot_be_told_by_the_portal_is_named_with_the_reason_and_the_others_are_told(in_town):
    async def story(street, one, _):
        osaka = await osaka_holds(street, one)
        minato = await open_desk(street, MINATO)
        await minato(lambda c: c.register([card("100", one, 1)]))
        [early] = await send(minato, notice(addressee="100"))
        assert early.outcome == "PENDING_ACQUISITION"
        sent = await send(osaka, notice("a", addressee="nobody"), notice("b"))
        assert [(s.reference, s.outcome) for s in sent] == [("a", "NO_PERSON"), ("b", "SENT")]
        await street.deliver()
        assert len(await told(await enters(street, 1, one))) == 1

    in_town(story)


@pytest.mark.parametrize("flags", [(True, False), (False, True)])
def test_where_an_institution_withholds_its_notices_are_absent_sent_before_or_after(in_town, flags):
    """Who has a victim's card must not learn from a notice where she lives now."""

    async def story(street, one, other):
        withheld, hidden = flags
        osaka = await osaka_holds(street, one)
        await send(osaka)
        await street.deliver()
        victim, unknown = await enters(street, 1, one), await enters(street, 2, other)
        assert len(await told(victim)) == 1
        await osaka(lambda c: c.set_flags("7", no_self_information=withheld, hidden=hidden))
        [refused] = await send(osaka, notice("later"))
        assert (refused.outcome, refused.notice) == ("WITHHELD", "")
        await street.deliver()
        assert await told(victim) == await told(unknown) == []
        assert await rows(street, "SELECT state, sealed FROM portal_notice") == [("removed", None)]
        await osaka(lambda c: c.set_flags("7", no_self_information=False, hidden=False))
        [again] = await send(osaka, notice("open-again"))
        assert again.outcome == "SENT"

    in_town(story)


def test_what_was_told_on_a_link_in_doubt_vanishes_at_once(in_town):
    async def story(street, one, _):
        osaka = await osaka_holds(street, one)
        await send(osaka)
        await street.deliver()
        doubt = LinkSuspended(addressee="7", case="c-1", ground="reported", affair=ALLOWANCE)
        await osaka(lambda c: c.suspend_links([doubt], officer="o1"))
        [refused] = await send(osaka, notice("later"))
        assert refused.outcome == "LINK_SUSPENDED"
        await street.deliver()
        assert await told(await enters(street, 1, one)) == []
        [listed] = await osaka(lambda c: c.notices_of("7"))
        assert listed.state == "removed"

    in_town(story)


def test_a_notice_that_is_withdrawn_says_so_and_nothing_else(in_town):
    async def story(street, one, _):
        osaka = await osaka_holds(street, one)
        [sent] = await send(osaka)
        for _ in range(2):
            await osaka(lambda c: c.withdraw_notice(sent.notice, officer="o2"))
        await street.deliver()
        [seen] = await told(await enters(street, 1, one))
        assert (seen["withdrawn"], seen["title"]) == (True, TITLE)
        assert (seen["text"], seen["link"], seen["deadline"]) == ("", "", None)
        [listed] = await osaka(lambda c: c.notices_of("7"))
        assert (listed.state, listed.officer, listed.title) == ("withdrawn", "o1", TITLE)
        with pytest.raises(Refused) as refused:
            await osaka(lambda c: c.withdraw_notice("x" * 22, officer="o2"))
        assert refused.value.reason == "not-found"

    in_town(story)


def _word(street, name, state="sent", **changes):
    """Return a word on a notice, sealed to nobody that the core could ask."""
    fields: dict[str, Any] = {
        "notice": name,
        "state": state,
        "until": street.clock.now().date() + 30 * DAY,
        "for_ledger": seal_of(street),
        "version": 1,
        "sealed": b"" if state == "removed" else b"x" * 1_200,
    }
    return linkage.PortalNotice(**(fields | changes))


def seal_of(street):
    to = street.keys["ledger"].public.receiving
    return seal(hash_to_group(b"somebody", b"test"), to=to, entropy=street.entropy)


async def says(street, who, *words):
    notices = linkage.PortalNotices(tuple(words))
    answer, _ = await street.caller(who).call("linkage", api.PORTAL_NOTICES_PATH, notices, Received)
    await street.deliver()
    return answer.new


@pytest.mark.parametrize(
    ("words", "left"),
    [
        (("withdrawn", "sent"), "withdrawn"),
        (("removed", "sent"), "removed"),
        (("removed", "withdrawn", "sent"), "removed"),
        (("sent", "sent"), "sent"),
    ],
)
def test_words_on_a_notice_come_in_any_order_to_the_same_end(on_street, words, left):
    async def story(street):
        name = new_id(street.entropy)
        for word in words:
            await says(street, OSAKA, _word(street, name, word))
        [(state, gone)] = await rows(street, "SELECT state, sealed IS NULL FROM portal_notice")
        assert (state, gone) == (left, left == "removed")

    on_street(story)


def test_another_institution_has_no_word_on_a_notice(on_street):
    async def story(street):
        name = new_id(street.entropy)
        await says(street, OSAKA, _word(street, name, "sent"))
        await says(street, MINATO, _word(street, name, "removed"))
        assert await rows(street, "SELECT institution, state FROM portal_notice") == [
            (OSAKA, "sent")
        ]
        await says(street, OSAKA, _word(street, name, "removed"))
        assert await rows(street, "SELECT state FROM portal_notice") == [("removed",)]

    on_street(story)


@pytest.mark.parametrize(
    ("sender", "changes", "reason"),
    [
        ("ledger", {}, "not-allowed"),
        ("register", {}, "not-allowed"),
        (OSAKA, {"notice": "short"}, "bad-input"),
        (OSAKA, {"sealed": b""}, "bad-input"),
        (OSAKA, {"state": "removed", "sealed": b"x"}, "bad-input"),
        (OSAKA, {"sealed": b"x" * (16 * 1024 + 1)}, "bad-input"),
        (OSAKA, {"until": date(2027, 7, 7)}, "bad-input"),
        (OSAKA, {"for_ledger": b"x" * 64}, "bad-input"),
        (OSAKA, {"version": 9}, "bad-input"),
    ],
)
def test_the_core_passes_on_what_has_the_form_of_a_notice_and_from_institutions_alone(
    on_street, sender, changes, reason
):
    async def story(street):
        name = new_id(street.entropy)
        with pytest.raises(Refused) as refused:
            await says(street, sender, _word(street, name, **changes))
        assert refused.value.reason == reason
        assert await says(street, OSAKA, _word(street, name, "sent")) == 1
        with pytest.raises(Refused):
            await says(street, OSAKA, *[_word(street, name, "sent")] * 2)
        many = [_word(street, new_id(street.entropy), "sent") for _ in range(101)]
        with pytest.raises(Refused):
            await says(street, OSAKA, *many)

    on_street(story)


def test_only_the_core_hands_notices_to_the_ledger(on_street):
    async def story(street):
        word = _word(street, new_id(street.entropy))
        delivered = linkage.PortalNotices(institution=OSAKA, notices=(word,))
        with pytest.raises(Refused) as refused:
            await street.caller(OSAKA).call("ledger", api.NOTICES_PATH, delivered, Received)
        assert refused.value.reason == "not-allowed"
        answer, _ = await street.caller("linkage").call(
            "ledger", api.NOTICES_PATH, delivered, Received
        )
        assert answer.new == 1

    on_street(story)


BAD: tuple[dict[str, Any], ...] = (
    {"title": "二行の\n題"},
    {"title": " "},
    {"text": "長" * 1_501},
    {"link": "http://www.city.example.jp/"},
    {"link": "javascript:alert(1)"},
    {"link": "https://user@city.example.jp/"},
    {"affair": "no-such"},
    {"category": "spam"},
    {"reference": "a b"},
    {"deadline": date(2026, 5, 31)},
    {"until": date(2026, 6, 29)},
    {"until": date(2027, 7, 10)},
)


def test_what_has_no_form_or_holds_a_number_is_refused_whole_and_nothing_is_sent(in_town):
    async def story(street, one, _):
        osaka = await osaka_holds(street, one)
        number = f"あなたの番号は {one[:4]} {one[4:8]}　{one[8:]} です"
        for changes in (*BAD, {"text": number}):
            with pytest.raises(Refused) as refused:
                await send(osaka, notice("good"), notice(**({"reference": "bad"} | changes)))
            assert refused.value.reason == "bad-input", changes
        [sent] = await send(osaka, notice("good", text="整理番号は 1234 5678 9001 です"))
        assert sent.outcome == "SENT", "a number with no check digit of ours is any number"

    in_town(story)


def test_a_business_system_tells_only_of_its_own_affairs(in_town):
    async def story(street, one, _):
        await osaka_holds(street, one)
        other = await open_desk(street, OSAKA, affairs=("b001",), name="other")
        with pytest.raises(Refused) as refused:
            await send(other)
        assert refused.value.reason == "not-allowed"
        own = await open_desk(street, OSAKA, affairs=(ALLOWANCE,), name="own")
        [sent] = await send(own)
        assert sent.outcome == "SENT"

    in_town(story)


def test_what_a_person_is_told_is_in_no_dump(in_town, postgres):
    async def story(street, one, _):
        osaka = await osaka_holds(street, one)
        await send(osaka)
        for _ in range(2):
            dumps = [postgres.dump(name) for _, name in street.gateways.values()]
            dumps += [postgres.dump(street.ledger_name), postgres.dump(street.linkage_name)]
            for words in (TITLE, TEXT, "city.example.jp"):
                assert not any(words.encode() in dump for dump in dumps), words
            await street.deliver()
        assert len(await told(await enters(street, 1, one))) == 1

    in_town(story)


def test_the_ledger_keeps_a_notice_to_its_last_day_and_no_longer_and_the_core_nothing(in_town):
    async def story(street, one, _):
        osaka = await osaka_holds(street, one)
        await send(osaka, notice(deadline=None, link=""))
        await street.deliver()
        await rotation.rotate(street.ledger.ledger, street.ledger.caller)
        assert len(await told(await enters(street, 1, one))) == 1, "a change of key carries it"
        async with street.linkage.core.database.transaction() as tx:
            assert await tx.value("SELECT count(*) FROM outbox", {}) == 0
        street.clock.advance(90 * DAY)
        street.publish()
        assert len(await told(await enters(street, 1, one))) == 1, "the last day"
        street.clock.advance(DAY)
        street.publish()
        assert await told(await enters(street, 1, one)) == []

    in_town(story)


def _age(postgres, name, statement):
    with psycopg.connect(postgres.admin(f"kumihimo_{name}").reveal(), autocommit=True) as owner:
        owner.execute(statement.encode())


def test_the_databases_forget_notices_that_are_over_and_no_false_clock_makes_them_forget_others(
    in_town, postgres
):
    async def story(street, one, _):
        osaka = await osaka_holds(street, one)
        await send(osaka)
        await street.deliver()
        room, name = street.gateways[OSAKA]
        places = (
            (street.ledger.ledger.database, street.ledger_name, "", "portal_notice", "taken_on"),
            (room.gateway.database, name, OSAKA, "notice_sent", "sent_on"),
        )
        for database, stored, institution, table, since in places:
            for year, left in ((9000, 1), (2016, 0)):
                days = f"{since} = '{year}-06-01', until = '{year}-06-02'"
                _age(postgres, stored, f"UPDATE {table} SET {days}")
                async with database.transaction(institution=institution) as tx:
                    await tx.execute("SELECT forget_expired('9999-01-01', 1000)")
                await retention.forget(
                    database, clock=street.clock, actor="x", institution=institution
                )
                async with database.transaction(institution=institution) as tx:
                    assert await tx.value(f"SELECT count(*) FROM {table}") == left
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                async with database.transaction(institution=institution) as tx:
                    await tx.execute(f"DELETE FROM {table}")

    in_town(story)
