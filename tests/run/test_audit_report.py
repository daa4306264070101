"""`kumihimo audit report`: what leaves the audit names nobody and gives no small count."""

import re
from html.parser import HTMLParser

import msgspec
import polars as pl
import pypdfium2
import pytest

from kumihimo.linkaudit.reasons import Reason
from kumihimo.linkaudit.report.counting import WRONG, counts_of
from kumihimo.linkaudit.report.suppression import SMALL
from kumihimo.linkaudit.results import sentence
from kumihimo.linkaudit.schema import COLLISIONS, Verdict
from tests.hostile.terminal import typed
from tests.run.audits import copied, done, findings, make_audit

PERSONAL = ("number", "name", "kana", "address", "household", "account", "holder", "alias", "birth")  # fmt: skip


@pytest.fixture(scope="module")
def audit(tmp_path_factory):
    audit = make_audit(tmp_path_factory.mktemp("insurer"), rows=1_000)
    done("report", audit)
    return audit


@pytest.fixture(scope="module")
def page(audit):
    return (audit / "report.html").read_text("utf-8")


def text_of(path):
    document = pypdfium2.PdfDocument(path)
    texts = [one.get_textpage().get_text_range() for one in document]
    document.close()
    return "".join("\n".join(texts).split())


@pytest.fixture(scope="module")
def paper(audit):
    return text_of(audit / "report.pdf")


class Tables(HTMLParser):
    """The tables of a page by the id of their section, and every tag."""

    def __init__(self):
        super().__init__()
        self.tags, self.ids, self.tables, self.at, self.cell = [], [], {}, "", False

    def handle_starttag(self, tag, attrs):
        told = dict(attrs)
        self.tags.append((tag, told))
        if "id" in told:
            self.ids.append(told["id"])
        if tag == "section":
            self.at = told["aria-labelledby"]
            self.tables[self.at] = []
        if tag == "tr":
            self.tables[self.at].append([])
        if tag in {"td", "th"}:
            self.tables[self.at][-1].append("")
        self.cell = tag in {"td", "th"}

    def handle_endtag(self, tag):
        self.cell = self.cell and tag not in {"td", "th"}

    def handle_data(self, data):
        if self.cell:
            self.tables[self.at][-1][-1] += data


def parsed(page):
    tables = Tables()
    tables.feed(page)
    return tables


def values(audit):
    """Return every value of a person on either side that is long enough to be told from a word."""
    for side in ("rows", "snapshot"):
        table = pl.read_parquet(audit / side / "*.parquet")
        for name in {*PERSONAL, "record_id"} & set(table.columns):
            yield from (one for one in table[name].drop_nulls().unique() if len(one) > 3)


def test_no_value_of_a_person_and_no_record_id_leaves_the_audit(audit, page, paper):
    told = "".join(page.split())
    every = {"".join(value.split()) for value in values(audit)}
    assert len(every) > 3_000
    assert [value for value in every if value in told or value in paper] == []
    ids = set(findings(audit)["record_id"])
    for name in ("cases.csv", "accounts.csv"):
        cases = (audit / name).read_text("utf-8-sig")
        assert [one for one in every - ids if one in cases] == []


def test_a_value_that_leaked_would_be_found(audit, page):
    value = next(iter(values(audit)))
    assert "".join(value.split()) in "".join(f"{page}{value}".split())


@pytest.mark.parametrize("language", ["ja", "en"])
def test_no_count_below_ten_is_told_in_either_language(audit, page, language):
    counts, tables = counts_of(audit), parsed(page).tables
    assert counts.holders is not None
    for name, matrix, secret in (
        ("result", counts.verdicts, counts.verdicts_hidden),
        ("mechanisms", list(zip(*counts.mechanisms, strict=True)), {(j, i) for i, j in counts.mechanisms_hidden}),
        ("accounts", list(zip(*counts.holders, strict=True)), {(j, i) for i, j in counts.holders_hidden}),
    ):  # fmt: skip
        rows = tables[f"{language}-{name}"][1:]
        assert len(rows) == len(matrix)
        for i, row in enumerate(rows):
            for j, cell in enumerate(row[1 : 1 + len(matrix[i])] if name == "result" else row[1:2]):
                small = 0 < matrix[i][j] < SMALL
                assert (cell == "―") == ((i, j) in secret)
                assert cell == "―" or (not small and cell == f"{matrix[i][j]:,}")
    assert counts.mechanisms_hidden
    assert counts.holders_hidden
    for row in tables[f"{language}-patterns"][1:]:
        assert row[-2] == "<10" or int(row[-2].replace(",", "")) % 10 == 0


def test_a_rate_of_a_hidden_count_is_hidden_too(audit, page):
    counts = counts_of(audit)
    for row in parsed(page).tables["ja-mechanisms"][1 : 1 + len(WRONG)]:
        if row[1] == "―":
            assert row[2:] == ["―", "―"]
    column = list(Verdict).index(Verdict.MISLINK)
    counts.verdicts_hidden.add((0, column))
    assert counts.rate(0) is None


def test_the_page_stands_alone_and_can_be_read_without_eyes_or_colours(page):
    found = parsed(page)
    tags = [tag for tag, _ in found.tags]
    assert not {"script", "link", "img", "iframe", "object"} & set(tags)
    told = [(name, value) for _, told in found.tags for name, value in told.items()]
    assert not [one for one in told if one[0] in {"src", "srcset"} or one[0].startswith("on")]
    assert all(value.startswith("#") for name, value in told if name == "href")
    assert "url(" not in page
    assert len(found.ids) == len(set(found.ids))
    assert tags.count("h1") == tags.count("main") == 1
    assert {told["lang"] for tag, told in found.tags if tag == "article"} == {"ja", "en"}
    drawn = [told for _, told in found.tags if told.get("role") == "img"]
    assert len(drawn) == tags.count("svg") >= 4
    assert all(re.search(r"\d", told["aria-label"]) for told in drawn)
    assert all("scope" in told for tag, told in found.tags if tag == "th")
    links = {told["href"][1:] for tag, told in found.tags if tag == "a"}
    assert links <= set(found.ids)


def test_the_paper_says_the_same_and_is_tagged_for_readers(audit, page, paper):
    raw = (audit / "report.pdf").read_bytes()
    assert raw.startswith(b"%PDF-")
    assert b"/StructTreeRoot" in raw
    assert "ひも付け誤り総点検報告" in paper
    assert "Mis-linkaudit:report" in paper
    for row in parsed(page).tables["ja-result"]:
        assert "".join("".join(row).split()) in paper


def test_collisions_are_told_as_the_audit_found_them(audit, tmp_path):
    copy = copied(audit, tmp_path)
    groups = [("number", n) for n in range(1, 12)] + [("person", n) for n in range(12, 21)]
    lines = [(kind, group, row, f"r{row}") for kind, group in groups for row in range(3)]
    pl.DataFrame(lines, COLLISIONS, orient="row").write_parquet(copy / "collisions.parquet")
    done("report", copy)
    page, paper = (copy / "report.html").read_text("utf-8"), text_of(copy / "report.pdf")
    for language in ("ja", "en"):
        rows = parsed(page).tables[f"{language}-collisions"][1:]
        assert [count for _, count in rows] == ["11", "―", "0", "0"]
        assert all("".join("".join(row).split()) in paper for row in rows)


def test_the_weights_of_one_record_are_drawn_for_whoever_names_it(audit, tmp_path):
    copy = copied(audit, tmp_path)
    record = findings(copy).filter(pl.col("verdict") == "mislink")["record_id"][0]
    done("report", copy, "--record", record)
    page = (copy / "report.html").read_text("utf-8")
    assert page.count(record) == 4  # the caption and the words for it, in two languages
    told = typed("audit", "report", str(copy), "--record", "nobody")
    assert told.code == 2
    assert "--record" in told.err


def test_what_an_office_calls_itself_is_shown_and_never_obeyed(audit, tmp_path):
    copy = copied(audit, tmp_path)
    about = copy / "audit.json"
    name = "<script>x</script>#panic()*_$"
    about.write_text(about.read_text().replace("試験健保", name))
    done("report", copy)
    page = (copy / "report.html").read_text("utf-8")
    assert "<script" not in page
    assert "&lt;script&gt;x" in page


def test_the_case_system_gets_each_record_with_its_reason_in_two_languages(audit):
    cases = pl.read_csv(audit / "cases.csv")
    asked = findings(audit).filter(pl.col("verdict").is_in(["person", "mislink"]))
    assert sorted(cases["record_id"]) == sorted(asked["record_id"])
    assert cases["reason_ja"].null_count() == cases["reason_en"].null_count() == 0
    assert cases["odds"].is_sorted(descending=True)
    assert all(
        sentence(code).ja != sentence(code).en for code in [*Reason, "approved", "unapproved"]
    )


def test_the_case_system_gets_each_account_that_is_shared_or_anothers(audit):
    lines = pl.read_csv(audit / "accounts.csv")
    assert lines["what_ja"].null_count() == lines["what_en"].null_count() == 0
    shared = pl.read_parquet(audit / "collisions.parquet")
    shared = shared.filter(pl.col("collision").str.contains("account"))
    holders = pl.read_parquet(audit / "holders.parquet")
    others = holders.filter(~pl.col("holder").is_in(["own", "read"]))
    assert len(shared) > 2
    assert len(others) > 2
    told = lines.select("record_id", "what").sort("record_id", "what")
    parts = [
        shared.select("record_id", what="collision"),
        others.select("record_id", what="holder"),
    ]
    assert told.equals(pl.concat(parts).sort("record_id", "what"))


def test_what_was_not_looked_for_says_so(audit, tmp_path):
    copy = copied(audit, tmp_path)
    about = msgspec.json.decode((copy / "audit.json").read_bytes())
    rows = about["taken"][0]
    rows["quality"] = [c for c in rows["quality"] if c["column"] not in {"account", "holder"}]
    (copy / "audit.json").write_bytes(msgspec.json.encode(about))
    done("report", copy)
    tables = parsed((copy / "report.html").read_text("utf-8")).tables
    assert [row[1] for row in tables["ja-collisions"][3:]] == ["見ていない"] * 2
    assert [row[1] for row in tables["en-collisions"][3:]] == ["not looked for"] * 2
    assert "ja-accounts" not in tables
