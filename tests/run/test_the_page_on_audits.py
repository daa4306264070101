"""`docs/how-to/audit-links.md`, followed from top to bottom by somebody who has never seen it."""

import csv
import re
import shlex
import subprocess
from pathlib import Path

import polars as pl

from tests.run.audits import said
from tests.run.pages import ROOT, blocks

PAGE = "how-to/audit-links.md"
TEXT = (ROOT / "docs" / PAGE).read_text("utf-8")


def follow(block):
    """Type a block's lines; the commands of ours in this process, which is quicker."""
    told = ""
    for line in block.splitlines():
        words = shlex.split(line)
        if words[0] == "./kumihimo":
            told += said(*words[1:])
        else:
            subprocess.run(words, check=True, timeout=60)
    return told


def fill_in():
    """Do in patterns.csv what the page asks of a person, and save it as the page says."""
    with Path("audit-2/patterns.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    with Path("approved.csv").open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(row | {"approved_by": "佐藤", "approved_on": "2026-11-26"} for row in rows)


def look(planted):
    """Look at what was drawn, as the page says, and write down what was found."""
    wrong = set(planted["record_id"])
    with Path("drawn.csv").open(encoding="utf-8-sig", newline="") as file:
        drawn = list(csv.DictReader(file))
    with Path("looks.csv").open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("record_id", "reviewer", "answer"))
        for one in drawn:
            answer = "wrong" if one["record_id"] in wrong else "own"
            writer.writerow((one["record_id"], "sato", answer))
            if one["repeat"] == "true":
                writer.writerow((one["record_id"], "suzuki", answer))


def test_every_block_can_be_typed_as_it_stands(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    sample, columns, run, again, report, approve, sow, draw, estimate = blocks(PAGE)
    follow(sample)
    planted = pl.read_csv("sample/planted.csv")
    [promised] = re.findall(r"(\d+) of its\n2,000 records carry somebody else's number", TEXT)
    assert len(planted) == int(promised)
    told = follow(columns)
    assert "山" not in told
    assert "誤りの疑い" in follow(run)
    assert "新しい new 3" in follow(again)
    follow(report)
    [record] = re.findall(r"--record ([\d-]+)", TEXT)
    found = pl.read_parquet("audit-2/findings.parquet")
    suspected = found.filter(pl.col("verdict") == "mislink")["record_id"].to_list()
    assert record in suspected
    cleared = found.filter(pl.col("verdict").is_in(["confirmed", "notational"]))["record_id"]
    assert not set(cleared) & set(planted["record_id"])
    assert len(set(suspected) - set(planted["record_id"])) <= 2
    fill_in()
    assert "1" in follow(approve)
    assert "household" in follow(sow)
    assert "200 件 records" in follow(draw)
    look(planted)
    assert "estimated to remain" in follow(estimate)
    told = set(re.findall(r"`audit(?:-2)?/([\w.]+)`", TEXT))
    assert all((tmp_path / "audit-2" / name).exists() for name in told)
