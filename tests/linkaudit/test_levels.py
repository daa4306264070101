"""An audit's columns say of each pair what `people` says of it alone, history and all."""

import numpy as np
import polars as pl
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from kumihimo.kernel.refusal import BadInput
from kumihimo.linkaudit.canonical import register_columns
from kumihimo.linkaudit.evidence import judge
from kumihimo.linkaudit.homonyms import Doubles
from kumihimo.linkaudit.patterns import level_names
from kumihimo.linkaudit.schema import ATTRIBUTES, LEVELS, Others
from kumihimo.people.address_levels import compare_addresses
from kumihimo.people.addresses import Address
from kumihimo.people.birth_levels import compare_births, compare_sexes
from kumihimo.people.births import BirthDate
from kumihimo.people.columns.comparing import HELD
from kumihimo.people.comparing import compare_kanas, compare_names, read_kana, read_names
from kumihimo.people.formerly import address_ever, name_ever
from kumihimo.people.sexes import Sex
from tests.linkaudit.hand import HASHER, PERSON, history, person, row_of, rows, snapshot
from tests.people.columns import hostile

NOBODY_ELSE = Doubles(*[np.array([], np.uint64)] * 5)
SEXES = st.sampled_from(["1", "2", "0", "男", "F", "x", "", None])


def storable(texts):
    """Return the texts without half of a surrogate pair: no column can hold one."""
    return st.none() | texts.map(lambda text: text.encode(errors="ignore").decode())


PLACES, DAYS = storable(hostile.addresses), storable(hostile.births)
# Two sides seldom write one thing by chance: one time in three they do.
ALIKE = st.sampled_from(["", "name", "kana", "birth", "sex", "address"])
PAST = st.lists(
    st.tuples(st.just("name"), hostile.names)
    | st.tuples(st.just("kana"), hostile.kanas)
    | st.tuples(st.just("address"), PLACES),
    max_size=3,
)
PAIR = st.tuples(
    st.fixed_dictionaries(
        {"name": hostile.names, "kana": hostile.kanas, "birth": DAYS, "sex": SEXES}
        | {"address": PLACES}
    ),
    st.builds(
        lambda names, other: names | other,
        hostile.recorded,
        st.fixed_dictionaries({"birth": DAYS, "sex": SEXES, "address": PLACES}),
    ),
    PAST,
    st.sets(ALIKE),
)


def audited(pairs):
    """Return the levels that an audit gives to (row, person, history) of each pair."""
    people = [person(**held) | {"number": f"{n:012}"} for n, (_, held, _) in enumerate(pairs)]
    file = rows(*(row_of(PERSON, n, **mine) for n, (mine, _, _) in enumerate(pairs)))
    lines = [(n, *line) for n, (_, _, past) in enumerate(pairs) for line in past]
    told = pl.concat([history(), history(*((f"{n}", *line) for n, *line in lines))])
    judged = judge(
        file.with_columns(number=pl.col("row")),
        register_columns(snapshot(*people), HASHER),
        NOBODY_ELSE,
        told.cast({"number": pl.Int64}),
        HASHER,
    )
    names = level_names(judged.evidence["pattern"].to_numpy())
    assert set(names["others"]) <= {Others.NOBODY}
    return names.select(ATTRIBUTES).rows()


def read(parse, text):
    try:
        return parse(text) if text else None
    except BadInput:
        return None


def alone(mine, held, past):
    """Return the same by the scalar functions of `people` alone."""
    before = {kind: [value for of, value in past if of == kind] for kind, _ in LEVELS}
    name, kana = read_names(mine["name"]), read_kana(mine["kana"])
    place = read(Address.parse, mine["address"])
    return (
        name_ever(
            compare_names(name, read_names(**{one: held[one] for one in HELD})),
            (compare_names(name, read_names(text)) for text in before["name"]),
        ),
        name_ever(
            compare_kanas(
                kana,
                read_kana(held["kana"]),
                former_surname=read_kana(held["former_surname_kana"]),
                alias=read_kana(held["alias_kana"]),
            ),
            (compare_kanas(kana, read_kana(text)) for text in before["kana"]),
        ),
        compare_births(*(read(BirthDate.parse, side["birth"]) for side in (mine, held))),
        compare_sexes(*(read(Sex.parse, side["sex"]) for side in (mine, held))),
        address_ever(
            compare_addresses(place, read(Address.parse, held["address"])),
            (compare_addresses(place, read(Address.parse, text)) for text in before["address"]),
        ),
    )


# A list that fails is told whole: to find its smallest like takes minutes.
@settings(max_examples=20, phases=[Phase.explicit, Phase.generate])
@given(pairs=st.lists(PAIR, min_size=20, max_size=40))
def test_an_audit_says_of_every_pair_what_is_said_of_it_alone(pairs):
    alike = [
        (mine, held | {name: mine[name] for name in same if name}, past)
        for mine, held, past, same in pairs
    ]
    assert audited(alike) == [alone(*pair) for pair in alike]


HELD_NOW = dict.fromkeys(HELD) | {
    "name": "山田　花子",
    "kana": "ヤマダ　ハナコ",
    "birth": "1990-04-12",
    "sex": "2",
    "address": "東京都港区芝二丁目1番3号　コーポ桜203号室",
}
BEFORE = [("name", "佐藤　花子"), ("address", "長野県松本市中央1丁目5番6号")]


@pytest.mark.parametrize(
    ("attribute", "written", "level"),
    [
        ("name", "山田 花子", "canonical"),
        ("name", "佐藤花子", "member"),
        ("name", "●● ●●", "missing"),
        ("name", "山● 花子", "wildcard"),
        ("name", "佐藤 翼", "different"),
        ("kana", "ﾔﾏﾀﾞ ﾊﾅｺ", "canonical"),
        ("kana", "YAMADA", "missing"),
        ("birth", "平成2年4月12日", "equal"),
        ("birth", "1990-04-21", "digits"),
        ("birth", "1990-12-04", "turned"),
        ("birth", "昭和2年4月12日", "era"),
        ("sex", "男", "different"),
        ("address", "港区芝2-1-3 203", "with-room"),
        ("address", "港区芝2-1-3", "without-room"),
        ("address", "港区芝2-1-3-203", "last-number"),
        ("address", "港区芝2-1-3 コーポ桜204", "other-room"),
        ("address", "芝2-1-3 コーポ桜203", "no-city"),
        ("address", "港区芝2番地1-3", "town"),
        ("address", "港区芝公園2-1-3", "city"),
        ("address", "八王子市本町1", "prefecture"),
        ("address", "松本市中央1-5-6", "former"),
        ("address", "中央1-5-6", "former"),
        ("address", "松本市中央1-5-7", "different"),
    ],
)
def test_each_way_of_differing_has_its_level(attribute, written, level):
    pair = (HELD_NOW | {attribute: written}, HELD_NOW, BEFORE)
    mine = {name: pair[0][name] for name in ATTRIBUTES}
    [told] = audited([(mine, HELD_NOW, BEFORE)])
    assert dict(zip(ATTRIBUTES, told, strict=True))[attribute] == level
