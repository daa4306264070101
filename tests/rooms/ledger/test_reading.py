import asyncio
import base64
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kumihimo.rooms.ledger import cursors
from kumihimo.rooms.ledger.service import END_WITHIN, report_missing_ends
from tests.rooms.ledger.house import MINATO, OSAKA, START


def at(seconds):
    return START + timedelta(seconds=seconds)


def cursor_of(text):
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def newest_first(records):
    ordered = sorted(records, key=lambda one: (one.requested_at, one.record), reverse=True)
    return [one.record for one in ordered]


async def draws(count, strategy):
    """Draw examples before the loop's own work: hypothesis does not run on it."""
    found = []

    @settings(max_examples=count)
    @given(strategy)
    def draw(example):
        found.append(example)

    await asyncio.to_thread(draw)
    return found


def test_pages_give_all_that_was_there_once_and_in_order_while_new_records_come(in_house):
    async def story(house):
        few = st.integers(0, 3)  # few instants: many records share one
        arriving = st.lists(st.integers(-2, 6), max_size=4)
        examples = await draws(
            12, st.tuples(st.lists(few, max_size=9), st.integers(1, 4), arriving)
        )
        for number, (instants, limit, arriving) in enumerate(examples):
            person = f"person {number}"
            there = [house.record(person, requested_at=at(n)) for n in instants]
            if there:
                await house.exchanged(*there)
            token = await house.enter(person)
            assert await house.read(token, limit=200) == newest_first(there)
            read, cursor, new = [], "", [house.record(person, requested_at=at(n)) for n in arriving]
            coming = list(new)
            while True:
                page = await house.page(
                    token, limit=limit, **({"cursor": cursor} if cursor else {})
                )
                assert len(page["records"]) <= limit
                read += [one["record"] for one in page["records"]]
                cursor = page["next"]
                if not cursor:
                    break
                if coming:
                    await house.exchanged(coming.pop())
            came = set(newest_first(new))
            assert [one for one in read if one not in came] == newest_first(there)
            # Whatever came meanwhile is read at most once, in its place.
            assert read == [one for one in newest_first([*there, *new]) if one in read]
            assert len(read) == len(set(read))

    in_house(story)


def test_filters_together_keep_what_fits_each(in_house):
    async def story(house):
        made = [
            house.record("one", requester=requester, provider=provider, requested_at=at(n * 3600))
            for n, (requester, provider) in enumerate(
                [(MINATO, OSAKA), (OSAKA, MINATO), (MINATO, "lg-231002"), (MINATO, OSAKA)]
            )
        ]
        await house.exchanged(*made)
        token = await house.enter("one")
        for params, kept in (
            ({}, made),
            ({"requester": MINATO}, [made[0], made[2], made[3]]),
            ({"requester": MINATO, "provider": OSAKA}, [made[0], made[3]]),
            ({"requester": "", "provider": MINATO}, [made[1]]),
            ({"requester": "lg"}, []),
            ({"requester": "%"}, []),
            ({"outcome": "OK"}, made),
            ({"outcome": "ok"}, []),
        ):
            assert await house.read(token, limit=1, **params) == newest_first(kept), params

    in_house(story)


def test_a_period_is_of_japanese_days_from_its_first_to_the_one_before_its_last(in_house):
    async def story(house):
        # 2026-06-01 in Japan ends at 15:00 UTC.
        last = house.record("one", requested_at=datetime(2026, 6, 1, 14, 59, 59, tzinfo=UTC))
        first = house.record("one", requested_at=datetime(2026, 6, 1, 15, 0, tzinfo=UTC))
        await house.exchanged(last, first)
        token = await house.enter("one")
        for params, kept in (
            ({"since": "2026-06-01", "until": "2026-06-02"}, [last]),
            ({"since": "2026-06-02", "until": "2026-06-03"}, [first]),
            ({"since": "2026-06-02", "until": "2026-06-02"}, []),
            ({"until": "2026-06-02"}, [last]),
            ({"since": "2026-06-02"}, [first]),
            ({"since": "0001-01-01", "until": "9999-12-31"}, [last, first]),
        ):
            assert await house.read(token, **params) == newest_first(kept), params

    in_house(story)


@pytest.mark.parametrize(
    "params",
    [
        {"limit": 0},
        {"limit": 201},
        {"limit": "many"},
        {"since": "2026-02-30"},
        {"until": "tomorrow"},
        {"requester": "x" * 65},
        {"cursor": "x"},
        {"cursor": "x" * 500},
        {"cursor": cursors.write(START, "A" * 22) + "A"},
        {"cursor": cursor_of(f"0001-01-01T00:00:00+23:00|{'A' * 22}")},
        {"cursor": cursor_of(f"2026-06-01T01:00:00|{'A' * 22}")},
        {"cursor": cursor_of("2026-06-01T01:00:00+00:00|short")},
    ],
)
def test_a_question_of_a_wrong_form_is_refused_without_being_quoted(in_house, params):
    async def story(house):
        token = await house.enter("one")
        answer = await house.http("GET", "/my/records", token=token, params=params)
        assert answer.status_code == 400
        [value] = params.values()
        assert len(str(value)) < 4 or str(value) not in answer.text

    in_house(story)


def test_a_cursor_made_up_or_of_somebody_else_shows_nothing_that_is_not_hers(in_house):
    async def story(house):
        mine = [house.record("one", requested_at=at(n)) for n in range(3)]
        hers = [house.record("other", requested_at=at(n)) for n in range(3)]
        await house.exchanged(*mine, *hers)
        token, another = await house.enter("one"), await house.enter("other")
        cursor = (await house.page(another, limit=1))["next"]
        found = [one["record"] for one in (await house.page(token, cursor=cursor))["records"]]
        assert set(found) <= {one.record for one in mine}
        for record in hers:
            assert cursors.read(cursor)[1] in newest_first(hers)
            assert record.record not in found

    in_house(story)


def test_who_asked_counts_each_body_and_puts_the_latest_first(in_house):
    async def story(house):
        made = [
            house.record("one", requester=MINATO, requested_at=at(1)),
            house.record("one", requester=MINATO, requested_at=at(2), outcome="REFUSED_CASE"),
            house.record("one", requester=OSAKA, requested_at=at(3)),
            house.record("other", requester=OSAKA, requested_at=at(4)),
        ]
        await house.exchanged(*made)
        answer = await house.http("GET", "/my/who-asked", token=await house.enter("one"))
        told = [(b["requester"], b["times"], b["refused"]) for b in answer.json()["bodies"]]
        assert told == [(OSAKA, 1, 0), (MINATO, 2, 1)]

    in_house(story)


def test_a_granted_exchange_shows_when_the_provider_has_spoken_or_kept_silent_for_too_long(
    in_house,
):
    async def story(house):
        granted, refused = house.record("one"), house.record("one", outcome="REFUSED_ITEM")
        await house.deliver(granted, refused, ends=[house.end(granted, side="requester")])
        token = await house.enter("one")
        assert await house.read(token) == [refused.record]
        answer = await house.http("GET", "/my/who-asked", token=token)
        assert [body["times"] for body in answer.json()["bodies"]] == [1]
        await house.deliver(ends=[house.end(granted, "one")])
        assert await house.read(token) == newest_first([granted, refused])
        silent = house.record("one")
        await house.deliver(silent)
        house.clock.advance(END_WITHIN)
        token = await house.enter("one")
        assert silent.record not in await house.read(token)
        house.clock.advance(timedelta(seconds=1))
        assert silent.record in await house.read(token)

    in_house(story)


def test_what_a_provider_hides_is_never_seen_for_a_moment_before_it_says_so(in_house):
    async def story(house):
        granted = house.record("one")
        token = await house.enter("one")
        seen = []
        for step in (
            house.deliver(granted),
            house.deliver(ends=[house.end(granted, side="requester")]),
            house.deliver(ends=[house.end(granted, "one", hidden=True)]),
        ):
            await step
            seen += await house.read(token)
        house.clock.advance(END_WITHIN * 2)
        seen += await house.read(await house.enter("one"))
        assert seen == []

    in_house(story)


def test_an_end_is_missing_after_its_days_where_the_exchange_was_granted_and_only_once(in_house):
    async def story(house):
        both, one_end, none = (house.record("one") for _ in range(3))
        refused = house.record("one", outcome="REFUSED_PIA")
        ends = [
            house.end(both, "one"),
            house.end(both, side="requester"),
            house.end(one_end, "one"),
        ]
        await house.deliver(both, one_end, none, refused, ends=ends)
        house.clock.advance(END_WITHIN)
        assert await report_missing_ends(house.ledger) == 0
        house.clock.advance(timedelta(seconds=1))
        assert await report_missing_ends(house.ledger) == 2
        assert await report_missing_ends(house.ledger) == 0
        assert sorted(await house.alarms()) == sorted(
            ("end-missing", record.permit) for record in (one_end, none)
        )

    in_house(story)


def test_no_answer_names_the_person_or_her_code(in_house):
    async def story(house):
        await house.exchanged(*(house.record("one") for _ in range(3)))
        token = await house.enter("one")
        page = await house.page(token, limit=1)
        code = bytes(house.coded("one").code)
        for told in (code.hex(), str(code), token):
            assert told not in msgspec.json.encode(page).decode()
        assert code not in cursors.read(page["next"])[1].encode()

    in_house(story)
