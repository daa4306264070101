"""What the audit says on a terminal: tables of counts, never a value."""

from math import log

from rich.console import Console
from rich.table import Table

from kumihimo.linkaudit.intake.quality import Quality
from kumihimo.linkaudit.intake.taking import Taken
from kumihimo.linkaudit.schema import Verdict

_OFTEN = 0.02  # our choice: a name or number of one row in fifty is a constant and no value


def console() -> Console:
    """Return a console on standard output as it is now."""
    return Console(highlight=False)


def tell_quality(taken: Taken) -> None:
    """Print the data quality of a file: a line for each column, and what is worth a look."""
    console().print(_quality_table(taken))
    for one in taken.quality:
        for note in notes(one):
            print(f"  注意 note: {one.column}: {note}")


def _quality_table(taken: Taken) -> Table:
    title = (
        f"データ品質 data quality ({taken.side}): {taken.rows_in:,} 行 rows,"
        f" {taken.rows_listed:,} 行は点検できません cannot be judged"
    )
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    table.add_column("列 column")
    for name in ("記入 filled", "誤り faults", "長さ odd length", "● lost", "種類 distinct"):
        table.add_column(name, justify="right")
    for one in taken.quality:
        table.add_row(
            one.column,
            share(one.filled, one.rows),
            share(one.faults, one.rows),
            share(one.odd_lengths, one.rows),
            share(one.lost_characters, one.rows),
            f"{one.distinct:,}",
        )
    return table


def share(part: int, whole: int) -> str:
    """Return a share in per cent; what is not nothing never shows as 0.0 %."""
    if not part or not whole:
        return "-"
    return f"{max(100 * part / whole, 0.1):.1f} %"


def notes(one: Quality) -> list[str]:
    """Return what in a column is worth a look before anything is run."""
    found: list[str] = []
    if one.placeholders:
        found.append(f"仮の日付（1900-01-01 など） {one.placeholders:,}")
    if one.column in {"number", "record_id"} and one.distinct < one.filled:
        found.append("同じ値が2行以上に repeated")
    often = one.column in {"name", "kana", "address", "birth", "number"} and one.rows >= 100  # noqa: PLR2004
    if often and one.repeated > _OFTEN * one.filled:
        found.append(f"一つの値が {one.repeated:,} 行に one value so often")
    return found


VERDICTS = {
    Verdict.CONFIRMED: "確認済み confirmed",
    Verdict.NOTATIONAL: "表記の差 notational",
    Verdict.PERSON: "要確認 needs a person",
    Verdict.MISLINK: "誤りの疑い suspected",
}
_BLOCKS = 24


def tell_verdicts(counts: dict[str, int], listed: int) -> None:
    """Print how many records have each verdict, with a plot of blocks on a scale of logarithms."""
    table = Table(title="結果 result", title_justify="left", box=None, pad_edge=False)
    for name in ("", "件数 records", "", "対数目盛り log scale"):
        table.add_column(name, justify="right" if name.startswith("件") else "left", no_wrap=True)
    total = sum(counts.values())
    lines = [(VERDICTS[Verdict(code)], number) for code, number in counts.items()]
    for name, number in [*lines, ("点検できない行 not judged", listed)]:
        table.add_row(name, f"{number:,}", share(number, total + listed), blocks(number, total))
    console().print(table)


def blocks(number: int, total: int) -> str:
    """Return a bar as long as the logarithm of a count: all records are twenty-four blocks."""
    if number == 0:
        return ""
    return "█" * max(1, round(_BLOCKS * log(number + 1) / log(max(total, number) + 1)))
