from datetime import timedelta

import psycopg
import pytest

from kumihimo.kernel import journal
from kumihimo.kernel.net import Refused
from kumihimo.kernel.sql import Tx
from kumihimo.people.check_digits import NumberSpace
from kumihimo.people.numbers import IndividualNumber
from kumihimo.rooms.register import api
from kumihimo.rooms.register.api import StrictInquiry
from kumihimo.rooms.register.domain.quota import Limits
from tests.rooms.register.made import (
    MINATO,
    OSAKA,
    attributes,
    birth,
    code,
    correction,
    event,
    fresh_id,
)


def about(of, affair="b081", *, sexless_scheme=False, **changes):
    return StrictInquiry(
        inquiry=fresh_id(),
        affair=affair,
        attributes=attributes(of, **changes),
        sexless_scheme=sexless_scheme,
    )


def silence(inquiry):
    return api.StrictAnswer(inquiry=inquiry.inquiry, answered=False)


def test_four_attributes_in_any_notation_give_the_number_and_what_is_held(in_house):
    async def story(house):
        someone = birth(1, name="髙橋　花子", address="東京都港区芝公園二丁目1番2号")
        await house.tell(someone)
        [number] = await house.designate(code(1))
        [answer] = await house.inquire(
            about(someone, name="高橋花子", birth="平成2年4月1日", address="港区芝公園2-1-2")
        )
        assert answer.number == number
        assert answer.attributes == attributes(someone, municipality="131032")

    in_house(story)


def test_everything_but_one_living_match_is_the_same_silence(in_house):
    async def story(house):
        someone, twin = (
            birth(1),
            birth(2, name="双子"),
        )
        namesake = birth(3, name="双子", address=twin.address)
        dead, gone, numberless = birth(4), birth(5), birth(6)
        await house.tell(someone, twin, namesake, dead, gone)
        await house.designate(*(code(who) for who in range(1, 6)))
        await house.tell(event("death", 4), event("departure-abroad", 5), numberless)
        silent = [
            about(someone, name="鈴木一郎"),
            about(someone, birth="1990-04-02"),
            about(someone, sex="1"),
            about(someone, sex=""),
            about(someone, address="港区芝公園9-9-9"),
            about(someone, address="大阪府港区芝公園二丁目1番2号"),
            about(someone, address="港区芝公園2番地1の2"),
            about(someone, municipality="271004"),
            about(someone, name="●橋"),
            about(someone, affair="b999"),
            about(someone, sex="", sexless_scheme=True),
            about(twin),
            about(dead),
            about(gone),
            about(numberless),
        ]
        found = about(someone)
        *answers, last = await house.inquire(*silent, found)
        assert answers == [silence(inquiry) for inquiry in silent]
        assert last.answered

    in_house(story)


def test_three_attributes_answer_in_a_scheme_that_keeps_no_sex_and_do_not_tell_it(in_house):
    async def story(house):
        await house.tell(birth(1))
        await house.designate(code(1))
        [answer] = await house.inquire(about(birth(1), "b008", sex="", sexless_scheme=True))
        assert answer.answered
        assert answer.attributes.sex == ""

    in_house(story)


def test_one_who_moved_is_found_at_the_new_address_and_not_at_the_old(in_house):
    async def story(house):
        await house.tell(birth(1))
        await house.designate(code(1))
        await house.tell(event("move-within", 1, address="東京都港区芝5-5"))
        old, new = await house.inquire(about(birth(1)), about(birth(1), address="港区芝5-5"))
        assert not old.answered
        assert new.answered

    in_house(story)


def test_an_office_that_asks_too_often_is_stopped_and_another_is_not(in_house):
    async def story(house):
        house.limits = Limits(per_minute=3, per_day=5)
        house.build()
        await house.inquire(*(about(birth(1)) for _ in range(3)))
        with pytest.raises(Refused) as refused:
            await house.inquire(about(birth(1)))
        assert refused.value.remote.status == 429
        assert len(await house.inquire(about(birth(1)), office=MINATO)) == 1
        house.clock.advance(timedelta(minutes=1))
        await house.inquire(about(birth(1)), about(birth(1)))
        with pytest.raises(Refused):
            await house.inquire(about(birth(1)))
        async with house.database.transaction() as tx:
            await journal.verify(tx)
            acts = await tx.value("SELECT string_agg(act, ' ' ORDER BY seq) FROM journal")
        ends = "strict-inquiry quota-exceeded strict-inquiry strict-inquiry quota-exceeded"
        assert acts == ends

    in_house(story)


def test_a_repeat_is_answered_and_logged_once_and_an_id_stands_for_one_inquiry(in_house):
    async def story(house):
        await house.tell(birth(1), birth(2))
        await house.designate(code(1))
        inquiry = about(birth(1))
        assert await house.inquire(inquiry) == await house.inquire(inquiry)
        async with house.database.transaction() as tx:
            assert await tx.value("SELECT count(*) FROM strict_inquiry") == 1
        other = StrictInquiry(
            inquiry=inquiry.inquiry, affair="b081", attributes=attributes(birth(2))
        )
        with pytest.raises(Refused) as refused:
            await house.inquire(other)
        assert refused.value.reason == "inquiry-id-reused"
        with pytest.raises(Refused) as refused:
            await house.inquire(inquiry, inquiry)
        assert refused.value.remote.pointer == "inquiries[1].inquiry"

    in_house(story)


def test_the_person_can_see_who_asked_about_her_and_nobody_else_can(in_house):
    async def story(house):
        await house.tell(birth(1), birth(2))
        [number, _] = await house.designate(code(1), code(2))
        hers = about(birth(1)), about(birth(1), sex="1")
        await house.inquire(*hers, about(birth(2)))
        await house.tell(event("move-within", 1, address="東京都港区芝5-5"))
        now = attributes(birth(1), address="港区芝5-5")
        asked = api.DisclosureAsked(number=number, attributes=now)
        told = await house.ask(MINATO, api.ABOUT_ME_PATH, asked, api.AboutMe)
        assert [(i.office, i.affair, i.answered) for i in told.inquiries].count(
            (OSAKA, "b081", True)
        ) == 1
        assert len(told.inquiries) == 2
        assert {i.inquiry for i in told.inquiries} == {one.inquiry for one in hers}
        wrong = api.DisclosureAsked(number=number, attributes=attributes(birth(2)))
        with pytest.raises(Refused) as refused:
            await house.ask(MINATO, api.ABOUT_ME_PATH, wrong, api.AboutMe)
        assert refused.value.reason == "not-found"

    in_house(story)


def test_an_inquiry_that_could_name_nobody_is_told_to_nobody_and_any_other_to_her(in_house):
    # Register once wrote her name with a lost character: what cannot match was not about her.
    async def story(house):
        await house.tell(birth(1, name="●橋花"), correction(1, name="髙橋花"), birth(2))
        [number] = await house.designate(code(1))
        now = birth(1, name="髙橋花")
        await house.inquire(about(birth(2), name="〓"), about(birth(2), birth="never"), about(now))
        # An office that may not ask like this asked about her all the same.
        await house.inquire(about(now, sex=""), about(now, affair="b999"))
        asked = api.DisclosureAsked(number=number, attributes=attributes(now))
        told = await house.ask(MINATO, api.ABOUT_ME_PATH, asked, api.AboutMe)
        found = sorted((one.affair, one.answered) for one in told.inquiries)
        assert found == [("b081", False), ("b081", True), ("b999", False)]

    in_house(story)


def test_the_inquiry_log_holds_no_attribute_in_the_clear(in_house, postgres):
    async def story(house):
        await house.inquire(about(birth(1, name="金魚鉢花"), address="港区芝公園7-7-7"))
        dump = postgres.dump(house.name).decode()
        assert "strict_inquiry" in dump
        assert "金魚鉢花" not in dump
        assert "芝公園7-7-7" not in dump

    in_house(story)


def test_a_former_surname_and_an_alias_are_kept_and_do_not_match(in_house):
    # An open choice of the country's rule: docs/decisions/0004.
    async def story(house):
        someone = birth(1, name="高橋　花子", former_surname="鈴木")
        foreign = event(
            "foreign-registration", 2, name="LI MEI", birth="1990-04-01", sex="2",
            address="港区芝1-1", municipality="131032", alias="高橋　美",
        )  # fmt: skip
        await house.tell(someone, foreign)
        await house.designate(code(1), code(2))
        silent = [
            about(someone, name="鈴木　花子"),
            about(someone, name="高橋［鈴木］　花子"),
            about(foreign, name="高橋　美"),
            about(foreign, name="LI MEI（高橋　美）"),
        ]
        *answers, first, second = await house.inquire(*silent, about(someone), about(foreign))
        assert answers == [silence(inquiry) for inquiry in silent]
        assert first.answered
        assert second.answered

    in_house(story)


def test_a_correction_of_the_sex_is_what_an_inquiry_finds(in_house):
    async def story(house):
        await house.tell(birth(1))
        await house.designate(code(1))
        await house.tell(correction(1, sex="1"))
        wrong, right = await house.inquire(about(birth(1)), about(birth(1), sex="1"))
        assert not wrong.answered
        assert right.answered

    in_house(story)


def test_every_inquiry_of_a_batch_leaves_its_own_line_and_the_batch_one_in_the_journal(in_house):
    async def story(house):
        await house.tell(birth(1))
        await house.designate(code(1))
        await house.inquire(about(birth(1)), about(birth(2)), about(birth(1), birth="never"))
        async with house.database.transaction() as tx:
            assert await tx.value("SELECT count(*) FROM strict_inquiry") == 3
            assert await tx.value("SELECT count(*) FROM strict_inquiry WHERE answered") == 1
            last = "SELECT act || detail FROM journal ORDER BY seq DESC LIMIT 1"
            assert await tx.value(last) == 'strict-inquiry{"answered":1,"asked":3}'

    in_house(story)


def test_the_service_can_neither_change_nor_remove_who_asked(in_house):
    async def story(house):
        await house.inquire(about(birth(1)))
        for statement in (
            "UPDATE strict_inquiry SET answered = true",
            "DELETE FROM strict_inquiry",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                async with house.database.transaction() as tx:
                    await tx.execute(statement)

    in_house(story)


@pytest.fixture
def statements(monkeypatch):
    """Note every statement that is made from now on."""
    done = []
    for kind in ("put", "execute", "rows", "value"):
        plain = getattr(Tx, kind)

        def noted(tx, query, *rest, plain=plain):
            done.append(query)
            return plain(tx, query, *rest)

        monkeypatch.setattr(Tx, kind, noted)
    return done


def test_silence_and_answer_take_the_same_statements_in_the_same_order(in_house, statements):
    async def story(house):
        twin, namesake = birth(2, name="双子"), birth(3, name="双子", address=birth(2).address)
        await house.tell(birth(1), twin, namesake)
        await house.designate(code(1), code(2), code(3))
        taken = []
        for inquiry in (
            about(birth(1)),
            about(birth(1), name="別人"),
            about(twin),
            about(birth(1), sex=""),
            about(birth(1), birth="never"),
        ):
            statements.clear()
            await house.inquire(inquiry)
            taken.append(list(statements))
        assert len(taken[0]) > 5
        assert all(one == taken[0] for one in taken)

    in_house(story)


@pytest.mark.parametrize(
    ("path", "reply"),
    [(api.ABOUT_ME_PATH, api.AboutMe), (api.TICKET_PATH, api.DisclosureTicket)],
)
def test_a_counter_cannot_tell_a_wrong_attribute_from_a_number_that_is_nobodys(
    in_house, statements, path, reply
):
    async def story(house):
        await house.tell(birth(1), birth(2))
        [number] = await house.designate(code(1))
        right = attributes(birth(1))
        nobodys = IndividualNumber.generate("00000000001", space=NumberSpace.TEST).reveal()
        told, taken = [], []
        for asked in (
            api.DisclosureAsked(number=number, attributes=attributes(birth(2))),
            api.DisclosureAsked(number=number, attributes=attributes(birth(1), sex="")),
            api.DisclosureAsked(number=nobodys, attributes=right),
            api.DisclosureAsked(number="1234", attributes=right),
            api.DisclosureAsked(number=number, attributes=attributes(birth(1), birth="never")),
        ):
            statements.clear()
            with pytest.raises(Refused) as refused:
                await house.ask(MINATO, path, asked, reply)
            told.append(refused.value.remote)
            taken.append(list(statements))
        assert all(one == told[0] for one in told)
        assert all(one == taken[0] for one in taken)
        known = api.DisclosureAsked(number=number, attributes=right)
        assert await house.ask(MINATO, path, known, reply)

    in_house(story)
