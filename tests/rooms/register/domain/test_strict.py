import attrs
import pytest

from kumihimo.rooms.register.api import StrictInquiry
from kumihimo.rooms.register.domain.strict import NOBODY, SEXLESS_AFFAIRS, asked
from kumihimo.statute.law import affairs
from tests.rooms.register.made import attributes, birth, fresh_id

AFFAIRS = frozenset(affair.affair for affair in affairs())


def sought(affair="b081", *, sexless_scheme=False, **changes):
    inquiry = StrictInquiry(
        inquiry=fresh_id(),
        affair=affair,
        attributes=attributes(birth(1), **changes),
        sexless_scheme=sexless_scheme,
    )
    return asked(inquiry, AFFAIRS)


def test_the_example_of_a_sexless_scheme_is_a_row_of_the_law():
    text = {affair.affair: affair.text for affair in affairs()}
    for affair in SEXLESS_AFFAIRS:
        assert "障害児入所" in text[affair]


def test_four_attributes_are_looked_for_and_three_only_in_a_sexless_scheme():
    assert sought().sex == "2"
    assert sought("b008", sexless_scheme=True, sex="").sex == ""
    assert sought("b008", sexless_scheme=True, sex="").name != NOBODY.name


@pytest.mark.parametrize(
    ("affair", "sexless", "changes"),
    [
        ("b081", False, {"sex": ""}),
        ("b081", False, {"sex": "9"}),
        ("b081", True, {"sex": ""}),
        ("b008", False, {"sex": ""}),
        ("b008", True, {"sex": "2"}),
        ("b999", False, {}),
        ("b081", False, {"name": "●橋花"}),
        ("b081", False, {"name": ""}),
        ("b081", False, {"birth": "1990-04-00"}),
        ("b081", False, {"birth": "yesterday"}),
        ("b081", False, {"address": "\x00"}),
        ("b081", False, {"municipality": "999999"}),
    ],
)
def test_what_the_rule_does_not_answer_is_looked_up_as_nobody(affair, sexless, changes):
    found = sought(affair, sexless_scheme=sexless, **changes)
    assert attrs.evolve(found, about=b"", before=()) == NOBODY


def test_the_log_tags_a_person_alike_in_every_notation_and_whatever_else_was_wrong():
    for same in (
        sought(birth="平成2年4月1日"),
        sought(sex=""),
        sought(sex="1"),
        sought("b999"),
        sought("b008", sexless_scheme=True, sex=""),
    ):
        assert same.about == sought().about != b""
    assert sought(birth="平成2年4月2日").about != sought().about
    for nobody in (sought(name="●"), sought(birth="never"), sought(address="\x00")):
        assert nobody.about == b""
