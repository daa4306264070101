"""A record with another person's number: nothing moves while it is looked into, then it is put right.

At Osaka the record "7" is the first resident's. By mistake it was registered with the number of the
second, as when a family member's number is written on a form. Minato asks about each of them.
"""

from datetime import timedelta

import msgspec
import pytest

from kumihimo.kernel import journal
from kumihimo.kernel.net import Refused
from kumihimo.rooms.gateway.business import Registration
from kumihimo.rooms.gateway.business_links import LinkCorrected, LinkSuspended
from tests.federation.desk import open_desk
from tests.federation.street import ALLOWANCE, INCOME, LAYOUT, MINATO, OSAKA
from tests.federation.test_intake import CSV, card, state, written
from tests.federation.test_what_a_clerk_is_told import ask_again, on_record

RIGHT, OTHER = "100", "200"  # the two residents at Minato


class Town:
    """Two desks, with the wrong link at Osaka (or a right one)."""

    def __init__(self, street, osaka, minato):
        self.street, self.osaka, self.minato = street, osaka, minato

    async def ask(self, addressee):
        answer = await self.minato(
            lambda c: c.ask_one(
                addressee, affair=ALLOWANCE, provider=OSAKA, items=[INCOME], layout=LAYOUT
            )
        )
        await self.street.deliver()
        return answer

    async def outcomes(self):
        return [(await self.ask(who)).outcome for who in (RIGHT, OTHER)]

    async def suspend(self, addressee="7", case="case-1", desk=None):
        link = LinkSuspended(addressee=addressee, ground="household", case=case)
        [found] = await (desk or self.osaka)(lambda c: c.suspend_links([link], officer="o1"))
        return found

    async def confirm(self, addressee="7", case="case-1", desk=None):
        return await (desk or self.osaka)(
            lambda c: c.confirm_link(addressee, case=case, officer="o1", approver="o2")
        )

    async def correct(self, **more):
        given = {
            "addressee": "7",
            "case": "case-1",
            "officer": "o1",
            "approver": "o2",
            "source": "card",
        }
        order = msgspec.convert({**given, **more}, LinkCorrected)
        return await self.osaka(lambda c: c.correct_link(order))

    async def copies(self, addressee):
        return await self.osaka(lambda c: c.copies_of(addressee, info="local-tax"))


async def settle(street, one, other, *, number, also=(), who=1):
    """Let Osaka's record "7" have a number, said to be `who`'s, and Minato know both rightly."""
    osaka, minato = await open_desk(street, OSAKA), await open_desk(street, MINATO)
    await osaka(lambda c: c.register([card("7", number, who), *also]))
    await minato(lambda c: c.register([card(RIGHT, one, 1), card(OTHER, other, 2)]))
    for desk in (osaka, minato):
        await desk.acquire(street.register_room)
    await osaka(lambda c: c.load_copies(CSV.encode(), layout=LAYOUT))
    for addressee in (RIGHT, OTHER):
        await minato(lambda c, a=addressee: c.open_case(a, affair=ALLOWANCE))
    return Town(street, osaka, minato)


async def refused(act):
    with pytest.raises(Refused) as refusal:
        await act
    return refusal.value.reason, refusal.value.remote.pointer


def test_a_link_in_doubt_gives_nothing_out_from_that_moment_and_everything_again_when_confirmed(
    in_town,
):
    async def story(street, one, other):
        town = await settle(street, one, other, number=one)
        assert await town.outcomes() == ["OK", "NO_PERSON"]
        assert (await town.suspend()).state == "SUSPENDED"
        assert await town.outcomes() == ["REFUSED_FLAG", "NO_PERSON"]
        assert await on_record(street, OSAKA, "REFUSED_FLAG") == 1
        [status] = await town.osaka(lambda c: c.status(["7"]))
        assert status.link_suspended
        assert (await town.confirm()).state == "CONFIRMED"
        assert await town.outcomes() == ["OK", "NO_PERSON"]
        [found] = await town.osaka(lambda c: c.suspensions_of("7"))
        assert (found.state, found.ground, found.case) == ("CONFIRMED", "household", "case-1")

    in_town(story)


def test_nobody_asks_about_a_person_whose_link_is_in_doubt_and_what_came_is_hidden_meanwhile(
    in_town,
):
    async def story(street, one, other):
        town = await settle(street, one, other, number=one)
        before = await town.ask(RIGHT)
        await town.suspend(RIGHT, desk=town.minato)
        [hidden] = await town.minato(lambda c: c.answers([before.inquiry]))
        assert (hidden.values, hidden.withheld, hidden.purged) == ((), "link-suspended", False)
        urls = len(street.transport.urls)
        room = town.minato.room
        assert (
            await town.minato(
                lambda c: c.ask_one(
                    RIGHT, affair=ALLOWANCE, provider=OSAKA, items=[INCOME], layout=LAYOUT
                )
            )
        ).outcome == "REFUSED_FLAG"
        assert street.transport.urls[urls:] == []
        await room.outbox.run_once()
        assert await on_record(street, MINATO, "REFUSED_FLAG") == 1
        assert (await town.ask(OTHER)).outcome == "NO_PERSON"
        await town.confirm(RIGHT, desk=town.minato)
        [shown] = await town.minato(lambda c: c.answers([before.inquiry]))
        assert (shown.values, shown.withheld) == (before.values, "")

    in_town(story)


def test_an_answer_that_got_lost_is_not_given_a_second_time_after_the_doubt(in_town):
    async def story(street, one, other):
        town = await settle(street, one, other, number=one)
        street.transport.losing.add(OSAKA)
        lost = await town.ask(RIGHT)
        assert lost.outcome == "PROVIDER_DOWN"
        await town.suspend()
        again = await ask_again(street, lost.inquiry, after=timedelta(seconds=5))
        assert (again.outcome, again.values) == ("REFUSED_FLAG", ())

    in_town(story)


def test_whoever_waits_for_an_officer_waits_until_the_link_is_settled(in_town):
    async def story(street, one, other):
        town = await settle(street, one, other, number=other)
        by_hand = CSV.replace("扶養人数\r\n", "扶養人数,自動応答不可\r\n").replace(
            ",2\r\n", ",2,1\r\n"
        )
        await town.osaka(lambda c: c.load_copies(by_hand.encode(), layout=LAYOUT))
        asked = await town.ask(OTHER)
        assert asked.outcome == "PENDING_MANUAL"
        [waiting] = await town.osaka(lambda c: c.waiting())
        await town.suspend()

        def decide(client):
            return client.decide(waiting.permit, "provide", officer="o1")

        assert await refused(town.osaka(decide)) == ("conflict", "permit")
        await town.correct(number=one, attributes=written(1))
        answer = await ask_again(street, asked.inquiry, after=timedelta(minutes=1))
        assert (answer.outcome, answer.values) == ("NO_PERSON", ())
        assert await town.osaka(lambda c: c.waiting()) == ()

    in_town(story)


def test_after_a_correction_the_right_person_is_answered_about_and_the_other_is_not_known(in_town):
    async def story(street, one, other):
        town = await settle(street, one, other, number=other)
        assert await town.outcomes() == ["NO_PERSON", "OK"], "the mis-link: hers under another"
        [wrong] = await town.copies("7")
        case = await town.osaka(lambda c: c.open_case("7", affair=ALLOWANCE))
        await town.suspend()
        found = await town.correct(number=one, attributes=written(1))
        assert (found.state, found.load_again) == ("CORRECTED", ())
        assert await state(town.osaka, "7") == ("NONE", "")
        assert await town.outcomes() == ["NO_PERSON", "NO_PERSON"]
        await town.osaka.acquire(street.register_room)
        assert await state(town.osaka, "7") == ("BOUND", "")
        assert await town.outcomes() == ["OK", "NO_PERSON"]
        [right] = await town.copies("7")
        assert (right.supersedes, right.as_of, right.current) == (wrong.copy, wrong.as_of, True)
        [moved] = await town.osaka(lambda c: c.cases_of("7"))
        assert moved.case == case.case
        report = await town.osaka(lambda c: c.register([card("9", other, 2)]))
        assert report[0].outcome == "REGISTERED", "the other's number is free again"

    in_town(story)


def test_two_records_under_one_number_are_taken_apart_and_the_right_one_keeps_its_code(in_town):
    async def story(street, one, other):
        town = await settle(street, one, other, number=other, who=2, also=[card("8", other, 2)])
        assert [s.addressee for s in await town.osaka(lambda c: c.status(["8"]))] == ["8"]
        await town.suspend()
        assert await town.outcomes() == ["NO_PERSON", "REFUSED_FLAG"]
        found = await town.correct(
            source="form", number=one, affair=ALLOWANCE, attributes=written(1)
        )
        assert found.load_again == ("local-tax",)
        await town.osaka.acquire(street.register_room)
        assert await town.outcomes() == ["OK", "NO_COPY"]
        assert await state(town.osaka, "8") == ("BOUND", "")
        assert await town.copies("8") != ()
        assert [c.current for c in await town.copies("8")] == [False]
        own = CSV.replace("7,2026-05-31", "8,2026-05-31")
        await town.osaka(lambda c: c.load_copies(own.encode(), layout=LAYOUT))
        assert await town.outcomes() == ["OK", "OK"]

    in_town(story)


def test_what_was_received_under_another_persons_number_is_forgotten(in_town):
    async def story(street, one, other):
        town = await settle(street, one, other, number=one)
        before = await town.ask(RIGHT)
        assert before.outcome == "OK"
        await town.suspend(RIGHT, desk=town.minato)
        await town.minato(
            lambda c: c.correct_link(
                LinkCorrected(
                    addressee=RIGHT, case="case-1", officer="o1", approver="o2", source="none"
                )
            )
        )
        [gone] = await town.minato(lambda c: c.answers([before.inquiry]))
        assert (gone.outcome, gone.values, gone.withheld) == ("OK", (), "link-corrected")
        assert await state(town.minato, RIGHT) == ("NONE", "")
        await town.minato.acquire(street.register_room)
        assert await state(town.minato, RIGHT) == ("NONE", ""), "no number, no code"
        assert (await town.ask(RIGHT)).outcome == "PENDING_ACQUISITION"

    in_town(story)


def test_a_number_enters_by_two_people_and_by_registers_word_or_nothing_changes(in_town):
    async def story(street, one, other):
        town = await settle(street, one, other, number=other, also=[card("9", one, 1)])
        await town.suspend()
        form = {"source": "form", "affair": ALLOWANCE, "attributes": written(1), "number": one}
        for more, why in (
            ({**form, "approver": "O1"}, ("bad-input", "approver")),
            ({**form, "number": other}, ("conflict", "attributes")),
            ({**form, "attributes": written(1, birth="1990-04-02")}, ("conflict", "attributes")),
            (
                {**form, "number": one[:-1] + str((int(one[-1]) + 1) % 10)},
                ("bad-number", "persons[0].number"),
            ),
            ({**form, "attributes": None}, ("bad-input", "attributes")),
            ({"source": "none", "number": one}, ("bad-input", "source")),
            ({"number": other, "attributes": written(2)}, ("conflict", "number")),
            ({"number": one, "attributes": written(2)}, ("conflict", "number")),
            ({**form, "case": "case-2"}, ("not-found", "case")),
        ):
            assert await refused(town.correct(**more)) == why
        assert await town.outcomes() == ["NO_COPY", "REFUSED_FLAG"]
        await town.correct(**form)
        assert await town.outcomes() == ["OK", "NO_PERSON"], "she is one person with two records"
        assert await refused(town.correct(**form)) == ("conflict", "case")

    in_town(story)


def test_a_doubt_is_noted_once_and_settled_once_by_the_case_that_raised_it(in_town):
    async def story(street, one, other):
        town = await settle(street, one, other, number=one, also=[card("8", one, 1)])
        first = await town.suspend()
        assert await town.suspend() == first
        assert (await town.suspend(case="case-2")).case == "case-1"
        assert (await town.suspend("8", case="case-3")).case == "case-3"
        await town.confirm()
        assert (await town.ask(RIGHT)).outcome == "REFUSED_FLAG", "the other record is in doubt yet"
        assert await refused(town.confirm()) == ("conflict", "case")
        assert await refused(town.suspend()) == ("conflict", "links")
        assert await refused(town.suspend("77")) == ("not-found", "links[0].addressee")
        assert await refused(
            town.osaka(lambda c: c.confirm_link("8", case="case-3", officer="o1", approver="o1"))
        ) == ("bad-input", "approver")
        await town.confirm("8", case="case-3")
        assert (await town.ask(RIGHT)).outcome == "OK"
        assert (await town.suspend(case="case-4")).state == "SUSPENDED"

    in_town(story)


def test_while_a_link_is_in_doubt_its_number_is_not_replaced_and_its_flags_stay(in_town):
    async def story(street, one, other):
        town = await settle(street, one, other, number=one)
        await town.suspend()
        assert await refused(
            town.osaka(lambda c: c.replace_number("7", number=other, attributes=written(2)))
        ) == ("conflict", "addressee")
        await town.osaka(lambda c: c.set_flags("7", no_self_information=True, hidden=False))
        [status] = await town.osaka(lambda c: c.status(["7"]))
        assert (status.link_suspended, status.no_self_information) == (True, True)

    in_town(story)


def test_a_form_registers_whom_register_knows_by_that_number_and_nobody_else(in_town):
    async def story(street, one, other):
        desk = await open_desk(street, OSAKA)

        def form(number, officer="o1", approver="o2"):
            return Registration(
                addressee="7",
                source="form",
                attributes=written(1),
                number=number,
                affair=ALLOWANCE,
                officer=officer,
                approver=approver,
            )

        assert (await desk(lambda c: c.register([form(other)])))[0].outcome == "NO_MATCH"
        assert await refused(desk(lambda c: c.register([form(one, approver="")]))) == (
            "bad-input",
            "persons[0].approver",
        )
        assert (await desk(lambda c: c.register([form(one)])))[0].outcome == "REGISTERED"

    in_town(story)


def test_who_decided_stands_in_the_journal_and_no_record_does(in_town):
    async def story(street, one, other):
        town = await settle(street, one, other, number=other)
        await town.suspend()
        await town.correct(number=one, attributes=written(1))
        database = town.osaka.room.gateway.database
        async with database.transaction(institution=OSAKA) as tx:
            await journal.verify(tx)
            said = await tx.value(
                "SELECT string_agg(detail, ' ' ORDER BY seq) FROM journal WHERE act LIKE 'link%%'"
            )
        assert '"officer":"o1"' in said
        assert '"approver":"o2"' in said
        assert "7" not in said

    in_town(story)
