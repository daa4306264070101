"""Whatever a file of law holds, it is used whole or refused by place, without a word of it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.statute.files import ORDINANCE, QUASI, ordinance_file, quasi_file, tsv

from kumihimo.statute import deployment, ordinances, quasi_affairs
from kumihimo.statute.deployment import assemble, read_institutions
from kumihimo.statute.law import institutions
from kumihimo.statute.ordinances import read_ordinances
from kumihimo.statute.quasi_affairs import read_quasi_affairs
from kumihimo.statute.tabular import BadRows

WHOLE = assemble()
BODY = {"institution": "kenpo-test", "name": "試験健康保険組合", "classes": "medical-insurer"}
LOADERS = {
    "ordinances": (
        lambda content: read_ordinances(content, WHOLE.law), ORDINANCE, ordinances.COLUMNS,
    ),
    "quasi": (
        lambda content: read_quasi_affairs(content, WHOLE.law), QUASI, quasi_affairs.COLUMNS,
    ),
    "institutions": (read_institutions, BODY, deployment.COLUMNS),
}  # fmt: skip
# Enough of a value that it cannot stand in a message by chance.
CANARY = "canary-cell"
CELLS = st.text(max_size=30) | st.sampled_from(
    [
        "b081",
        "q081-01",
        "o131032-01",
        "lg-131032",
        "2026-04-01",
        "municipality|",
        "|",
        "yes",
        CANARY,
    ]
)


def told(read, content):
    """Return how many rows are used, or what is said of the file."""
    try:
        return len(read(content)), ""
    except BadRows as error:
        return 0, f"{error} {error.rows}"


@pytest.mark.parametrize("kind", LOADERS)
@given(content=st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_bytes_that_are_no_file_are_refused_by_name(kind, content):
    assert told(LOADERS[kind][0], content)[0] == 0


@pytest.mark.parametrize("kind", LOADERS)
@given(data=st.data(), encoding=st.sampled_from(["utf-8", "utf-8-sig", "cp932"]))
def test_a_row_with_other_cells_is_used_or_refused_and_never_quoted(kind, data, encoding):
    read, good, columns = LOADERS[kind]
    changed = data.draw(st.dictionaries(st.sampled_from(columns), CELLS, max_size=3))
    content = tsv([good, {**good, **changed}], columns).decode()
    used, words = told(read, content.encode(encoding, errors="replace"))
    assert used in {0, 2} or "\n" in content
    assert CANARY not in words


@pytest.mark.parametrize("kind", LOADERS)
@given(data=st.data())
def test_a_file_of_json_with_any_values_is_used_or_refused(kind, data):
    read, good, columns = LOADERS[kind]
    value = st.none() | st.booleans() | st.integers() | CELLS | st.lists(CELLS, max_size=2)
    changed = data.draw(st.dictionaries(st.sampled_from(columns), value, max_size=3))
    assert told(read, json.dumps([{**good, **changed}]).encode())[0] in {0, 1}


def test_a_file_with_one_bad_row_adds_nothing_to_the_list():
    before = WHOLE.law.version
    for add, content in (
        (WHOLE.with_ordinances, ordinance_file({}, {"affair": "o131032-02", "basis": ""})),
        (WHOLE.with_quasi_affairs, quasi_file({}, {"affair": "q081-02", "basis": ""})),
    ):
        with pytest.raises(BadRows):
            add(content)
    assert WHOLE.law.version == before
    assert WHOLE.with_ordinances(ordinance_file({})).law.version != before


@pytest.mark.parametrize(
    ("name", "count", "one", "other"),
    [
        ("prefecture", 47, "lg-130001", "lg-131032"),
        ("municipality", 1_741, "lg-131032", "lg-130001"),
        ("elderly-union", 47, "kouiki-13", "kyokai-kenpo"),
        ("medical-insurer", 1_741 + 47 + 2, "kyokai-kenpo", "lg-130001"),
        ("welfare-office", 47 + 792 + 23, "lg-131032", "lg-133035"),  # not the town 瑞穂町
        ("hiroshima-city", 1, "lg-341002", "lg-012343"),  # not 北広島市
        ("nagasaki-city", 1, "lg-422011", "lg-341002"),
        ("nenkin", 1, "nenkin", "mhlw"),
    ],
)
def test_a_class_of_institutions_is_its_bodies_and_no_other(name, count, one, other):
    members = WHOLE.law.members(name)
    known = {body.institution for body in institutions()}
    assert {one, other} <= known
    assert len(members) == count
    assert one in members
    assert other not in members
