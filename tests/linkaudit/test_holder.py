"""What an office leaves out of addresses is its own: prefecture and city of who keeps the records."""

import polars as pl
import pytest

from kumihimo.linkaudit import audit, levels
from kumihimo.linkaudit.canonical import register_columns
from kumihimo.linkaudit.schema import HISTORY
from kumihimo.people.address_levels import AddressLevel, compare_addresses
from kumihimo.people.addresses import Address
from tests.linkaudit.hand import HASHER, keyed, person, row_of, rows, snapshot

CHUO = "011011"  # 札幌市中央区
MINATO = "131032"
HELD = "北海道札幌市中央区北一条西2丁目1番4号"
WRITTEN = {
    "北一条西2-1-4": (AddressLevel.NO_CITY, AddressLevel.WITH_ROOM, AddressLevel.DIFFERENT),
    "札幌市中央区北一条西2-1-4": (AddressLevel.WITH_ROOM,) * 3,
    # Another city's name stands, or another lot: nothing is restored that was not left out.
    "港区北一条西2-1-4": (AddressLevel.DIFFERENT,) * 3,
    "北一条西2-1-5": (AddressLevel.DIFFERENT, AddressLevel.TOWN, AddressLevel.DIFFERENT),
}


def run(folder, name, written, *, holder):
    """Audit one row of somebody who lives at `HELD`; returns its findings with its pattern's line."""
    one = person(address=HELD)
    others = [
        person(number=f"{n:012d}", name=f"佐藤　{n}", kana=f"サトウ　{n}") for n in range(2, 9)
    ]
    snapshot(one, *others).write_parquet(folder / "snapshot.parquet")
    rows(
        row_of(one, address=written), *(row_of(o, n) for n, o in enumerate(others, 2))
    ).write_parquet(folder / "rows.parquet")
    sides = {side: folder / f"{side}.parquet" for side in ("rows", "snapshot")}
    audit.run(folder / name, **sides, key=keyed(folder), holder=holder)
    tables = audit.Audit.open(folder / name)
    found = tables.scan("findings").filter(pl.col("row") == 1).collect()
    lines = tables.scan("patterns").select("pattern", "address").collect()
    return found.join(lines, on="pattern").row(0, named=True)


@pytest.mark.parametrize("written", WRITTEN)
@pytest.mark.parametrize(("place", "holder"), [(0, ""), (1, CHUO), (2, MINATO)])
def test_an_audits_level_is_that_of_the_two_addresses_alone(written, place, holder):
    one = person(address=HELD)
    written_so = rows(row_of(one, address=written)).with_columns(pl.col("number").cast(pl.Int64))
    pairs = levels.Pairs.of(written_so, register_columns(snapshot(one), HASHER))
    past = pl.DataFrame(schema=HISTORY | {"number": pl.Int64})
    found = levels.addresses(pairs, HASHER, past, holder)
    level = list(AddressLevel)[found.levels[0]]
    alone = compare_addresses(Address.parse(written), Address.parse(HELD), holder=holder)
    assert level == alone == WRITTEN[written][place]


def test_the_same_folder_is_judged_anew_when_its_holder_is_another(tmp_path):
    told = [
        run(tmp_path, "audit", "北一条西2-1-4", holder=holder)["address"]
        for holder in ("", CHUO, MINATO)
    ]
    assert told == ["no-city", "with-room", "different"]
