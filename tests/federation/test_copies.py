"""Copies of an institution's records: loaded whole or not at all, corrected, taken back, traced."""

from datetime import date, timedelta

import msgspec
import pytest

from kumihimo.kernel.net import Refused
from kumihimo.rooms.gateway.business import Registration
from tests.federation.desk import open_desk
from tests.federation.street import ALLOWANCE, INCOME, LAYOUT, MINATO, OSAKA
from tests.federation.test_intake import CSV, card, count, written

HEADER = "addressee,as_of,income-year,total-income"
BEFORE, LATER = "2026-05-01", "2026-05-31"


def file(*rows, header=HEADER):
    return "\n".join([header, *rows]).encode()


async def desk_with_two(street, one, other):
    desk = await open_desk(street, OSAKA)
    await desk(lambda c: c.register([card("7", one, 1), card("9", other, 2)]))
    return desk


async def copies_of(desk, addressee="7"):
    return await desk(lambda c: c.copies_of(addressee, info="local-tax"))


def test_a_file_with_one_bad_row_loads_nothing_and_says_which_row_and_why(in_town):
    async def story(street, one, other):
        desk = await desk_with_two(street, one, other)
        content = file(f"7,{LATER},2025,1", f"8,{LATER},2025,1", f"9,{LATER},2025,x")
        report = await desk(lambda c: c.load_copies(content, layout=LAYOUT))
        assert (report.loaded, report.rows_good, report.rows_bad) == (False, 1, 2)
        assert [(b.row, b.column) for b in report.bad] == [
            (2, "addressee"),
            (3, "local-tax.total-income"),
        ]
        assert await count(desk, "copy") == await count(desk, "load") == 0

    in_town(story)


def test_by_choice_the_good_rows_are_loaded_and_the_bad_ones_come_back(in_town):
    async def story(street, one, other):
        desk = await desk_with_two(street, one, other)
        content = file(f"7,{LATER},2025,1", f"8,{LATER},2025,1", f"9,{LATER},,x")
        report = await desk(lambda c: c.load_copies(content, layout=LAYOUT, skip_bad=True))
        assert (report.loaded, report.rows_good, report.rows_bad) == (True, 1, 2)
        header, unknown, twice_wrong = report.rejects.splitlines()
        assert header == f"why,{HEADER}"
        assert unknown.endswith(f",8,{LATER},2025,1")
        assert twice_wrong.endswith(f",9,{LATER},,x")
        assert twice_wrong.count("local-tax.") == 2
        assert await count(desk, "copy") == 1

    in_town(story)


def test_the_same_file_sent_twice_doubles_nothing(in_town):
    async def story(street, one, other):
        desk = await desk_with_two(street, one, other)
        first = await desk(lambda c: c.load_copies(CSV.encode(), layout=LAYOUT))
        again = await desk(lambda c: c.load_copies(CSV.encode(), layout=LAYOUT))
        assert again.repeated
        assert again.load == first.load
        assert await count(desk, "copy") == 1

    in_town(story)


def test_a_correction_supersedes_and_an_older_copy_never_comes_back(in_town):
    async def story(street, one, other):
        desk = await desk_with_two(street, one, other)
        for income in (1, 2):
            row = f"7,{LATER},2025,{income}"
            await desk(lambda c, row=row: c.load_copies(file(row), layout=LAYOUT))
        newest, oldest = await copies_of(desk)
        assert (newest.current, newest.supersedes) == (True, oldest.copy)
        assert not oldest.current
        assert await desk(lambda c: c.withdraw_copy("7", info="local-tax")) == newest.copy
        old = await desk(lambda c: c.load_copies(file(f"7,{BEFORE},2025,3"), layout=LAYOUT))
        assert [(b.row, b.column) for b in old.bad] == [(1, "as_of")]
        with pytest.raises(Refused) as refusal:
            await desk(lambda c: c.withdraw_copy("7", info="local-tax"))
        assert refusal.value.reason == "not-found"

    in_town(story)


def test_two_rows_under_two_numbers_of_one_person_are_not_both_loaded(in_town):
    async def story(street, one, _):
        desk = await open_desk(street, OSAKA)
        await desk(lambda c: c.register([card("7", one, 1), card("8", one, 1)]))
        content = file(f"7,{LATER},2025,1", f"8,{LATER},2025,2")
        report = await desk(lambda c: c.load_copies(content, layout=LAYOUT))
        assert [(b.row, b.column) for b in report.bad] == [(2, "addressee")]

    in_town(story)


@pytest.mark.parametrize(
    ("content", "more", "status"),
    [
        (b"", {}, 400),
        (b"\xff\xfe\x00", {}, 400),
        (CSV.encode(), {"layout": "no-such/2024"}, 400),
        (CSV.encode(), {"content_type": "application/pdf"}, 400),
        (CSV.encode(), {"charset": "euc-jp"}, 400),
        (CSV.encode("cp932"), {"charset": "utf-8"}, 400),
        (CSV.encode(), {"content_type": "application/json"}, 400),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_and_nothing_is_stored(
    in_town, content, more, status
):
    async def story(street, one, other):
        desk = await desk_with_two(street, one, other)
        with pytest.raises(Refused) as refusal:
            await desk(lambda c: c.load_copies(content, **{"layout": LAYOUT, **more}))
        assert refusal.value.remote.status == status
        assert refusal.value.remote.detail
        assert "3210000" not in msgspec.json.encode(refusal.value.remote).decode()
        assert await count(desk, "load") == 0

    in_town(story)


def test_a_file_for_ten_thousand_persons_is_loaded_in_one_go(in_town):
    async def story(street, one, _):
        desk = await open_desk(street, OSAKA)
        await desk(lambda c: c.register([card("7", one, 1)]))
        database = desk.room.gateway.database
        async with database.transaction(institution=OSAKA) as tx:
            await tx.execute(
                "WITH new AS (INSERT INTO person (institution, person, flags_locked)"
                " SELECT %(i)s, 'p' || n, '' FROM generate_series(1, 10000) n RETURNING person)"
                " INSERT INTO addressee (institution, addressee, person)"
                " SELECT %(i)s, person, person FROM new",
                {"i": OSAKA},
            )
        content = file(*(f"p{n},{LATER},2025,{n}" for n in range(1, 10_001)))
        report = await desk(lambda c: c.load_copies(content, layout=LAYOUT))
        assert (report.loaded, report.rows_good) == (True, 10_000)
        assert await count(desk, "copy") == 10_000

    in_town(story)


def test_everyone_who_received_a_wrong_copy_is_found(in_town):
    async def story(street, one, _):
        osaka, minato = await open_desk(street, OSAKA), await open_desk(street, MINATO)
        for desk, addressee in ((osaka, "7"), (minato, "100")):
            await desk(lambda c, a=addressee: c.register([card(a, one, 1)]))
            await desk.acquire(street.register_room)
        await osaka(lambda c: c.load_copies(CSV.encode(), layout=LAYOUT))
        await minato(lambda c: c.open_case("100", affair=ALLOWANCE))
        answer = await minato(
            lambda c: c.ask_one(
                "100", affair=ALLOWANCE, provider=OSAKA, items=[INCOME], layout=LAYOUT
            )
        )
        assert answer.outcome == "OK"
        [copy] = await copies_of(osaka)
        since = date(2026, 5, 1)
        [recipient] = await osaka(lambda c: c.recipients([copy.copy], since=since))
        assert (recipient.requester, recipient.affair, recipient.items) == (
            MINATO,
            ALLOWANCE,
            (INCOME,),
        )
        assert await osaka(lambda c: c.recipients([copy.copy + 1], since=since)) == ()

    in_town(story)


def test_a_permit_that_waits_is_decided_by_an_officer_through_the_client(in_town):
    async def story(street, one, _):
        osaka, minato = await open_desk(street, OSAKA), await open_desk(street, MINATO)
        for desk, addressee in ((osaka, "7"), (minato, "100")):
            await desk(lambda c, a=addressee: c.register([card(a, one, 1)]))
            await desk.acquire(street.register_room)
        content = file(f"7,{LATER},2025,5,1", header=HEADER + ",自動応答不可")
        await osaka(lambda c: c.load_copies(content, layout=LAYOUT))
        await minato(lambda c: c.open_case("100", affair=ALLOWANCE))
        asked = await minato(
            lambda c: c.ask_one(
                "100", affair=ALLOWANCE, provider=OSAKA, items=[INCOME], layout=LAYOUT
            )
        )
        assert asked.outcome == "PENDING_MANUAL"
        [waiting] = await osaka(lambda c: c.waiting())
        for bad in ("", "12345678901", "x" * 40):
            with pytest.raises(Refused):
                await osaka(lambda c, bad=bad: c.decide(waiting.permit, "provide", officer=bad))
        assert await osaka(lambda c: c.decide(waiting.permit, "provide", officer="o-1")) == "OK"
        with pytest.raises(Refused) as refusal:
            await osaka(lambda c: c.decide(waiting.permit, "refuse", officer="o-1"))
        assert refusal.value.reason == "conflict"
        street.clock.advance(timedelta(minutes=2))
        assert await osaka(lambda c: c.waiting()) == ()

    in_town(story)


def test_flags_withhold_and_are_shown_to_the_institution_itself(in_town):
    async def story(street, one, other):
        desk = await desk_with_two(street, one, other)
        await desk(lambda c: c.set_flags("7", no_self_information=True, hidden=True))
        mine, hers = await desk(lambda c: c.status(["7", "9"]))
        assert (mine.no_self_information, mine.hidden) == (True, True)
        assert (hers.no_self_information, hers.hidden) == (False, False)
        with pytest.raises(Refused):
            await desk(lambda c: c.set_flags("8", no_self_information=True, hidden=True))

    in_town(story)


def test_a_field_that_nobody_knows_is_refused_and_never_ignored(in_town):
    async def story(street, _, __):
        desk = await open_desk(street, OSAKA)
        good = msgspec.to_builtins(
            Registration(addressee="7", source="strict-inquiry", attributes=written(1), affair="b1")
        )
        for body in ([{**good, "colour": True}], [{**good, "addressee": "七"}], [good] * 1_001):
            answer = await desk(
                lambda c, body=body: c._http.post("/v1/persons", json={"persons": body})
            )
            assert answer.status_code == 400
            assert "高橋" not in answer.text
        assert await count(desk, "person") == 0

    in_town(story)
