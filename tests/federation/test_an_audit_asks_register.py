"""An institution that may not hold a snapshot audits its links through register's own door."""

from datetime import timedelta

import attrs
import polars as pl
import pytest

from kumihimo.kernel.refusal import TooMany, Unavailable
from kumihimo.linkaudit import audit
from kumihimo.linkaudit.schema import ROWS, SNAPSHOT
from kumihimo.people.check_digits import NumberSpace
from kumihimo.people.numbers import IndividualNumber
from kumihimo.rooms.register import api as register
from kumihimo.rooms.register.domain.quota import Limits
from kumihimo.run.audit_register import compare
from tests.federation import test_register_and_core as town
from tests.federation.street import ALLOWANCE, MINATO, OSAKA
from tests.linkaudit.hand import keyed
from tests.rooms.register.made import birth

KANA = {
    1: "タカハシ　ハナコ",
    2: "タカハシ　ハナエ",
    3: "タカハシ　モモ",
    4: "タカハシ　モモ",
    5: "",
}
MOVED = "青森県八戸市大字市川町1番地"
NOBODYS = IndividualNumber.generate("00000000001", space=NumberSpace.TEST).reveal()
NAMES = ("name", "kana", "birth", "sex", "address")


@attrs.frozen
class Count:
    found: int


class Office:
    """An institution's gateway on a street with a real register of five residents."""

    def __init__(self, street, monkeypatch):
        self.street, self.monkeypatch = street, monkeypatch
        self.asked = 0
        self.pauses = []

    async def settle(self, new_room, limits=None):
        if limits:
            self.monkeypatch.setattr(town, "Limits", lambda **_: limits)
        await town.open_register(self.street, new_room)
        people = register.EventBatch(tuple(birth(who, kana=KANA[who]) for who in KANA))
        await town.ask(self.street, MINATO, register.EVENTS_PATH, people, register.EventsTaken)
        self.numbers = [await town.number_of(self.street, who) for who in KANA]

    async def compare(self, folder, batch=500):
        room, _ = self.street.gateways[OSAKA]
        tenant = self.street.tenants[OSAKA]
        await compare(
            folder,
            room.gateway,
            tenant,
            ALLOWANCE,
            progress=audit.quiet,
            batch=batch,
            pause=self.pause,
        )

    async def pause(self, seconds):
        self.pauses.append(seconds)

    async def logged(self):
        """Return how many comparisons register has logged for persons."""
        async with self.street.databases[-1].transaction() as tx:
            [row] = await tx.rows(
                "SELECT count(*)::integer AS found FROM strict_inquiry WHERE compared", {}, Count
            )
            return row.found

    def planted(self):
        """Return rows as they may stand in a file, each with the verdict that it has to get."""
        one, other, same, namesake, unread = self.numbers
        return [
            (row(one, 1), "confirmed"),
            (row(other, 2, name=(birth(2).name or "").replace("高", "髙")), "notational"),
            (row(one, 1, address=MOVED), "notational"),
            (
                row(one, 1, address=MOVED, kana=None),
                "person",
            ),  # nobody of the reading: of the name?
            (row(one, 2), "person"),
            (row(NOBODYS, 1), "mislink"),
            (row(same, 3), "confirmed"),
            (row(namesake, 4, address=MOVED), "person"),
            (row(unread, 5), "person"),  # without a reading register does not say who else there is
            (row(one, 1, birth=None), "person"),
            (row(one, 1, name=None, kana=None), "person"),
        ]


def row(number, who, **other):
    """Return what an institution holds of a resident."""
    of = birth(who, kana=KANA[who])
    return {"number": number} | {name: getattr(of, name) or None for name in NAMES} | other


def folder_of(place, rows):
    """Leave rows as intake does."""
    lines = [
        dict.fromkeys(ROWS) | {"row": n, "record_id": f"r{n}", "affair": "allowance"} | one
        for n, one in enumerate(rows, 1)
    ]
    (place / "rows").mkdir(parents=True, exist_ok=True)
    pl.DataFrame(lines, schema=ROWS).write_parquet(place / "rows" / "part-00000.parquet")
    return place


def told(folder):
    return pl.read_parquet(folder / "findings.parquet").sort("row")


@pytest.fixture
def at_osaka(on_street, new_room, monkeypatch):
    def run(story, limits=None):
        async def whole(street):
            office = Office(street, monkeypatch)
            await office.settle(new_room, limits)
            await story(office)

        on_street(whole)

    return run


def test_each_row_gets_the_verdict_that_the_registers_answer_allows(at_osaka, tmp_path):
    async def story(office):
        planted = office.planted()
        folder = folder_of(tmp_path / "audit", [one for one, _ in planted])
        await office.compare(folder)
        found = told(folder)
        assert found["verdict"].to_list() == [verdict for _, verdict in planted]
        assert set(found["odds"]) == {0.0}
        untold = ["namesake", "namesake-untold", "birth-missing", "name-missing"]
        assert found["reason"].to_list()[7:] == untold
        assert found["reason"][3] == "namesake-untold"
        rates = pl.read_parquet(folder / "estimates.parquet")
        assert rates["rate"].null_count() == len(rates)
        assert rates.filter(mechanism="random")["observed"].to_list() == [1, 1]
        assert not len(pl.read_parquet(folder / "proposals.parquet"))
        assert set(pl.read_parquet(folder / "collisions.parquet")["collision"]) == {"number"}

    at_osaka(story)


def test_where_nobody_has_to_be_searched_for_a_snapshot_gives_the_same_verdicts(at_osaka, tmp_path):
    async def story(office):
        rows = [one for one, _ in office.planted()]
        folder = folder_of(tmp_path / "audit", [rows[n] for n in (0, 1, 2, 5, 6, 7)])
        await office.compare(folder)
        people = [
            dict.fromkeys(SNAPSHOT) | row(number, who) | {"standing": "resident"}
            for who, number in enumerate(office.numbers, 1)
        ]
        snapshot = tmp_path / "snapshot.parquet"
        pl.DataFrame(people, schema=SNAPSHOT).write_parquet(snapshot)
        beside = tmp_path / "beside"
        key = keyed(tmp_path)
        audit.run(beside, rows=folder / "rows", snapshot=snapshot, key=key)
        # The last has its true person found by the search, which only a snapshot allows.
        ours, theirs = told(folder), told(beside)
        assert ours["verdict"].to_list()[:5] == theirs["verdict"].to_list()[:5]
        assert ours["reason"].to_list()[:5] == theirs["reason"].to_list()[:5]
        levels = [*NAMES, "others", "pattern"]
        ours, theirs = (
            pl.read_parquet(one / "patterns.parquet")
            .select(levels)
            .filter(pl.col("others") != "no-person")
            .sort("pattern")
            for one in (folder, beside)
        )
        assert ours.equals(theirs)

    at_osaka(story)


def test_what_has_an_answer_is_never_asked_again_however_the_audit_was_stopped(at_osaka, tmp_path):
    async def story(office):
        rows = [one for one, _ in office.planted()]
        folder = folder_of(tmp_path / "audit", [*rows, rows[0]])  # one row stands there twice
        transport = office.street.transport
        sent = transport.handle_async_request

        async def third_is_lost(request):
            office.asked += request.url.path == register.LINKS_PATH
            if office.asked == 3:
                transport.losing.add("register")
                office.asked += 1
            if office.asked > 4:
                transport.down.add("register")
            return await sent(request)

        transport.handle_async_request = third_is_lost
        with pytest.raises(Unavailable):
            await office.compare(folder, batch=2)
        assert not (folder / "findings.parquet").exists()
        before = await office.logged()
        assert before == 6, "the third batch was logged, and its answer was lost"
        transport.handle_async_request = sent
        transport.down.clear()
        await office.compare(folder, batch=2)
        assert await office.logged() == 9
        first = told(folder)
        await office.compare(folder)
        assert await office.logged() == 9
        assert told(folder).equals(first)
        folder_of(folder, [*rows, row(office.numbers[1], 1)])
        await office.compare(folder)
        assert await office.logged() == 10, "only the new row"
        assert len(told(folder)) == 12

    at_osaka(story)


def test_past_the_quota_it_stops_says_when_to_go_on_and_keeps_what_it_has(at_osaka, tmp_path):
    async def story(office):
        rows = [one for one, _ in office.planted()]
        folder = folder_of(tmp_path / "audit", rows)
        with pytest.raises(TooMany, match="明日"):
            await office.compare(folder, batch=4)
        assert len(office.pauses) == 1, "the minute's quota was waited for"
        assert await office.logged() == 4
        office.street.clock.advance(timedelta(days=1))
        with pytest.raises(TooMany):
            await office.compare(folder, batch=4)
        assert await office.logged() == 8
        office.street.clock.advance(timedelta(days=1))
        await office.compare(folder, batch=4)
        assert await office.logged() == 9

    at_osaka(story, Limits(per_minute=4, per_day=4))
