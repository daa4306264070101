"""Places that are called otherwise today; the tables here are examples and no data."""

from datetime import date

import attrs
import polars as pl
import pytest

from kumihimo.people.addresses import address_parts
from kumihimo.people.columns.addresses import address_columns
from kumihimo.people.renamings import LINES_MAX, BadRenaming, Renamings

TABLE = """# day, scope, before, after
2019-05-01\tmunicipality\t兵庫県篠山市\t兵庫県丹波篠山市
2006-03-27\tmunicipality\t千葉県佐原市\t千葉県香取市
2006-03-27\ttown\t千葉県香取市佐原イ\t千葉県香取市佐原
2010-01-01\ttown\t東京都港区芝旧町\t東京都港区芝新町
2015-01-01\ttown\t東京都港区芝新町\t東京都港区芝中町
2099-01-01\ttown\t東京都港区芝中町\t東京都港区芝未来町
2012-01-01\ttown\t東京都府中市元町\t東京都府中市新町
2012-01-01\ttown\t広島県府中市元町\t広島県府中市中町
2001-01-01\ttown\t東京都港区北環町\t東京都港区南環町
2001-01-01\ttown\t東京都港区南環町\t東京都港区北環町
"""
TODAY = date(2026, 4, 1)


@pytest.fixture(scope="module")
def renamings():
    return Renamings.parse(TABLE, on=TODAY)


@pytest.mark.parametrize(
    ("written", "today"),
    [
        ("兵庫県篠山市北新町41", "兵庫県丹波篠山市北新町41"),
        ("篠山市北新町41", "兵庫県丹波篠山市北新町41"),
        ("千葉県佐原市佐原イ12番地 桜荘3", "千葉県香取市佐原イ12番地 桜荘3"),
        ("東京都港区芝旧町1-2-3 203", "東京都港区芝中町1-2-3 203"),
        ("港区芝新町1丁目2番", "東京都港区芝中町1丁目2番"),
        ("東京都港区芝旧町東1-2-3", "東京都港区芝旧町東1-2-3"),
        ("大阪市港区芝旧町1", "大阪市港区芝旧町1"),
        ("東京都府中市元町1", "東京都府中市新町1"),
        ("広島県府中市元町1", "広島県府中市中町1"),
        ("府中市元町1", "府中市元町1"),
        ("東京都港区北環町1", "東京都港区北環町1"),
        ("京都府篠山市北新町41", "京都府篠山市北新町41"),
    ],
)
def test_an_old_name_is_the_name_of_today_alone_and_over_columns(renamings, written, today):
    found = renamings.renamed(address_parts(written))
    assert found == address_parts(today)
    [row] = address_columns(pl.Series([written]), renamings=renamings).rows()
    assert row == (*attrs.astuple(found), None)


def test_a_name_that_does_not_hold_yet_changes_nothing():
    before = Renamings.parse(TABLE, on=date(2012, 1, 1))
    assert before.renamed(address_parts("東京都港区芝旧町1")) == address_parts("東京都港区芝新町1")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("2019-05-01\ttown\t兵庫県篠山市", "tabs"),
        ("2019-05-01\tward\t兵庫県篠山市\t兵庫県丹波篠山市", "tabs"),
        ("昨日\ttown\t兵庫県篠山市\t兵庫県丹波篠山市", "day"),
        ("2019-05-01\ttown\t篠山市\t兵庫県丹波篠山市", "prefecture"),
        ("2019-05-01\ttown\t兵庫県\t兵庫県丹波篠山市", "prefecture"),
        ("2019-05-01\ttown\t兵庫県篠山市北新町1\t兵庫県丹波篠山市", "lot"),
    ],
)
def test_a_line_that_is_none_is_refused_by_its_number(line, reason):
    with pytest.raises(BadRenaming, match=f"line 2: .*{reason}"):
        Renamings.parse(f"# no data\n{line}", on=TODAY)


def test_a_table_without_end_is_refused():
    with pytest.raises(BadRenaming, match="at most"):
        Renamings.parse("\n" * (LINES_MAX + 1), on=TODAY)
