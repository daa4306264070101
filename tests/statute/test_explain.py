import json
from datetime import date

import msgspec
import pytest

from kumihimo.kernel.refusal import BadInput
from kumihimo.run.cli import build, run
from kumihimo.statute.explain import difference, explain
from kumihimo.statute.law import build_list, institutions
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
    assert "74の項" in out
    assert "児童手当" in out


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
