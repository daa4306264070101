"""Links that an institution holds are compared through register's door."""

import msgspec
import pytest

from kumihimo.kernel.net import Refused
from kumihimo.rooms.register import api
from kumihimo.rooms.register.comparing import read_kana
from kumihimo.rooms.register.domain.quota import Limits
from tests.rooms.register.made import MINATO, OSAKA, attributes, birth, code, event, fresh_id

KANA = "タカハシ ハナコ"


def link(number, of, affair="b081", **changes):
    written = {"name": of.name, "birth": of.birth, "sex": of.sex, "address": of.address}
    held = api.HeldAttributes(**{**written, **changes})
    return api.LinkHeld(inquiry=fresh_id(), affair=affair, number=number, held=held)


async def compare(house, *links, office=OSAKA):
    batch = api.LinkBatch(links)
    return (await house.ask(office, api.LINKS_PATH, batch, api.LinksJudged)).links


async def two(house):
    """Register two residents of one household; return them with their numbers."""
    one, other = birth(1), birth(2, address=birth(1).address)
    await house.tell(one, other)
    return (one, other), await house.designate(code(1), code(2))


def test_a_family_members_number_is_told_from_ones_own_and_no_value_leaves_register(in_house):
    async def story(house):
        (one, other), (number, of_other) = await two(house)
        asked = (
            link(number, one),
            link(of_other, one),
            link("", one),
            link(number[:-1] + str((int(number[-1]) + 1) % 10), one),
        )
        found = await compare(house, *asked)
        assert [j.verdict for j in found] == ["EQUAL", "MISMATCH", "NOT_FOUND", "NOT_FOUND"]
        assert [j.inquiry for j in found] == [a.inquiry for a in asked]
        assert found[1].levels.address == "equal"
        told = msgspec.json.encode(found).decode()
        for person in (one, other):
            values = (person.name, person.address, person.birth)
            assert not any(str(value) in told for value in values)
        await house.tell(event("death", 1))
        await house.tell(event("number-change", 2, reason="漏えい"))
        found = await compare(house, link(number, one), link(of_other, other))
        assert [j.verdict for j in found] == ["DEAD", "NOT_FOUND"]

    in_house(story)


def test_whoever_shares_reading_and_birth_date_is_told_of_and_nobody_else(in_house):
    async def story(house):
        people = [birth(who, kana=KANA) for who in (1, 2)]
        people += [birth(3, kana="ﾀｶﾊｼﾊﾅｺ"), birth(4, kana=KANA, birth="1991-04-01"), birth(5)]
        await house.tell(*people)
        numbers = await house.designate(*(code(who) for who in range(1, 6)))

        async def shared():
            links = [link(n, p) for n, p in zip(numbers, people, strict=True)]
            return [judged.homonym for judged in await compare(house, *links)]

        assert await shared() == [True, True, True, False, None]
        async with house.database.transaction() as tx:
            await tx.execute("UPDATE resident SET kana_key = NULL WHERE person > 1")
        assert set(await shared()) == {None}, "while readings are read nothing is said"
        assert await read_kana(house.register) > 0
        assert await read_kana(house.register) == 0
        assert await shared() == [True, True, True, False, None]

    in_house(story)


def test_the_person_is_told_of_a_comparison_like_of_a_strict_inquiry(in_house):
    async def story(house):
        (one, other), (number, of_other) = await two(house)
        again = link(of_other, one)
        await compare(house, again)
        await compare(house, again)
        asked = api.DisclosureAsked(number=of_other, attributes=attributes(other))
        told = await house.ask(MINATO, api.ABOUT_ME_PATH, asked, api.AboutMe)
        assert [(o.office, o.affair, o.answered, o.compared) for o in told.inquiries] == [
            (OSAKA, "b081", True, True)
        ]
        asked = api.DisclosureAsked(number=number, attributes=attributes(one))
        assert (await house.ask(MINATO, api.ABOUT_ME_PATH, asked, api.AboutMe)).inquiries == ()
        with pytest.raises(Refused) as refusal:
            await compare(house, msgspec.structs.replace(again, affair="b001"))
        assert refusal.value.remote.pointer == "links[0].inquiry"

    in_house(story)


def test_comparisons_have_a_quota_of_their_own_and_a_form(in_house):
    async def story(house):
        house.comparison_limits = Limits(per_minute=2, per_day=9)
        house.build()
        (one, _), (number, _) = await two(house)
        for bad, pointer in (
            (link(number, one, affair="b999"), "links[0].affair"),
            (link(number, one, birth=""), "links[0].held"),
            (link(number, one, name=""), "links[0].held"),
            (msgspec.structs.replace(link(number, one), inquiry="x"), "links[0].inquiry"),
        ):
            with pytest.raises(Refused) as refusal:
                await compare(house, bad)
            assert (refusal.value.reason, refusal.value.remote.pointer) == ("bad-input", pointer)
        await compare(house, link(number, one), link(number, one))
        with pytest.raises(Refused) as refusal:
            await compare(house, link(number, one))
        assert refusal.value.reason == "too-many"

    in_house(story)
