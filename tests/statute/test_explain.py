import json
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kumihimo.kernel.refusal import BadInput
from kumihimo.run.cli import build, run
from kumihimo.statute.explain import difference, explain
from kumihimo.statute.law import build_list, institutions, old_entries
from kumihimo.statute.positive_list import Entry

ASKED = ["--requester", "lg-131032", "--affair", "b081", "--item", "local-tax.total-income"]
DRAFT = Entry(
    entry="draft-1",
    affair="b081",
    requesters=("municipality",),
    providers=("nenkin",),
    informations=("pension-benefit",),
    basis="案",
    valid_from=date(2027, 4, 1),
)


def statute(capsys, *arguments):
    code = run(build(), ["statute", *arguments])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_a_question_on_the_list_is_explained_with_its_law(capsys):
    code, out, _ = statute(capsys, "explain", *ASKED, "--provider", "lg-271004")
    assert code == 0
    assert "照会できます" in out
    assert "旧別表第二 2015-09 74の項" in out
    assert "別表 2025-09 81の項" in out
    assert "児童手当" in out


@pytest.mark.parametrize(("day", "code"), [("2015-10-04", 1), ("2015-10-05", 0)])
def test_a_question_is_answered_as_of_the_day_that_is_asked_for(capsys, day, code):
    found, out, _ = statute(capsys, "explain", *ASKED, "--provider", "lg-271004", "--on", day)
    assert (found, day in out) == (code, True)


@pytest.mark.parametrize(
    ("item", "words"),
    [
        ("local-tax.total-incom", "local-tax.total-income"),
        ("local-taxes", "local-tax"),
        ("", "no such kind"),
        ("local-tax.", "no such item"),
    ],
)
def test_an_item_that_does_not_exist_is_not_called_permitted(capsys, item, words):
    asked = ["--requester", "lg-131032", "--affair", "b081", "--provider", "lg-271004"]
    code, _, err = statute(capsys, "explain", *asked, "--item", item)
    assert (code, words in err) == (2, True)


def test_a_person_can_read_by_which_law_the_ledger_asks_for_her(capsys):
    asked = ["--requester", "ledger", "--affair", "self-information", "--item", "local-tax"]
    code, out, _ = statute(capsys, "explain", *asked, "--provider", "lg-131032")
    assert (code, "附則第六条" in out) == (0, True)
    code, _, err = statute(capsys, "explain", *ASKED, "--provider", "ledger")
    assert (code, "--provider" in err) == (2, True)


def test_a_question_off_the_list_says_which_ground(capsys):
    code, out, _ = statute(capsys, "explain", *ASKED, "--provider", "nenkin", "--json")
    assert code == 1
    assert json.loads(out)["ground"] == "provider"


def test_an_unknown_id_is_refused_with_what_is_near(capsys):
    code, _, err = statute(capsys, "explain", *ASKED, "--provider", "lg-271005")
    assert code == 2
    assert "lg-271004" in err


@pytest.mark.parametrize("day", ["yesterday", "2026-13-01", ""])
def test_an_impossible_day_is_refused_in_words(capsys, day):
    code, _, err = statute(capsys, "explain", *ASKED, "--provider", "lg-271004", "--on", day)
    assert code == 2
    assert "2026-06-01" in err


def test_a_draft_shows_what_it_would_open_before_it_is_law(capsys, tmp_path):
    draft = tmp_path / "draft.json"
    draft.write_bytes(msgspec.json.encode([DRAFT]))
    code, out, _ = statute(
        capsys, "diff", "--from", "2027-03-31", "--to", "2027-04-01", "--law", str(draft)
    )
    assert code == 0
    assert "+ draft-1" in out
    assert "opens 1" in out


def amendment(tmp_path, *entries):
    file = tmp_path / "amendment.json"
    file.write_bytes(msgspec.json.encode(entries))
    return ["--from", "2027-03-31", "--to", "2027-04-01", "--law", str(file)]


def test_a_draft_that_repeals_a_row_shows_what_it_would_close(capsys, tmp_path):
    [held] = [entry for entry in old_entries() if entry.entry == "old2-168"]
    repealed = msgspec.structs.replace(held, valid_to=date(2027, 4, 1))
    code, out, _ = statute(capsys, "diff", *amendment(tmp_path, repealed))
    assert code == 0
    assert "- old2-168 b081: municipality → municipality: local-tax" in out
    assert "opens 0, 閉じる closes 1" in out
    asked = [*ASKED, "--provider", "lg-271004", "--law", str(tmp_path / "amendment.json")]
    assert statute(capsys, "explain", *asked, "--on", "2027-03-31")[0] == 0
    assert statute(capsys, "explain", *asked, "--on", "2027-04-01")[0] == 1


def test_a_draft_that_widens_a_row_opens_just_what_it_adds(capsys, tmp_path):
    [held] = [entry for entry in old_entries() if entry.entry == "old2-168"]
    until = msgspec.structs.replace(held, valid_to=date(2027, 4, 1))
    since = msgspec.structs.replace(
        held, valid_from=date(2027, 4, 1), informations=("local-tax", "resident-record")
    )
    _, out, _ = statute(capsys, "diff", *amendment(tmp_path, until, since), "--json")
    found = json.loads(out)
    assert [one["informations"] for one in found["opens"]] == [["resident-record"]]
    assert found["closes"] == []


def test_a_draft_for_a_class_that_nobody_is_in_is_marked(capsys, tmp_path):
    typo = msgspec.structs.replace(DRAFT, requesters=("municipalty",))
    _, out, _ = statute(capsys, "diff", *amendment(tmp_path, typo))
    assert "該当機関なし" in out
    _, out, _ = statute(capsys, "diff", *amendment(tmp_path, DRAFT))
    assert "該当機関なし" not in out


def test_a_draft_whose_versions_overlap_is_refused_with_its_option(capsys, tmp_path):
    code, _, err = statute(capsys, "diff", *amendment(tmp_path, DRAFT, DRAFT))
    assert (code, "--law" in err, "entries[1]" in err) == (2, True, True)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.just("2027-04-01"),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from([*Entry.__struct_fields__, "more"]), inner, max_size=9)
    ),
    max_leaves=20,
)


@given(st.lists(JSON, max_size=3).map(msgspec.json.encode) | st.binary(max_size=60))
def test_whatever_a_law_file_holds_it_is_used_or_refused(content):
    with TemporaryDirectory() as folder:
        file = Path(folder) / "law.json"
        file.write_bytes(content)
        line = ["diff", "--from", "2027-03-31", "--to", "2027-04-01", "--law", str(file)]
        assert run(build(), ["statute", *line, "--json"]) in {0, 2}


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"{}", b'[{"entry": 1}]'])
def test_a_law_file_that_is_none_is_refused_in_words(capsys, tmp_path, content):
    broken = tmp_path / "broken.json"
    broken.write_bytes(content)
    code, _, err = statute(
        capsys, "diff", "--from", "2027-03-31", "--to", "2027-04-01", "--law", str(broken)
    )
    assert code == 2
    assert "not a JSON list of entries" in err


def test_what_opens_one_way_closes_the_other():
    law = build_list(entries=[DRAFT])
    there = difference(law, date(2027, 1, 1), date(2028, 1, 1))
    back = difference(law, date(2028, 1, 1), date(2027, 1, 1))
    assert there.opens == back.closes != ()
    assert there.closes == back.opens == ()


def test_an_unknown_affair_is_refused():
    with pytest.raises(BadInput, match="b081"):
        explain(
            build_list(),
            institutions(),
            requester="lg-131032",
            affair="b0811",
            provider="lg-271004",
            item="local-tax.x",
            on=date(2026, 1, 1),
        )
