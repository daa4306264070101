"""What an audit says of single records: which are cleared, which a person sees, which are suspected.

One audit judges all cases: each has a year of birth and a lot of its own, so that they are no
namesakes and no neighbours of each other.
"""

import polars as pl
import pytest

from kumihimo.linkaudit import audit
from kumihimo.linkaudit.reasons import SENTENCES, Reason
from tests.linkaudit.hand import history, keyed, person, row_of, rows, snapshot

ELSEWHERE = "青森県八戸市大字市川町900番地"
MARRIED = {"former_surname": "佐藤", "former_surname_kana": "サトウ"}
FOREIGN = {
    "name": "TRAN MAI LAN",
    "kana": "チャン　マイ　ラン",
    "alias": "山本　蘭",
    "alias_kana": "ヤマモト　ラン",
}
DAUGHTER = {"name": "山田　桜", "kana": "ヤマダ　サクラ", "birth": "Y-05-05"}
TWIN = {"name": "山田　桃子", "kana": "ヤマダ　モモコ"}
NAMESAKE = {"name": "山田　華子", "address": ELSEWHERE, "household": "h9"}
STRANGER = {
    "name": "木村　次郎",
    "kana": "キムラ　ジロウ",
    "birth": "1891-07-07",
    "sex": "1",
    "address": ELSEWHERE,
    "household": "h9",
}
DEAD = {"standing": "dead", "address": "沖縄県那覇市泊1丁目1", "household": "h8"}
# Held in the register beside 山田　花子; written in the row; verdict, reason and mechanism.
# `Y` is the case's year of birth.
CASES = {
    "as written": ({}, {}, "confirmed", Reason.AGREE),
    "lot style": ({}, {"address": "札幌市中央区北一条西2-LOT-4"}, "notational", Reason.NOTATION),
    "half width": ({}, {"name": "山田花子", "kana": "ﾔﾏﾀﾞ ﾊﾅｺ"}, "notational", Reason.NOTATION),
    "another notation of the day": ({}, {"birth": "Y年4月1日"}, "confirmed", Reason.AGREE),
    "former surname": (
        MARRIED,
        {"name": "佐藤　花子", "kana": "サトウ　ハナコ"},
        "notational",
        Reason.MEMBER,
    ),
    "alias": (
        FOREIGN,
        {"name": "山本　蘭", "kana": "ヤマモト　ラン"},
        "notational",
        Reason.MEMBER,
    ),
    "lost character": ({}, {"name": "山●　花子"}, "notational", Reason.LOST),
    "all lost": ({}, {"name": "●●　●●"}, "person", Reason.NAME_MISSING),
    "another reading": ({}, {"kana": "ヤマタ　ハナコ"}, "notational", Reason.READING),
    "no sex": ({}, {"sex": None}, "notational", Reason.NO_SEX),
    "no reading": ({}, {"kana": None}, "confirmed", Reason.AGREE),
    "moved": ({}, {"address": ELSEWHERE}, "notational", Reason.MOVED),
    "no address": ({}, {"address": None}, "notational", Reason.NO_ADDRESS),
    "married": (
        {},
        {"name": "佐藤　花子", "kana": "サトウ　ハナコ"},
        "notational",
        Reason.RENAMED,
    ),
    "other name": ({}, {"name": "川本　太郎", "kana": None}, "person", Reason.NAME),
    "other given name": (
        {},
        {"name": "山田　光", "kana": "ヤマダ　ヒカル"},
        "person",
        Reason.GIVEN,
    ),
    "no name": ({}, {"name": None}, "person", Reason.NAME_MISSING),
    "no birth date": ({}, {"birth": None}, "person", Reason.BIRTH_MISSING),
    "other day": ({}, {"birth": "Y-04-11"}, "person", Reason.BIRTH),
    "crossed day": ({}, {"birth": "Y-01-04"}, "person", Reason.BIRTH_SWAPPED),
    "unknown day": ({}, {"birth": "Y-04-不詳"}, "person", Reason.BIRTH_UNKNOWN),
    "other sex": ({}, {"sex": "1"}, "person", Reason.SEX),
    "moved and other sex": ({}, {"address": ELSEWHERE, "sex": "1"}, "person", Reason.SEX),
    "nobody's number": ({}, {"number": "000000099999"}, "mislink", Reason.NOBODYS),
}
# The true person beside 山田　花子, whose number the row carries.
OTHERS = {
    "daughter": (DAUGHTER, "household", Reason.OTHER_MEMBER, "household"),
    "twin": (TWIN, "twin", Reason.TWIN, "household"),
    "namesake": (NAMESAKE, "homonym", Reason.HOMONYM, "search"),
    "stranger": (STRANGER, "random", Reason.SOMEBODY_ELSE, "search"),
    "twin of one reading": ({"name": "山田　華子"}, "twin", Reason.TWIN, "household"),
    "mother of one reading": (
        {"name": "山田　華子", "birth": "1891-05-05"},
        "household",
        Reason.OTHER_MEMBER,
        "household",
    ),
}
# Another person beside 山田　花子, whose own row is written so.
BESIDE = {
    "daughter beside": (DAUGHTER, {}, "confirmed", Reason.AGREE),
    "twin beside": (TWIN, {}, "confirmed", Reason.AGREE),
    "namesake beside": (NAMESAKE, {}, "confirmed", Reason.AGREE),
    "moved with a dead namesake": (DEAD, {"address": ELSEWHERE}, "person", Reason.CONTESTED),
    "former address with a namesake": (
        DEAD,
        {"address": "青森県八戸市大字市川町700番地"},
        "notational",
        Reason.FORMER_ADDRESS,
    ),
    "one reading at one address": ({"name": "山田　華子"}, {}, "confirmed", Reason.AGREE),
    "one reading, lost character": (
        {"name": "山田　華子"},
        {"name": "山田　●子"},
        "person",
        Reason.CONTESTED,
    ),
    "one name at one address": ({}, {}, "person", Reason.CONTESTED),
    "married, with a namesake of the new name": (
        {"name": "佐藤　花子", "kana": "サトウ　ハナコ", "address": ELSEWHERE, "household": "h9"},
        {"name": "佐藤　花子", "kana": "サトウ　ハナコ"},
        "person",
        Reason.CONTESTED,
    ),
    "married, with a twin": (
        TWIN,
        {"name": "佐藤　花子", "kana": "サトウ　ハナコ"},
        "person",
        Reason.SURNAME,
    ),
}


def of_case(n, number, **other):
    """Return a person of case `n`, whose texts name the case's year and lot."""
    told = person(**{"number": f"{number:012}", "household": f"h{n}"} | other)
    return {name: placed(n, text) for name, text in told.items()}


def placed(n, text):
    return text and text.replace("1990", "Y").replace("Y", f"{1901 + n}").replace("LOT", f"{n + 1}")


def written(n, one, other):
    changed = {name: placed(n, text) for name, text in other.items()}
    return row_of(one, n, **changed)


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """Return what one audit says of all cases, by the name of the case."""
    people, lines = [], {}
    for n, name in enumerate([*CASES, *OTHERS, *BESIDE]):
        held = CASES[name][0] if name in CASES else {}
        me = of_case(n, 1000 + n, **held)
        people.append(me)
        if name in CASES:
            lines[name] = written(n, me, CASES[name][1])
            continue
        other = (OTHERS.get(name) or BESIDE[name])[0]
        beside = of_case(n, 2000 + n, **other)
        people.append(beside)
        if name in OTHERS:
            lines[name] = row_of(beside, n, number=me["number"])
        else:
            lines[name] = written(n, me, BESIDE[name][1])
    former = next(n for n, name in enumerate(lines) if name == "former address with a namesake")
    before = history((f"{1000 + former:012}", "address", "青森県八戸市大字市川町700番地"))
    folder = tmp_path_factory.mktemp("audit")
    tables = {"rows": rows(*lines.values()), "snapshot": snapshot(*people), "history": before}
    for table, frame in tables.items():
        frame.write_parquet(folder / f"{table}.parquet")
    paths = {table: folder / f"{table}.parquet" for table in tables}
    audit.run(folder / "audit", key=keyed(folder), **paths)
    findings = pl.read_parquet(folder / "audit" / "findings.parquet")
    proposals = pl.read_parquet(folder / "audit" / "proposals.parquet")
    told = findings.join(proposals, on="row", how="left", maintain_order="left")
    return dict(zip(lines, told.iter_rows(named=True), strict=True))


@pytest.mark.parametrize("name", CASES)
def test_a_record_alone_in_the_register(found, name):
    verdict, reason = CASES[name][2:]
    assert (found[name]["verdict"], found[name]["reason"]) == (verdict, reason)
    assert (found[name]["number"] is not None) == (reason is Reason.NOBODYS)


@pytest.mark.parametrize("name", OTHERS)
def test_a_number_of_another_person_is_suspected_and_the_true_one_proposed(found, name):
    _, mechanism, reason, ground = OTHERS[name]
    told = found[name]
    assert (told["verdict"], told["mechanism"], told["reason"]) == ("mislink", mechanism, reason)
    assert told["number"].startswith("000000002")
    assert told["ground"] == ground


@pytest.mark.parametrize("name", BESIDE)
def test_a_record_beside_somebody_who_is_like_it(found, name):
    verdict, reason = BESIDE[name][2:]
    assert (found[name]["verdict"], found[name]["reason"]) == (verdict, reason)
    assert found[name]["number"] is None


def test_every_reason_has_a_sentence_in_both_languages():
    assert set(SENTENCES) == set(Reason)
    assert all(one.ja.endswith("。") and one.en.endswith(".") for one in SENTENCES.values())
