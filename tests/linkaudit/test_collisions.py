"""Records that cannot both be right are told together."""

import polars as pl
import pytest

from kumihimo.linkaudit import audit
from tests.linkaudit.hand import keyed, person, row_of, rows, snapshot

HANAKO = person()
TARO = person(
    number="000000000202", name="山田　太郎", kana="ヤマダ　タロウ", birth="1988-02-02", sex="1"
)
KENJI = person(
    number="000000000303",
    name="木村　健次",
    kana="キムラ　ケンジ",
    birth="1971-07-07",
    sex="1",
    address="青森県八戸市大字市川町900番地",
    household="h9",
)
ACCOUNT = "0001-001-1-0000001"


def collisions(folder, *lines):
    rows(*lines).write_parquet(folder / "rows.parquet")
    snapshot(HANAKO, TARO, KENJI).write_parquet(folder / "snapshot.parquet")
    paths = {name: folder / f"{name}.parquet" for name in ("rows", "snapshot")}
    audit.run(folder / "audit", key=keyed(folder), **paths)
    found = audit.Audit.open(folder / "audit").scan("collisions").collect()
    return found.group_by("collision", "group", maintain_order=True).agg("row").rows()


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([row_of(HANAKO, 1), row_of(TARO, 2)], []),
        ([row_of(HANAKO, 1), row_of(HANAKO, 2)], []),
        ([row_of(HANAKO, 1), row_of(HANAKO, 2, name="山田花子")], []),
        (
            [row_of(HANAKO, 1), row_of(TARO, 2, number=HANAKO["number"])],
            [("number", 1, [1, 2])],
        ),
        (
            [row_of(HANAKO, 1), row_of(HANAKO, 2, number=KENJI["number"]), row_of(KENJI, 3)],
            [("number", 1, [2, 3]), ("person", 2, [1, 2])],
        ),
        (
            [row_of(HANAKO, 1, account=ACCOUNT), row_of(KENJI, 2, account=ACCOUNT)],
            [("account", 1, [1, 2])],
        ),
        (
            [row_of(HANAKO, 1, account=ACCOUNT), row_of(TARO, 2, account=ACCOUNT)],
            [("family-account", 1, [1, 2])],
        ),
        ([row_of(HANAKO, 1, account=ACCOUNT), row_of(HANAKO, 2, account=ACCOUNT)], []),
    ],
)
def test_what_collides_is_told_in_one_group(tmp_path, lines, expected):
    assert collisions(tmp_path, *lines) == expected


def test_no_value_of_a_person_stands_in_the_table(tmp_path):
    collisions(tmp_path, row_of(HANAKO, 1), row_of(TARO, 2, number=HANAKO["number"]))
    table = pl.read_parquet(tmp_path / "audit" / "collisions.parquet")
    assert table.columns == ["collision", "group", "row", "record_id"]
