import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.jp import in_ as official

from kumihimo.people.numbers import IndividualNumber, NumberSpace, ResidentCode, WrongNumberSpace
from kumihimo.world.histories import PEOPLE_MAX
from kumihimo.world.streams import individual_numbers, permute, record_ids, resident_codes, stream

SEEDS = st.integers(0, 2**63 - 1)


def every_number(world):
    state, history = world.residents, world.events
    return {
        "individual_number": history["individual_number"].drop_nulls().unique().to_list()
        + state["individual_number"].to_list(),
        "resident_code": history["resident_code"].drop_nulls().unique().to_list()
        + state["resident_code"].to_list(),
    }


def test_no_two_people_share_a_number_or_a_code(world):
    for field in ("individual_number", "resident_code"):
        assert world.residents[field].n_unique() == len(world.residents)


def test_a_number_that_was_given_up_is_nobodys_number_again(world):
    for field in ("individual_number", "resident_code"):
        given_out = world.events.select("person", field).drop_nulls().unique()
        assert given_out[field].n_unique() == len(given_out)


def test_no_number_of_the_world_passes_the_official_check(world):
    numbers = every_number(world)["individual_number"]
    assert not [n for n in numbers if official.is_valid(n)]


def test_every_number_of_the_world_is_a_test_number(world):
    for number in every_number(world)["individual_number"]:
        IndividualNumber.parse(number, space=NumberSpace.TEST)
    for code in every_number(world)["resident_code"]:
        ResidentCode.parse(code, space=NumberSpace.TEST)


def test_a_deployment_with_official_numbers_refuses_every_number_of_the_world(world):
    for number in world.residents["individual_number"].head(200):
        with pytest.raises(WrongNumberSpace):
            IndividualNumber.parse(number, space=NumberSpace.OFFICIAL)


@given(key=SEEDS, halves=st.tuples(st.integers(1, 40), st.integers(1, 40)))
def test_a_permutation_reaches_every_number_once(key, halves):
    whole = np.arange(halves[0] * halves[1], dtype=np.int64)
    assert sorted(permute(whole, key, halves)) == whole.tolist()


@given(key=SEEDS)
def test_an_index_outside_the_space_is_a_bug_and_not_a_number(key):
    with pytest.raises(AssertionError):
        permute(np.array([100], dtype=np.int64), key, (10, 10))


@given(seed=SEEDS, index=st.integers(0, 2 * PEOPLE_MAX))
def test_numbers_have_their_length_up_to_the_last_person(seed, index):
    at = np.array([index], dtype=np.int64)
    assert individual_numbers(seed, at)[0] < 10**12
    assert resident_codes(seed, at)[0] < 10**11


def test_two_offices_numbers_for_the_same_people_are_unrelated():
    people = np.arange(5_000, dtype=np.int64)
    one = record_ids(people, np.full(5_000, 1, dtype=np.uint64))
    other = record_ids(people, np.full(5_000, 2, dtype=np.uint64))
    assert len(np.unique(one)) == len(np.unique(other)) == 5_000
    assert abs(np.corrcoef(one, other)[0, 1]) < 0.05
    assert not np.any(one == other)


def test_streams_repeat_by_name_and_differ_between_names():
    assert stream(1, 2, "a").unit(5).tolist() == stream(1, 2, "a").unit(5).tolist()
    assert stream(1, 2, "a").unit(5).tolist() != stream(1, 2, "b").unit(5).tolist()
    assert stream(1, 2, "a").unit(5).tolist() != stream(2, 2, "a").unit(5).tolist()


def test_a_weight_of_nothing_is_never_drawn():
    drawn = stream(1, "pick").pick(1_000, [0.0, 1.0, 0.0, 2.0])
    assert set(drawn.tolist()) == {1, 3}
