"""What is read once and kept says of each text what was read of it, in every later column too."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kumihimo.people.columns.distinct import Memory, put


class Reader:
    """Reads each text as its length, and keeps a list of what it was given."""

    def __init__(self, fails=""):
        self.given, self.fails = [], fails

    def __call__(self, texts):
        if self.fails and self.fails in texts.to_list():
            raise OSError(self.fails)
        self.given.extend(texts.to_list())
        return pl.DataFrame({"long": texts.str.len_chars()})


def looked_up(memory, *texts):
    table, at = memory.look_up(pl.Series("held", texts, pl.String))
    return table["long"].gather(at).to_list()


def test_a_text_is_read_once_and_known_in_every_later_column():
    reader = Reader()
    memory = Memory(reader)
    assert looked_up(memory, "a", None, "bb", "a") == [1, None, 2, 1]
    assert looked_up(memory, "ccc", "bb", None) == [3, 2, None]
    assert looked_up(memory) == looked_up(memory, None)[1:] == []
    assert reader.given == ["a", "bb", "ccc"]


def test_beyond_its_limit_a_memory_forgets_and_still_says_the_same():
    reader = Reader()
    memory = Memory(reader, limit=2)
    assert looked_up(memory, "a", "bb", "ccc") == [1, 2, 3]
    assert looked_up(memory, "dddd", "a") == [4, 1]
    assert reader.given == ["a", "bb", "ccc", "dddd", "a"]


def test_a_reading_that_failed_leaves_no_text_with_anothers_line():
    reader = Reader(fails="bb")
    memory = Memory(reader)
    assert looked_up(memory, "a") == [1]
    with pytest.raises(OSError, match="bb"):
        looked_up(memory, "ccc", "bb")
    reader.fails = ""
    assert looked_up(memory, "dddd", "ccc") == [4, 3]


def test_a_column_of_numbers_is_not_looked_up():
    with pytest.raises(TypeError, match="texts"):
        Memory(Reader()).look_up(pl.Series([1]))


@given(st.lists(st.none() | st.text(max_size=3)), st.data())
def test_what_is_put_stands_in_its_places_and_nothing_else_moves(texts, data):
    places = data.draw(
        st.lists(st.integers(0, len(texts) - 1), unique=True) if texts else st.just([])
    )
    values = [f"{place}!" for place in places]
    found = put(
        pl.Series("held", texts, pl.String),
        pl.Series(places, dtype=pl.UInt32),
        pl.Series(values, dtype=pl.String),
    )
    assert found.name == "held"
    assert found.to_list() == [f"{n}!" if n in places else text for n, text in enumerate(texts)]


def test_what_one_memory_tells_another_need_not_read():
    memory, other = Memory(Reader()), Memory(reader := Reader())
    looked_up(memory, "a", "bb")
    told = memory.told()
    looked_up(memory, "bb", "ccc")
    later = memory.told()
    assert [one["text"].to_list() for one in (told, later, memory.told())] == [
        ["a", "bb"],
        ["ccc"],
        [],
    ]
    looked_up(other, "bb", "five5")
    other.learn(pl.concat([told, later]))
    assert looked_up(other, "ccc", "dddd", "a", "five5") == [3, 4, 1, 5]
    assert reader.given == ["bb", "five5", "dddd"]
    assert other.told()["text"].to_list() == ["dddd"]


def test_a_memory_with_a_gap_learns_nothing_and_leaves_no_text_with_anothers_line():
    memory, other = Memory(Reader()), Memory(reader := Reader(fails="bb"))
    looked_up(memory, "a", "ccc")
    with pytest.raises(OSError, match="bb"):
        looked_up(other, "bb")
    reader.fails = ""
    other.learn(memory.told())
    assert looked_up(other, "ccc", "bb", "a") == [3, 2, 1]


def test_a_memory_learns_no_more_than_half_of_what_it_holds():
    memory, other = Memory(Reader()), Memory(reader := Reader(), limit=4)
    looked_up(memory, "a", "bb", "ccc")
    other.learn(memory.told())
    assert looked_up(other, "a", "bb", "ccc") == [1, 2, 3]
    assert reader.given == ["ccc"]
