"""An account tells who may use it, beside everything else: it finds, and clears nothing."""

import attrs
import polars as pl
import pytest

from kumihimo.linkaudit import accounts, audit
from kumihimo.linkaudit.accounts import canonical_accounts, look
from kumihimo.linkaudit.accounts import keyed as keyed_
from kumihimo.linkaudit.answers import Answers
from kumihimo.linkaudit.holders import whose
from kumihimo.linkaudit.intake.taking import take_in
from kumihimo.linkaudit.schema import Holder
from kumihimo.linkaudit.setting import Sizes, Table
from kumihimo.linkaudit.unsearched import find
from kumihimo.linkaudit.workers import Team
from tests.linkaudit.hand import HOME, keyed, person, row_of, rows, snapshot
from tests.linkaudit.intake.files_of_offices import mapping, number

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
WIDE_ACCOUNT = ACCOUNT.translate({ord(d): ord(d) + 0xFEE0 for d in "01"})
HANAKOS = "ﾔﾏﾀﾞ ﾊﾅｺ"
LONG_NAME = ("勅使河原　権左衛門", "テシガワラ　ゴンザエモンジヨウノシンノスケタロウエモン")


@pytest.mark.parametrize(
    ("name", "kana", "holder", "expected"),
    [
        ("山田　花子", "ヤマダ　ハナコ", HANAKOS, Holder.OWN),
        ("大野　花", "オオノ　ハナ", "ｵ-ﾉ ﾊﾅ", Holder.OWN),
        (*LONG_NAME, "ﾃｼｶﾞﾜﾗ ｺﾞﾝｻﾞｴﾓﾝｼﾞﾖｳﾉｼﾝﾉｽｹﾀﾛｳｴﾓ", Holder.OWN),
        ("", LONG_NAME[1], "ﾃｼｶﾞﾜﾗ ｺﾞﾝｻﾞｴﾓﾝ", Holder.FAMILY),  # not cut: the bank had room
        ("山田　健", "ヤマダ　ケン", "ﾔﾏﾀﾞ ﾀｹｼ", Holder.READ),
        ("山田　花子", "", HANAKOS, Holder.READ),
        ("山田　花子", "ヤマダ　ハナコ", "ﾔﾏﾀﾞ ｲﾁﾛｳ", Holder.FAMILY),
        ("山田　花子", "", "ﾔﾏﾀﾞ ｲﾁﾛｳ", Holder.FAMILY),
        ("山田　花子", "ヤマダ　ハナコ", "ｷﾑﾗ ﾊﾅｺ", Holder.GIVEN),
        ("山田　花子", "ヤマダ　ハナコ", "ｷﾑﾗ ｹﾝｼﾞ", Holder.OTHER),
        ("山田　花子", "", "ｷﾑﾗ ｹﾝｼﾞ", Holder.OTHER),
        ("山田　花子", "ヤマダ　ハナコ", "ﾔﾏﾀﾞｼﾖｳﾃﾝ(ﾕ", Holder.CORPORATE),
        ("山田　花子", "", "ｶ)ﾔﾏﾀﾞ", Holder.CORPORATE),
        ("山田　●子", "", HANAKOS, Holder.UNTOLD),
        ("山田　花子", "ヤマダ　ハナコ", "1234", Holder.UNTOLD),
        ("SMITH JOHN", "スミス　ジョン", "SMITH JOHN", Holder.OWN),
        ("SMITH JOHN", "", "ｽﾐｽ ｼﾞﾖﾝ", Holder.READ),
    ],
)
def test_a_holder_is_told_by_how_the_bank_writes_it(name, kana, holder, expected):
    told = whose(pl.DataFrame({"name": [name], "kana": [kana], "holder": [holder]}))
    assert told.to_list() == [expected]


def test_many_holders_are_told_each_in_its_place():
    some = [("山田　花子", "ヤマダ　ハナコ", one) for one in (HANAKOS, "ｷﾑﾗ ｹﾝｼﾞ", "ﾔﾏﾀﾞ ﾀﾛｳ")]
    frame = pl.DataFrame(some * 50, schema=["name", "kana", "holder"], orient="row")
    assert whose(frame).to_list() == [Holder.OWN, Holder.OTHER, Holder.FAMILY] * 50


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("0001-001-1-0000001", "1-1-普通-1", True),
        ("0001-001-1-0000001", WIDE_ACCOUNT, True),
        ("0001-001-2-0000001", "1-1-当座-1", True),
        ("0001-001-1-0000001", "0001-001-2-0000001", False),
        ("0001-001-1-0000001", "0001-010-1-0000001", False),
        ("0001-001-1-0000001", "0010-001-1-0000001", False),
        ("0001-001-1-0000001", "0001-001-1-0000010", False),
        ("A-1", "A-2", False),
    ],
)
def test_an_account_is_one_however_its_zeros_and_kind_are_written(one, other, same):
    told = canonical_accounts(pl.Series([one, other]))
    assert (told[0] == told[1]) == same


def audited(folder, *lines, people=(HANAKO, TARO, KENJI)):
    folder.mkdir(exist_ok=True)
    rows(*lines).write_parquet(folder / "rows.parquet")
    snapshot(*people).write_parquet(folder / "snapshot.parquet")
    paths = {name: folder / f"{name}.parquet" for name in ("rows", "snapshot")}
    audit.run(folder / "audit", key=keyed(folder), **paths)
    return audit.Audit.open(folder / "audit")


def collisions(found):
    table = found.scan("collisions").collect()
    return table.select("collision", "row").rows()


FAR = KENJI | {"name": "山田　健次", "kana": "ヤマダ　ケンジ"}


@pytest.mark.parametrize(
    ("other", "holders", "kind"),
    [
        (FAR, (HANAKOS, HANAKOS), "family-account"),
        (FAR, (HANAKOS, None), "account"),
        (FAR, (None, None), "account"),
        (FAR, ("ﾔﾏﾀﾞ ﾊﾅｺ", "ｷﾑﾗ ﾊﾅｺ"), "account"),
        (KENJI, (HANAKOS, HANAKOS), "account"),
        (TARO, ("ｷﾑﾗ ｹﾝｼﾞ", "ｷﾑﾗ ｹﾝｼﾞ"), "family-account"),  # one household
    ],
)
def test_a_familys_account_is_told_apart_from_a_strangers(tmp_path, other, holders, kind):
    lines = [
        row_of(one, n, account=ACCOUNT, holder=holder)
        for n, (one, holder) in enumerate(zip((HANAKO, other), holders, strict=True), start=1)
    ]
    found = audited(tmp_path, *lines, people=(HANAKO, other))
    assert collisions(found) == [(kind, 1), (kind, 2)]


def test_accounts_are_compared_where_the_register_is_only_asked(tmp_path):
    lines = [
        row_of(HANAKO, 1, account=ACCOUNT, household="a"),
        row_of(KENJI, 2, account="1-1-普通-1", household="b"),
        row_of(HANAKO, 3, account="2-2-1-2", household="c", holder=HANAKOS),
        row_of(TARO, 4, account="2-2-1-2", household="c", holder=HANAKOS),
    ]
    rows(*lines).write_parquet(tmp_path / "rows.parquet")
    folder = tmp_path / "audit"
    answers = Answers.of(folder, "nobody was asked")
    find(folder, Table(tmp_path / "rows.parquet"), answers, audit.quiet)
    told = [("account", 1), ("account", 2), ("family-account", 3), ("family-account", 4)]
    assert collisions(audit.Audit.open(folder)) == told
    assert pl.read_parquet(folder / "holders.parquet")["holder"].to_list() == ["own", "family"]


ODD = (
    row_of(HANAKO, 1, name="", kana=""),
    row_of(HANAKO, 2, birth="1990-04-02"),
    row_of(HANAKO, 3, name="山田　太郎", kana="ヤマダ　タロウ"),
    row_of(HANAKO, 4, sex="1"),
    row_of(HANAKO, 5),
)


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    """Return what is found where no account is told."""
    return audited(tmp_path_factory.mktemp("bare"), *ODD).scan("findings").collect()


@pytest.mark.parametrize("holder", [HANAKOS, "ﾔﾏﾀﾞ ﾀﾛｳ", "ｷﾑﾗ ｹﾝｼﾞ", "ｶ)ﾔﾏﾀﾞ"])
def test_no_holder_changes_what_is_said_of_a_record(tmp_path, bare, holder):
    told = [one | {"account": ACCOUNT, "holder": holder} for one in ODD]
    with_holder = audited(tmp_path / "told", *told).scan("findings").collect()
    assert with_holder.equals(bare)
    assert set(bare["verdict"]) >= {"confirmed", "person"}


def test_each_row_with_a_holder_is_told_in_the_order_of_the_file(tmp_path):
    holders = (HANAKOS, None, "ｷﾑﾗ ｹﾝｼﾞ", "ﾔﾏﾀﾞ ﾀﾛｳ")
    lines = [row_of(HANAKO, n, holder=holder) for n, holder in enumerate(holders, start=1)]
    told = audited(tmp_path, *lines).scan("holders").collect()
    expected = [(1, "r0001", "own"), (3, "r0003", "other"), (4, "r0004", "family")]
    assert told.rows() == expected


def many(count):
    """Return rows of as many people, of which each account in three is two people's."""
    people = [
        person(number=f"{n:012}", household=f"h{n}", address=f"{HOME}{n}") for n in range(count)
    ]
    return rows(
        *(
            row_of(one, n, account=f"1-{n % (count // 3 * 2) % 1000}-1-{n % (count // 3 * 2)}")
            for n, one in enumerate(people, start=1)
        )
    )


@pytest.mark.parametrize("size", [7, 100])
def test_however_many_parts_the_rows_are_cut_into_the_same_accounts_are_shared(tmp_path, size):
    many(300).write_parquet(tmp_path / "rows.parquet")
    table = Table(tmp_path / "rows.parquet")
    whole = Sizes.of(1.0)
    parts = attrs.evolve(whole, rows=size, memory=whole.workers * 200 * size)
    found = [
        look(tmp_path / str(n), table, sizes, Team(None, audit.quiet)).shared().sort("row")
        for n, sizes in enumerate((whole, parts))
    ]
    assert found[0].equals(found[1])
    assert len(found[0]) == 200
    groups = found[0].group_by("account").len()
    assert set(groups["len"]) == {2}


def test_one_persons_two_records_share_an_account_and_nobody_minds(tmp_path):
    lines = [row_of(HANAKO, n, account=ACCOUNT, holder=HANAKOS) for n in (1, 2)]
    assert collisions(audited(tmp_path, *lines)) == []


def looked_at(folder, given, *, ids=True):
    """Take rows in by what the last run left and look at their accounts; also how many were read."""
    folder.mkdir(exist_ok=True)
    columns = {
        name: name for name in given.columns if name != "row" and (ids or name != "record_id")
    }
    given.write_parquet(folder / "given.parquet")
    take_in(mapping(columns=columns), "rows", folder / "given.parquet", folder)
    read = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(accounts, "keyed", lambda *told: read.append(len(told[0])) or keyed_(*told))
        found = look(folder, Table(folder / "rows"), Sizes(50, 1, 1 << 20), Team.alone())
    found.put_holders(folder / "holders.parquet")
    return found.shared().sort("row"), pl.read_parquet(folder / "holders.parquet"), sum(read)


def numbers_of(count):
    return pl.Series([number(n) for n in range(count)])


@pytest.mark.parametrize("holder", [None, HANAKOS])
@pytest.mark.parametrize("ids", [True, False])
def test_accounts_of_rows_that_stood_are_taken_over(tmp_path, holder, ids):
    first = many(300).with_columns(number=numbers_of(300), holder=pl.lit(holder, pl.String))
    account = pl.when(pl.col("row") % 90 == 7).then(pl.lit("1-1-1-5")).otherwise("account")
    edited = first.with_columns(account.alias("account"))
    away = edited.filter(~pl.col("row").is_in([40, 41, 200])).with_columns(
        row=pl.int_range(1, pl.len() + 1, dtype=pl.Int64)
    )
    looked_at(tmp_path / "again", first, ids=ids)
    runs = ((edited, 4), (away, 300 if holder else 0), (away, 0))
    for n, (now, most) in enumerate(runs):
        shared, holders, read = looked_at(tmp_path / "again", now, ids=ids)
        fresh = looked_at(tmp_path / f"fresh{n}", now, ids=ids)
        assert read <= most
        assert fresh[2] == len(now)
        assert shared.equals(fresh[0])
        assert holders.equals(fresh[1])
        assert len(shared) > 100
