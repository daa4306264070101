"""A register that was kept by an older canonical form: made anew, and silent until it is."""

import psycopg

from kumihimo.people.identity import MATCH_FORM_VERSION, FourAttributes, keys_before
from kumihimo.rooms.register import api
from kumihimo.rooms.register import rekey as renewal
from kumihimo.rooms.register.rekey import rekey
from kumihimo.rooms.register.store_asking import InquiryRow, log_inquiries
from tests.rooms.register.made import MINATO, OSAKA, attributes, birth, code, fresh_id
from tests.rooms.register.test_strict_inquiry import about

HERS = birth(1, name="渡邊　花子", address="東京都港区芝大門澤二丁目1番1号")
OTHERS = birth(2, name="山本　翼", birth="1985-01-02")


def old_keys(of):
    return keys_before(
        FourAttributes.parse(name=of.name, birth=of.birth, sex=of.sex, address=of.address)
    )


async def grow_old(house, *events, version=1):
    """Leave the rows as a register of an older version had them."""
    async with house.database.transaction() as tx:
        for one in events:
            key = old_keys(one)[version - 1]
            await tx.put(
                "UPDATE resident SET name_key = %(name)s, address_key = %(address)s"
                " WHERE name = %(written)s",
                {"name": key.name, "address": key.address, "written": one.name},
            )


async def keys(house):
    async with house.database.transaction() as tx:
        return await (
            await tx.connection.execute(
                "SELECT name_key, address_key FROM resident ORDER BY person"
            )
        ).fetchall()


def test_keys_of_an_older_form_are_made_anew_and_then_she_is_found_in_any_official_form(in_house):
    async def story(house):
        await house.tell(HERS, OTHERS)
        [number, _] = await house.designate(code(1), code(2))
        fresh = await keys(house)
        await grow_old(house, HERS, OTHERS)
        assert all(name.startswith(f"{MATCH_FORM_VERSION}:") for name, _ in fresh)
        assert await keys(house) != fresh
        assert await rekey(house.register) == 2
        assert await keys(house) == fresh
        assert await rekey(house.register) == 0
        [answer] = await house.inquire(about(HERS, name="渡辺花子", address="港区芝大門沢2-1-1"))
        assert answer.number == number
        [weak] = await house.inquire(about(HERS, name="渡部花子"))
        assert not weak.answered

    in_house(story)


def test_while_an_older_key_of_her_birth_day_is_left_nobody_born_then_answers(in_house):
    # Two people whom only the older form kept apart: the one made anew is not the only one.
    async def story(house):
        twin = birth(3, name="渡邉　花子", address=HERS.address)
        await house.tell(HERS, twin, OTHERS)
        await house.designate(code(1), code(2), code(3))
        await grow_old(house, twin)
        mine, elsewhere = await house.inquire(about(HERS), about(OTHERS))
        assert not mine.answered
        assert elsewhere.answered
        await rekey(house.register)
        [both] = await house.inquire(about(HERS))
        assert not both.answered

    in_house(story)


def test_an_older_process_beside_this_one_writes_keys_that_are_made_anew_too(in_house, monkeypatch):
    async def story(house):
        monkeypatch.setattr(renewal, "REKEY_MAX", 1)
        await house.tell(HERS, OTHERS)
        fresh = await keys(house)
        await grow_old(house, HERS, OTHERS)
        assert await rekey(house.register) == 1
        assert await rekey(house.register) == 1
        assert await rekey(house.register) == 0
        await grow_old(house, HERS)
        assert await rekey(house.register) == 1
        assert await keys(house) == fresh

    in_house(story)


def test_she_still_sees_who_asked_about_her_when_older_forms_were_in_force(in_house):
    async def story(house):
        await house.tell(HERS)
        [number] = await house.designate(code(1))
        rows = [
            InquiryRow(
                inquiry=fresh_id(),
                affair=affair,
                person_tag=house.register.locker.tag(
                    f"{key.name}\n{key.birth}\n{key.address}".encode(), label=b"strict-inquiry"
                ),
                answered=True,
            )
            for affair, key in zip(("b081", "b082"), old_keys(HERS), strict=True)
        ]
        async with house.database.transaction() as tx:
            await log_inquiries(tx, OSAKA, rows, on=house.register.today())
        await house.inquire(about(HERS, affair="b080"))
        asked = api.DisclosureAsked(number=number, attributes=attributes(HERS))
        told = await house.ask(MINATO, api.ABOUT_ME_PATH, asked, api.AboutMe)
        assert sorted(one.affair for one in told.inquiries) == ["b080", "b081", "b082"]

    in_house(story)


def test_the_index_and_the_statements_look_for_the_version_in_force(in_house):
    async def story(house):
        with psycopg.connect(house.dsn.reveal()) as connection:
            [[found]] = connection.execute(
                "SELECT indexdef FROM pg_indexes WHERE indexname = 'resident_outdated'"
            ).fetchall()
        assert f"'{MATCH_FORM_VERSION}:'" in found

    in_house(story)
