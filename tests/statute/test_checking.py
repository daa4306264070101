import json

import msgspec
import pytest
from tests.statute.files import ORDINANCE, QUASI, ordinance_file, quasi_file

from kumihimo.kernel.refusal import BadInput
from kumihimo.run.cli import build, run
from kumihimo.statute.deployment import assemble, load_deployment, read_institutions
from kumihimo.statute.positive_list import Permitted
from kumihimo.statute.tabular import CELL_CHARS_MAX, FILE_BYTES_MAX, ROWS_MAX, BadRows
from kumihimo.statute.unmapped import dead, unmatched

UNION = {"institution": "kenpo-kumihimo", "name": "くみひも健康保険組合", "classes": "health-union"}
CLASSES = {"classes": "medical-insurer"}
ASKED = ["--affair", "o131032-01", "--item", "local-tax.total-income", "--on", "2026-05-01"]


def statute(capsys, *arguments):
    code = run(build(), ["statute", *map(str, arguments)])
    said = capsys.readouterr()
    return code, said.out, said.err


def institutions_file(**change):
    return json.dumps([{**UNION, **CLASSES, **change}]).encode()


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (ordinance_file({}), "ordinances"),
        (quasi_file({}), "quasi"),
        (institutions_file(), "institutions"),
        (json.dumps([ORDINANCE]).encode(), "ordinances"),
        (b"\xef\xbb\xbf" + ordinance_file({}), "ordinances"),
        (quasi_file({}).decode().encode("cp932"), "quasi"),
        (quasi_file({}).replace(b"\n", b"\r\n"), "quasi"),
    ],
)
def test_a_good_file_is_known_by_its_columns(capsys, tmp_path, content, kind):
    file = tmp_path / "file"
    file.write_bytes(content)
    code, out, _ = statute(capsys, "check", file)
    assert (code, out.strip()) == (0, f"{kind}: 良い行 good rows 1")


def test_a_bad_file_is_told_row_by_row(capsys, tmp_path):
    file = tmp_path / "bad.tsv"
    file.write_bytes(ordinance_file({}, {"providers": "nenkin", "affair": "o131032-02"}))
    code, out, _ = statute(capsys, "check", file, "--json")
    bad = json.loads(out)["bad"]
    assert code == 1
    assert [(one["row"], one["column"]) for one in bad] == [(2, "providers")]


def test_what_is_said_of_a_bad_cell_never_quotes_it(capsys, tmp_path):
    file = tmp_path / "bad.tsv"
    canary = "123456789018"
    file.write_bytes(ordinance_file(dict.fromkeys(ORDINANCE, canary)))
    code, out, err = statute(capsys, "check", file)
    assert code == 1
    assert canary not in out + err


def test_an_ordinance_is_explained_when_its_file_is_given(capsys, tmp_path):
    file = tmp_path / "ordinances.tsv"
    file.write_bytes(ordinance_file({}))
    asked = ["explain", *ASKED, "--provider", "lg-271004", "--ordinances", file]
    code, out, _ = statute(capsys, *asked, "--requester", "lg-131032")
    assert code == 0
    assert "港区の条例" in out
    code, _, _ = statute(capsys, *asked, "--requester", "lg-131041")
    assert code == 1


def test_a_file_that_cannot_be_used_names_its_option(capsys, tmp_path):
    file = tmp_path / "ordinances.tsv"
    file.write_bytes(ordinance_file({"basis": ""}))
    asked = ["--requester", "lg-131032", "--provider", "lg-271004", "--ordinances", file]
    code, _, err = statute(capsys, "explain", *ASKED, *asked)
    assert code == 2
    assert "--ordinances" in err
    assert "row 1, basis" in err


def cells(**change):
    return json.dumps([{**QUASI, **change}]).encode()


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (b"", (0, "")),
        (b" \n\t\n", (0, "")),
        (b"\x00" + quasi_file({}), (0, "")),
        (b"\xff\xfe" + quasi_file({}), (0, "")),
        (quasi_file(), (0, "")),
        (quasi_file({}).replace(b"\tbasis", b"\tbases"), (0, "basis")),
        (quasi_file({}).replace(b"\tbasis", b"\tname"), (0, "basis")),
        (quasi_file({}) + b"one cell\n", (2, "")),
        (quasi_file({"name": "in\ntwo"}), (1, "")),
        (quasi_file({"name": '"open'}), (0, "")),
        (b"[" * 100_000, (0, "")),
        (b'{"a": 1}', (0, "")),
        (b'[{"row": "b081", "row": "b081"}]', (0, "")),
        (b"[1]", (1, "")),
        (cells(more="x"), (1, "")),
        (cells(name=7), (1, "name")),
        (cells(handlers=["municipality", 1]), (1, "handlers")),
        (cells(name="x" * (CELL_CHARS_MAX + 1)), (1, "name")),
        (cells(name="a\u202eb"), (1, "name")),
        (cells(name="a\ud800b"), (1, "name")),
        (cells(handlers="|".join(f"lg-{n:06}" for n in range(101))), (1, "handlers")),
        (b"[" + b"{}," * ROWS_MAX + b"{}]", (0, "")),
        (b" " * (FILE_BYTES_MAX + 1), (0, "")),
    ],
    ids=range(23),
)
def test_what_is_no_such_file_is_refused_with_its_place(content, place):
    with pytest.raises(BadRows) as caught:
        assemble().with_quasi_affairs(content)
    first = caught.value.rows[0]
    assert (first.row, first.column) == place


def test_a_list_of_texts_stands_for_names_apart():
    content = cells(handlers=["lg-131032", "lg-131041"])
    law = assemble().with_quasi_affairs(content).law
    assert law.members("lg-131032") == {"lg-131032"}
    found = law.decide(
        requester="lg-131041",
        affair="q081-01",
        provider="lg-271004",
        items=["local-tax"],
        on=law.entries[-1].valid_from,
    )
    assert isinstance(found, Permitted)


@pytest.mark.parametrize(
    ("change", "column"),
    [
        ({"institution": "lg-131032"}, "institution"),
        ({"institution": "kouiki-13"}, "institution"),
        ({"institution": "municipality"}, "institution"),
        ({"institution": "any"}, "institution"),
        ({"institution": "Kenpo"}, "institution"),
        ({"institution": ""}, "institution"),
        ({"name": ""}, "name"),
        ({"classes": "no-such-class"}, "classes"),
    ],
)
def test_an_institution_that_nobody_could_tell_apart_is_refused(change, column):
    with pytest.raises(BadRows) as caught:
        read_institutions(institutions_file(**change))
    assert [(one.row, one.column) for one in caught.value.rows] == [(1, column)]


def test_naming_an_institution_makes_rows_of_the_law_live():
    before = assemble().law
    name = next(
        one for one in unmatched(before) if one.why == "empty" and len(one.as_requester) > 0
    )
    more = read_institutions(institutions_file(classes=name.name))
    after = assemble(more).law
    assert name.name not in {one.name for one in unmatched(after)}
    assert set(dead(after, after.entries)) <= set(dead(before, before.entries))


def test_every_prefecture_has_its_union_of_late_elderly_insurance(capsys):
    _, out, _ = statute(capsys, "institutions", "--find", "kouiki-")
    assert len(out.splitlines()) == 47
    assert "kouiki-13\t東京都後期高齢者医療広域連合" in out


def test_words_of_the_law_that_match_nobody_are_listed(capsys):
    _, out, _ = statute(capsys, "institutions", "--unmapped")
    assert "児童扶養手当法第三条第二項に規定する公的年金給付" in out
    _, out, _ = statute(capsys, "institutions", "--unmapped", "--json")
    assert {one["why"] for one in json.loads(out)} == {"unmapped", "empty"}


def test_a_deployment_names_files_beside_it(tmp_path):
    (tmp_path / "o.tsv").write_bytes(ordinance_file({}))
    (tmp_path / "q.tsv").write_bytes(quasi_file({}))
    file = tmp_path / "deployment.json"
    file.write_bytes(msgspec.json.encode({"ordinances": "o.tsv", "quasi_affairs": "q.tsv"}))
    affairs = {entry.affair for entry in load_deployment(file).positive_list().entries}
    assert {"o131032-01", "q081-01"} <= affairs


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"ordinances": "missing.tsv"}, "missing.tsv"),
        ({"ordinances": "bad.tsv"}, "row 1, basis"),
        ({"institutions": [{**UNION, "classes": ["nobody"]}]}, "row 1, classes"),
        ({"unknown": 1}, "unknown"),
    ],
)
def test_a_deployment_that_cannot_be_used_is_refused(tmp_path, body, words):
    (tmp_path / "bad.tsv").write_bytes(ordinance_file({"basis": ""}))
    file = tmp_path / "deployment.json"
    file.write_bytes(msgspec.json.encode(body))
    with pytest.raises(BadInput, match=words):
        load_deployment(file)
