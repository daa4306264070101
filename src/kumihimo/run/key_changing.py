"""What `change-key` shows, for an institution and for the ledger: how the key stands, how far it is."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from kumihimo.rooms.linkage.api import KeyState

COLUMNS: Final = (
    TextColumn("{task.description}"),
    BarColumn(),
    MofNCompleteColumn(),
    TimeElapsedColumn(),
)


def words_of(domain: str, state: KeyState) -> str:
    """Say how a domain's key stands."""
    version, codes = state.version, f"{state.codes:,}"
    if state.under_way:
        left = f"{state.left:,}"
        return (
            f"{domain}: 鍵の版 {version - 1} から {version} へ更新中、残りの符号 {left} / {codes}。"
            f" Changing from key version {version - 1} to {version}, {left} of {codes} codes left;"
            " `change-key` without --look goes on."
        )
    if state.changed_on is None:
        return (
            f"{domain}: 鍵の版 {version}、符号 {codes}。更新したことはない。"
            f" Key version {version}, {codes} codes; never changed."
        )
    return (
        f"{domain}: 鍵の版 {version}、符号 {codes}、{state.changed_on} に更新済み。"
        f" Key version {version}, {codes} codes; changed on {state.changed_on}."
    )


@contextmanager
def shown(domain: str, before: KeyState) -> Generator[Callable[[int], None]]:
    """Show a bar on standard error from the first codes that were carried on."""
    bar = Progress(*COLUMNS, console=Console(stderr=True))
    task = bar.add_task(domain, total=before.left if before.under_way else before.codes)

    def advance(done: int) -> None:
        bar.start()  # not before the core has answered: a refusal stands alone
        bar.update(task, completed=done)

    try:
        yield advance
    finally:
        if bar.live.is_started:
            bar.stop()
