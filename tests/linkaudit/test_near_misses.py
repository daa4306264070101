"""Three hundred pairs of people who are nearly the same: none is ever taken for the other.

Each pair stands whole in the register. The record of the one carries the number of the other; the
strict inquiry is asked for the one and holds the other.
"""

from itertools import pairwise, product

import polars as pl
import pytest

from kumihimo.linkaudit import audit
from kumihimo.people.check_digits import NumberSpace, individual_check_digit
from kumihimo.people.identity import FourAttributes, strict_match
from tests.linkaudit.hand import keyed, row_of, rows, snapshot

# Surnames and given names that are written alike, or read alike, and are not the same.
SURNAMES = (
    ("斎藤", "斉藤", "サイトウ"), ("河野", "川野", "カワノ"), ("太田", "大田", "オオタ"),
    ("河合", "川合", "カワイ"), ("安部", "阿部", "アベ"), ("伊東", "伊藤", "イトウ"),
    ("菅原", "管原", "スガワラ"), ("萩原", "荻原", "ハギワラ"), ("島田", "鳥田", "シマダ"),
    ("木下", "本下", "キノシタ"), ("中井", "仲井", "ナカイ"), ("石井", "右井", "イシイ"),
)  # fmt: skip
GIVENS = (
    ("祐介", "裕介", "ユウスケ"), ("太一", "大一", "タイチ"), ("幸子", "孝子", "サチコ"),
    ("健一", "賢一", "ケンイチ"), ("直美", "尚美", "ナオミ"), ("治", "冶", "オサム"),
    ("正巳", "正己", "マサミ"), ("朗", "郎", "アキラ"), ("未来", "末来", "ミク"),
    ("浩二", "浩一", "コウジ"), ("恵子", "慶子", "ケイコ"), ("博", "博士", "ヒロシ"),
)  # fmt: skip
TOWN = "長野県松本市中央1丁目{}番{}号"


def number(body):
    return f"{body:011}{individual_check_digit(f'{body:011}', NumberSpace.TEST)}"


def of(n, surname, given, kana, birth, sex="1", *, home):
    return {
        "name": f"{surname}　{given}", "kana": kana, "birth": birth, "sex": sex,
        "address": TOWN.format(home // 50 + 1, home % 50 + 1), "household": f"h{home}",
        "number": number(n), "standing": "resident",
    }  # fmt: skip


def day(n, years=0):
    return f"{1940 + n % 40 + years}-{n % 12 + 1:02}-{n % 27 + 1:02}"


def near_misses():
    """Yield the kind of each pair, the one and the other; neighbours by number throughout."""
    pairs = []

    def add(kind, one, other):
        n = len(pairs)
        pairs.append(
            (
                kind,
                of(2 * n + 1, **one, home=one_home(n)),
                of(2 * n + 2, **other, home=other_home(n, kind)),
            )
        )

    def one_home(n):
        return 2 * n

    def other_home(n, kind):
        return 2 * n if kind in AT_HOME else 2 * n + 1

    for n, ((a, b, kana), (given, _, reading)) in enumerate(product(SURNAMES, GIVENS[:5])):
        name = {"given": given, "kana": f"{kana}　{reading}", "birth": day(n)}
        add("surnames written alike", {"surname": a, **name}, {"surname": b, **name})
    for n, ((surname, _, kana), (a, b, reading)) in enumerate(product(SURNAMES[:5], GIVENS)):
        name = {"surname": surname, "kana": f"{kana}　{reading}", "birth": day(n + 7)}
        add("twins of one reading", {**name, "given": a}, {**name, "given": b})
        add(
            "father and son of one reading",
            {**name, "given": a, "birth": day(n)},
            {**name, "given": b, "birth": day(n, 30)},
        )
    for n, ((surname, _, kana), (given, _, reading)) in enumerate(
        product(SURNAMES[5:], GIVENS[:5])
    ):
        name = {"surname": surname, "given": given, "kana": f"{kana}　{reading}"}
        add(
            "one name, one digit of the day",
            {**name, "birth": f"19{50 + n}-01-11"},
            {**name, "birth": f"19{50 + n}-01-12"},
        )
        add(
            "one name, another year",
            {**name, "birth": f"19{50 + n}-02-10"},
            {**name, "birth": f"19{40 + n}-02-10"},
        )
    siblings = list(product(SURNAMES[:6], pairwise(GIVENS[:10])))
    for n, ((surname, _, kana), ((a, _, first), (b, _, second))) in enumerate(siblings):
        add(
            "siblings",
            {"surname": surname, "given": a, "kana": f"{kana}　{first}", "birth": day(n)},
            {"surname": surname, "given": b, "kana": f"{kana}　{second}", "birth": day(n, 2)},
        )
    return pairs


AT_HOME = {"twins of one reading", "father and son of one reading", "siblings"}
PAIRS = near_misses()


def attributes(person):
    return FourAttributes.parse(
        **{name: person[name] for name in ("name", "birth", "sex", "address")}
    )


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    folder = tmp_path_factory.mktemp("near")
    people = [person for _, *both in PAIRS for person in both]
    wrong = [row_of(one, n, number=other["number"]) for n, (_, one, other) in enumerate(PAIRS, 1)]
    right = [row_of(person, 1_000 + n) for n, person in enumerate(people, 1)]
    rows(*wrong, *right).write_parquet(folder / "rows.parquet")
    snapshot(*people).write_parquet(folder / "snapshot.parquet")
    paths = {name: folder / f"{name}.parquet" for name in ("rows", "snapshot")}
    audit.run(folder / "audit", key=keyed(folder), **paths)
    return pl.read_parquet(folder / "audit" / "findings.parquet").sort("row")


def test_there_are_at_least_three_hundred_pairs():
    assert len(PAIRS) >= 300


def test_the_strict_inquiry_never_takes_one_for_the_other():
    false = [
        kind
        for kind, one, other in PAIRS
        if strict_match(attributes(one), attributes(other), sex_required=True)
        or strict_match(attributes(other), attributes(one), sex_required=False)
    ]
    assert false == []


def test_the_strict_inquiry_still_knows_each_of_them():
    assert all(
        strict_match(attributes(person), attributes(person), sex_required=True)
        for _, *both in PAIRS
        for person in both
    )


def test_no_record_with_the_number_of_a_near_miss_is_cleared(found):
    wrong = found.head(len(PAIRS))
    cleared = wrong.filter(pl.col("verdict").is_in(["confirmed", "notational"]))
    assert [PAIRS[row - 1] for row in cleared["row"]] == []


def test_no_record_with_its_own_number_is_suspected(found):
    right = found.tail(2 * len(PAIRS))
    assert (right["verdict"] == "mislink").sum() == 0
    assert (right["verdict"] == "confirmed").sum() >= 0.95 * len(right)
