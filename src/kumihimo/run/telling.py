"""How the demo speaks: Japanese first, English below, tables where a table says it best."""

from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from typing import Final

import attrs
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
)
from rich.rule import Rule
from rich.table import Table

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
}


@attrs.frozen
class Teller:
    """Writes to a terminal or a file."""

    console: Console

    def scene(self, number: int, japanese: str, english: str) -> None:
        """Begin a scene."""
        self.console.print()
        self.console.print(Rule(f"[bold]{number}. {japanese}[/bold]", align="left"))
        self.console.print(f"   {english}", style="dim")

    def say(self, japanese: str, english: str) -> None:
        """Say one thing in both languages."""
        self.console.print(f"   {japanese}", highlight=False)
        self.console.print(f"   {english}", style="dim", highlight=False)

    def good(self, japanese: str, english: str) -> None:
        """Say that something held."""
        self.console.print(f" [green]✓[/green] {japanese}", highlight=False)
        self.console.print(f"   {english}", style="dim", highlight=False)

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """Show a table."""
        table = Table(box=None, pad_edge=True, header_style="bold")
        for column in columns:
            table.add_column(column, overflow="fold")
        for row in rows:
            table.add_row(*row)
        self.console.print(table)

    @contextmanager
    def progress(self) -> Generator[Progress]:
        """Show progress bars while the block runs."""
        columns = (
            TextColumn("   {task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        with Progress(*columns, console=self.console) as progress:
            yield progress
