from hypothesis import given
from hypothesis import strategies as st

from kumihimo.kernel.withheld import Withheld
from kumihimo.rooms.register.domain.references import References

persons = st.integers(1, 2**62)
HERE, ELSEWHERE = References(Withheld(b"a" * 32)), References(Withheld(b"b" * 32))


@given(persons)
def test_a_person_has_another_reference_in_each_room_and_under_each_secret(person):
    found = {
        HERE.of(person, "cards"),
        HERE.of(person, "jpki"),
        ELSEWHERE.of(person, "cards"),
        ELSEWHERE.of(person, "jpki"),
    }
    assert len(found) == 4
    assert {len(one) for one in found} == {32}


@given(persons)
def test_a_person_keeps_her_reference(person):
    assert HERE.of(person, "jpki") == HERE.of(person, "jpki")


@given(st.sets(persons, min_size=2, max_size=2))
def test_two_people_never_share_a_reference(two):
    one, other = two
    assert HERE.of(one, "cards") != HERE.of(other, "cards")
