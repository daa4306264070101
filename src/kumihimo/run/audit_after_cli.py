"""What follows a run: `kumihimo audit diff` and `kumihimo audit patterns`."""

from pathlib import Path

from cyclopts import App
from rich.table import Table

from kumihimo.kernel.files import write_new
from kumihimo.linkaudit import approvals
from kumihimo.linkaudit.approvals import KEYS
from kumihimo.linkaudit.changes import compare
from kumihimo.linkaudit.results import read_about
from kumihimo.linkaudit.schema import Verdict
from kumihimo.run.audit_telling import VERDICTS, console

PATTERNS_SHOWN = 20

patterns = App(
    name="patterns",
    help="判定表。 The pattern table: write it for people, take it back approved.",
)


def diff(old: Path, new: Path, *, out: Path | None = None) -> None:
    """二つの点検を比べる。 What changed between two audits: verdicts that moved, rows new and gone.

    Parameters
    ----------
    old
        前の点検のフォルダ。 Folder of the earlier audit.
    new
        後の点検のフォルダ。 Folder of the later audit.
    out
        動いた記録のCSV。 CSV file to write, with the record ids whose verdict is another.
    """
    change = compare(old, new)
    table = Table(title="判定の動き verdicts", title_justify="left", box=None, pad_edge=False)
    for name in ("前 before", "後 now", "件数 records"):
        table.add_column(name, justify="right" if name.startswith("件") else "left")
    for before, now, rows in change.verdicts.iter_rows():
        table.add_row(_verdict(before), _verdict(now), f"{rows:,}")
    console().print(table)
    for row in change.patterns.head(PATTERNS_SHOWN).rows(named=True):
        levels = " ".join(f"{name}={row[name]}" for name in KEYS if row[name])
        print(f"  {row['before']:>10,} → {row['now']:>10,}  {levels}")
    print(f"同じ same {change.same:,}  動いた moved {len(change.moved):,}  新しい new {change.new:,}"
          f"  消えた gone {change.gone:,}")  # fmt: skip
    if out is not None:
        write_new(out, b"\xef\xbb\xbf" + change.moved.write_csv().encode())


def _verdict(code: str | None) -> str:
    return VERDICTS[Verdict(code)] if code else "（無し none）"


@patterns.command
def write(folder: Path) -> None:
    """判定表を書き出す。 Write patterns.csv anew, with what is approved so far filled in.

    Parameters
    ----------
    folder
        点検のフォルダ。 Folder of the audit.
    """
    read_about(folder)
    print(approvals.write_pattern_file(folder))


@patterns.command
def approve(folder: Path, file: Path) -> None:
    """承認された判定表を受け取る。 Take an approved pattern table; the findings follow it at once.

    Parameters
    ----------
    folder
        点検のフォルダ。 Folder of the audit.
    file
        承認者と日付を書き込んだ判定表。 patterns.csv with approved_by, approved_on and verdict filled in.
    """
    about = read_about(folder)
    version, lines = approvals.approve(folder, file)
    approvals.decide(folder, approved_only=about.approved_only)
    approvals.write_pattern_file(folder)
    print(f"第 {version} 版、{lines} 行を承認。 Version {version}, {lines} lines approved.")
