"""Whom the register holds twice is found in parts as it is found in one piece."""

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kumihimo.linkaudit import homonyms
from kumihimo.linkaudit.canonical import ALSO, INDEX
from kumihimo.linkaudit.doubles import FIELDS, BadSnapshot, find_doubles
from kumihimo.linkaudit.joining import Partitions, load, save
from kumihimo.linkaudit.workers import Team

# Hashes are spread over all buckets; few of each kind, so that people share them.
HASH = st.sampled_from([0, *(n * 0x1F3D5B79A8C6E402 % 2**64 for n in range(1, 7))])
PERSON = st.tuples(HASH, HASH, HASH, st.sampled_from([0, 19900401, 19900400, 19910101]))
PEOPLE = st.lists(PERSON, min_size=1, max_size=14)


def index(people):
    table = pl.DataFrame(
        people,
        schema={
            "name_hash": pl.UInt64,
            "kana_hash": pl.UInt64,
            "place": pl.UInt64,
            "day": pl.Int32,
        },
        orient="row",
    )
    numbered = table.with_row_index("number", 1).with_columns(
        sex_code=pl.lit(1), household_hash=pl.lit(0)
    )
    return numbered.select(pl.col(name).cast(kind) for name, kind in INDEX.items())


def found(folder, people, also, bounds):
    partitions = Partitions(bounds)
    save(partitions.cut(people), folder / "persons" / "0")
    save(partitions.cut(also), folder / "also" / "0")
    return find_doubles(folder, len(partitions), len(people), Team.alone())


@given(PEOPLE, st.lists(st.tuples(st.integers(1, 14), HASH), max_size=6))
@example([(1, 2, 5, 19900401), (3, 4, 6, 19900401)], [(1, 4)])
@settings(max_examples=60)
def test_doubles_are_the_keys_of_two_persons(tmp_path_factory, people, also):
    table = index(people)
    more = pl.DataFrame(also, schema=ALSO, orient="row")
    doubles = found(tmp_path_factory.mktemp("doubles"), table, more, (4, 9))
    keys = {name: list(some) for name, some in homonyms.keys_of(table).items()}
    others = list(homonyms.also_keys(table, more))
    for name in FIELDS:
        mine = keys[name] + (others if name in {"name", "kana"} else [])
        assert list(getattr(doubles, name)) == sorted(
            {key for key in mine if key and mine.count(key) > 1}
        ), name


def test_a_number_that_stands_twice_is_refused(tmp_path):
    table = index([(1, 1, 1, 19900401)] * 3).with_columns(number=pl.Series([1, 2, 2]))
    with pytest.raises(BadSnapshot, match="1 numbers stand in more than one line"):
        found(tmp_path, table, pl.DataFrame(schema=ALSO), ())


TEXTS = st.lists(st.none() | st.text(max_size=3), min_size=40, max_size=40)
RARE = st.dictionaries(st.integers(0, 39), st.text(max_size=3), max_size=4)


@pytest.mark.parametrize("apart", [(), (("text",), ("rare", "rarer"))])
@given(texts=TEXTS, rare=RARE, rarer=RARE)
@settings(max_examples=40)
def test_what_is_saved_is_loaded_whatever_stands_in_it(tmp_path_factory, apart, texts, rare, rarer):
    folder = tmp_path_factory.mktemp("parts")
    schema = {"number": pl.Int64, "text": pl.String, "rare": pl.String, "rarer": pl.String}
    columns = {
        "number": range(40),
        "text": texts,
        "rare": [rare.get(n) for n in range(40)],
        "rarer": [rarer.get(n) for n in range(40)],
    }
    table = pl.DataFrame(columns, schema=schema)
    save({0: table, 2: table[:1], 3: table[:0]}, folder / "0", apart)
    save({0: table.reverse()}, folder / "1", apart)
    assert load(folder, 0, schema, apart=apart).equals(pl.concat([table, table.reverse()]))
    assert load(folder, 2, schema, apart=apart).equals(table[:1])
    assert load(folder, 3, schema, apart=apart).equals(table[:0])
    assert load(folder, 1, schema, apart=apart).schema == schema
    few = {name: schema[name] for name in ("rarer", "number")}
    assert load(folder, 0, few, apart=apart).equals(
        pl.concat([table, table.reverse()]).select(list(few))
    )
    assert load(folder, 0, {"rare": pl.String}, apart=apart)["rare"].len() == 80
