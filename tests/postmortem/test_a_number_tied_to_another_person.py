"""The mis-links of 2023, one by one: what an audit says of each when the records stand as they stood.

The register is right; the institution's file carries what an office did. No record that was tied to
another person may be cleared, and where it is provable the audit says whose number it should be.
"""

import polars as pl
import pytest

from kumihimo.linkaudit import audit
from kumihimo.linkaudit.intake.mapping import Layout, Mapping
from kumihimo.linkaudit.intake.taking import take_in
from kumihimo.linkaudit.schema import Fault
from kumihimo.people.check_digits import NumberSpace, individual_check_digit
from tests.linkaudit.hand import keyed, snapshot

COLUMNS = ("record_id", "number", "name", "kana", "birth", "sex", "address", "household")
SHIFTED = 30  # of 2,336 in Miyazaki


def number(body):
    return f"{body:011}{individual_check_digit(f'{body:011}', NumberSpace.TEST)}"


def one(body, surname, given, birth, sex="1", *, town=None, home=None):
    """Return a person of the register; kanji and reading by `surname` and `given`, each a pair."""
    return {
        "number": number(body),
        "name": f"{surname[0]}　{given[0]}",
        "kana": f"{surname[1]}　{given[1]}",
        "birth": birth,
        "sex": sex,
        "address": f"島根県松江市{town or '殿町'}{body % 2000 + 1}番地" if home is None else home,
        "household": f"h{body}" if home is None else f"h{home}",
        "standing": "resident",
    }


YAMADA, KIMURA = ("山田", "ヤマダ"), ("木村", "キムラ")
HOME = "島根県松江市母衣町45番地"
MOTHER = one(1, YAMADA, ("桜", "サクラ"), "1988-05-01", "2", home=HOME)
CHILD = one(2, YAMADA, ("葵", "アオイ"), "2015-07-09", "2", home=HOME)
TWIN = one(3, YAMADA, ("茜", "アカネ"), "2015-07-09", "2", home=HOME)
NAMED = one(4, KIMURA, ("次郎", "ジロウ"), "1950-01-20", town="北堀町")
SAME_NAME = one(5, KIMURA, ("次郎", "ジロウ"), "1971-11-02", town="南田町")
SAME_NAME_AND_DAY = one(6, KIMURA, ("二郎", "ジロウ"), "1950-01-20", town="西茶町")
COPIED = one(7, ("中村", "ナカムラ"), ("一", "ハジメ"), "1962-03-03")
NEAR = one(8, ("小林", "コバヤシ"), ("恵", "メグミ"), "1979-09-09", "2")
OLD_BOOK = one(9, ("加藤", "カトウ"), ("清", "キヨシ"), "1941-04-04")
NEW_BOOK = one(10, ("吉田", "ヨシダ"), ("優", "ユウ"), "2001-06-06")
CITY_BOOK = one(11, ("松本", "マツモト"), ("実", "ミノル"), "1955-08-08")
PREFECTURE_BOOK = one(12, ("井上", "イノウエ"), ("茂", "シゲル"), "1948-12-12")
SURNAMES = (
    ("佐藤", "サトウ"),
    ("鈴木", "スズキ"),
    ("高橋", "タカハシ"),
    ("伊藤", "イトウ"),
    ("渡辺", "ワタナベ"),
)
GIVENS = (
    ("翼", "ツバサ"),
    ("誠", "マコト"),
    ("昇", "ノボル"),
    ("進", "ススム"),
    ("勇", "イサム"),
    ("豊", "ユタカ"),
)
OTHERS = [
    one(100 + n, SURNAMES[n % 5], GIVENS[n % 6], f"{1940 + n % 60}-{n % 12 + 1:02}-{n % 27 + 1:02}")
    for n in range(200)
]
PEOPLE = (
    MOTHER, CHILD, TWIN, NAMED, SAME_NAME, SAME_NAME_AND_DAY, COPIED, NEAR, OLD_BOOK, NEW_BOOK,
    CITY_BOOK, PREFECTURE_BOOK, *OTHERS,
)  # fmt: skip


def record(book, whose, held=None, **other):
    """Return a line of the file: this person's record, with the number of `held`."""
    line = {name: whose[name] for name in COLUMNS if name in whose} | other
    return line | {"record_id": book, "number": (held or whose)["number"]}


# Book number, whose record it is, whose number stands in it.
RECORDS = {
    "a parent's number in the applicant's field (Shimane, 10 of 12)": ("A-1", CHILD, MOTHER),
    "the other twin (health insurance, 8 of 17)": ("A-2", TWIN, CHILD),
    "looked up by name alone": ("A-3", NAMED, SAME_NAME),
    "looked up by name and birth date without address": ("A-4", NAMED, SAME_NAME_AND_DAY),
    "miscopied after it was looked up": ("A-5", COPIED, NEAR),
    "an old number of six digits taken for one of five (Osaka)": ("012345", OLD_BOOK, NEW_BOOK),
    "a similar book number after a transfer (Tottori, 485)": (
        "B-70011",
        CITY_BOOK,
        PREFECTURE_BOOK,
    ),
}


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """Take the file in as text and audit it; return findings and proposals by book number, and bad rows."""
    folder = tmp_path_factory.mktemp("postmortem")
    lines = [record(*told) for told in RECORDS.values()]
    lines.append(record("12345", NEW_BOOK))
    lines.append(record("B-7011", PREFECTURE_BOOK))
    # Shizuoka: the row of the former holder of a book number was not deleted.
    lines += [record("C-9", COPIED), record("C-9", NEAR)]
    # A bank account that came under a child's number: the holder is the father, and kana is all.
    account = dict.fromkeys(("name", "birth", "sex", "address", "household"), "")
    lines.append(record("K-1", CHILD, **account, kana="ヤマダ　タロウ"))
    # Miyazaki: a block of rows slipped by one.
    sheet = [record(f"S-{n:03}", other) for n, other in enumerate(OTHERS)]
    for n in range(100, 100 + SHIFTED):
        sheet[n]["number"] = OTHERS[n - 1]["number"]
    file = folder / "file.csv"
    written = pl.DataFrame([*lines, *sheet], schema=dict.fromkeys(COLUMNS, pl.String))
    written.write_csv(file)
    snapshot(*PEOPLE).write_parquet(folder / "snapshot.parquet")
    layout = Layout(columns={name: name for name in COLUMNS})
    mapping = Mapping(institution="i", affair="handbook", number_space="test", rows=layout)
    take_in(mapping, "rows", file, folder / "in")
    out = folder / "audit"
    audit.run(
        out, rows=folder / "in" / "rows", snapshot=folder / "snapshot.parquet", key=keyed(folder)
    )
    read = audit.Audit.open(out).scan
    found = read("findings").collect()
    found = found.join(read("proposals").collect().select("row", "number"), on="row", how="left")
    bad = pl.read_parquet(folder / "in" / "bad_rows.parquet")
    return {line["record_id"]: line for line in found.iter_rows(named=True)}, bad


@pytest.mark.parametrize("how", RECORDS)
def test_a_record_with_anothers_number_is_suspected_and_its_own_number_proposed(told, how):
    book, whose, _ = RECORDS[how]
    assert told[0][book]["verdict"] == "mislink"
    assert told[0][book]["number"] == whose["number"]


@pytest.mark.parametrize(
    ("book", "mechanism"),
    [("A-1", "household"), ("A-2", "twin"), ("A-4", "homonym"), ("A-5", "random")],
)
def test_how_it_came_by_the_number_is_told(told, book, mechanism):
    assert told[0][book]["mechanism"] == mechanism


def test_a_book_number_keeps_its_leading_zero(told):
    assert {"012345", "12345"} <= told[0].keys()
    assert told[0]["12345"]["verdict"] == "confirmed"


def test_two_rows_of_one_book_number_are_told_and_neither_takes_the_others_place(told):
    assert told[0]["C-9"]["verdict"] == "confirmed"
    repeated = told[1].filter(pl.col("fault") == Fault.REPEATED)
    assert repeated["record_id"].to_list() == ["C-9"]


def test_rows_that_slipped_are_a_run_and_each_gets_its_own_number_back(told):
    run = [told[0][f"S-{n:03}"] for n in range(100, 100 + SHIFTED)]
    assert {line["verdict"] for line in run} == {"mislink"}
    assert [line["number"] for line in run] == [
        one["number"] for one in OTHERS[100 : 100 + SHIFTED]
    ]
    in_run = {line["run"] for line in run if line["mechanism"] == "shift"}
    assert len(in_run) == 1
    assert sum(line["mechanism"] == "shift" for line in run) >= SHIFTED - 1


def test_an_account_of_a_family_member_is_not_cleared(told):
    assert told[0]["K-1"]["verdict"] in {"person", "mislink"}


def test_who_carries_her_own_number_is_left_alone(told):
    right = [told[0]["B-7011"], *(told[0][f"S-{n:03}"] for n in (0, 50, 99, 130, 150, 199))]
    assert {line["verdict"] for line in right} == {"confirmed"}
