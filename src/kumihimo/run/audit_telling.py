"""What the audit says on a terminal: tables of counts, never a value."""

from rich.console import Console
from rich.table import Table

from kumihimo.linkaudit.intake.quality import Quality
from kumihimo.linkaudit.intake.taking import Taken

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
