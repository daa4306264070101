"""How the demo speaks: Japanese first, English below, tables where a table says it best."""

from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from typing import Final

import attrs
from rich.console import Console
from rich.padding import Padding
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
)
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

_INDENT: Final = (0, 0, 0, 3)
_AROUND: Final = (1, 0, 1, 3)

OUTCOMES: Final = {
    "OK": "提供",
    "NO_DATA": "該当データなし",
    "NO_COPY": "副本なし",
    "NO_PERSON": "該当者なし",
    "PENDING_ACQUISITION": "符号取得待ち",
    "PENDING_MANUAL": "手動回答待ち",
    "REFUSED_REQUESTER": "拒否（照会者）",
    "REFUSED_AFFAIR": "拒否（事務）",
    "REFUSED_PROVIDER": "拒否（提供者）",
    "REFUSED_ITEM": "拒否（情報）",
    "REFUSED_PIA": "拒否（評価未公表）",
    "REFUSED_CASE": "拒否（事案なし）",
    "REFUSED_FLAG": "拒否（不開示等）",
    "ok": "有効",
    "signature-wrong": "署名が違う",
    "good": "有効",
    "revoked": "失効",
}


def told(outcome: str) -> tuple[str, str]:
    """Return an outcome in Japanese, and its name."""
    return OUTCOMES.get(outcome, outcome), outcome


Cell = str | tuple[str, str]  # a tuple: Japanese, and English below it


@attrs.frozen
class Teller:
    """Writes to a terminal or a file."""

    console: Console

    def title(self, japanese: str, english: str) -> None:
        """Begin."""
        self.console.print()
        self._lines(f"[bold]{japanese}[/bold]", english)

    def scene(self, number: int, japanese: str, english: str) -> None:
        """Begin a scene."""
        self.console.print()
        self.console.print(Rule(f"[bold]{number}. {japanese}[/bold]", align="left"))
        self.console.print(Padding(english, _INDENT, expand=False), style="dim", highlight=False)

    def say(self, japanese: str, english: str) -> None:
        """Say one thing in both languages."""
        self._lines(japanese, english)

    def good(self, japanese: str, english: str) -> None:
        """Say that something held."""
        self._lines(japanese, english, mark="[green]✓[/green]")

    def _lines(self, japanese: str, english: str, mark: str = " ") -> None:
        grid = Table.grid(padding=0)
        grid.add_column(width=_INDENT[3])
        grid.add_column(overflow="fold")
        grid.add_row(f" {mark}", japanese)
        grid.add_row("", Text(english, style="dim"))
        self.console.print(grid, highlight=False)

    def table(self, columns: Sequence[Cell], rows: Iterable[Sequence[Cell]]) -> None:
        """Show a table; a column whose every cell is a number stands to the right."""
        shown = list(rows)
        table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
        for place, column in enumerate(columns):
            right = bool(shown) and all(_is_number(row[place]) for row in shown)
            table.add_column(_cell(column), overflow="fold", justify="right" if right else "left")
        for row in shown:
            table.add_row(*(_cell(cell) for cell in row))
        self.console.print(Padding(table, _AROUND, expand=False))

    def plain(self, *lines: str) -> None:
        """Show lines that somebody copies: from the left edge, never folded by us."""
        self.console.print("\n".join(lines), highlight=False, markup=False, soft_wrap=True)

    @contextmanager
    def progress(self) -> Generator[Progress]:
        """Show progress bars while the block runs."""
        columns = (
            TextColumn("   {task.description}"),
            BarColumn(bar_width=20),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        with Progress(*columns, console=self.console) as progress:
            yield progress


def _cell(cell: Cell) -> Text:
    if isinstance(cell, str):
        return Text(cell)
    japanese, english = cell
    return Text.assemble(japanese, "\n", (english, "dim"))


def _is_number(cell: Cell) -> bool:
    return isinstance(cell, str) and cell.replace(",", "").isdigit()
