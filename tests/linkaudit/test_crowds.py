"""At an address of hundreds nobody is taken for a household, and the audit does not slow down."""

import pytest

from kumihimo.linkaudit import audit
from kumihimo.linkaudit.residual import CROWD_MAX
from tests.linkaudit.hand import keyed, person, row_of, rows, snapshot

MARRIED = {"name": "佐藤　花子", "kana": "サトウ　ハナコ"}


def resident(n, **other):
    """Return one of many at an address, each of another birth date and household."""
    return person(
        number=f"{n:012}",
        birth=f"{1930 + n // 336}-{1 + n % 12:02}-{1 + n // 12 % 28:02}",
        household=f"h{n}",
        **other,
    )


@pytest.mark.parametrize(
    ("count", "address", "verdict"),
    [
        (5, {}, "notational"),
        (CROWD_MAX + 1, {}, "person"),
        (5, {"address": "北海道札幌市中央区北一条西"}, "person"),
    ],
)
def test_the_only_one_of_a_birth_date_is_told_only_where_a_household_can_be(
    tmp_path, count, address, verdict
):
    people = [resident(n, **address) for n in range(1, count + 1)]
    written = [row_of(one, n) for n, one in enumerate(people, start=1)]
    written[0] |= MARRIED
    rows(*written).write_parquet(tmp_path / "rows.parquet")
    snapshot(*people).write_parquet(tmp_path / "snapshot.parquet")
    paths = {name: tmp_path / f"{name}.parquet" for name in ("rows", "snapshot")}
    audit.run(tmp_path / "audit", key=keyed(tmp_path), **paths)
    found = audit.Audit.open(tmp_path / "audit").scan("findings").collect()
    assert found["verdict"][0] == verdict
    assert found["verdict"][1:].unique().to_list() == ["confirmed"]
