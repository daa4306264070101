"""Counts below ten are not told, and what is told with them does not give them back.

Primary suppression hides counts of 1 to 9. Complementary suppression hides further cells until each
hidden one could have another value: a table with totals is a network in which units move round
circles of hidden cells, and a cell that no circle passes could be worked out.
"""

from collections.abc import Iterable, Sequence
from typing import Final, TypeAlias

SMALL: Final = 10
Table: TypeAlias = Sequence[Sequence[int]]
Cell: TypeAlias = tuple[int, int]


def with_totals(counts: Table) -> list[list[int]]:
    """Return the table with its sums to the right and below."""
    rows = [[*row, sum(row)] for row in counts]
    return [*rows, [sum(column) for column in zip(*rows, strict=True)]]


def hidden(table: Table, *, also: Iterable[Cell] = ()) -> set[Cell]:
    """Return the cells of a table with totals that are not told; `also` are hidden anyway.

    The last row and the last column are totals. A zero is told: it is nobody.
    """
    cells = {(i, j) for i, row in enumerate(table) for j in range(len(row))}
    found = {(i, j) for i, j in cells if 0 < table[i][j] < SMALL} | set(also)
    while given_away := [cell for cell in sorted(found) if not _could_differ(table, found, cell)]:
        more = _cheapest(table, cells - found, given_away[0])
        if more is None:
            return cells  # nothing is left to hide behind
        found.add(more)
    return found


def _could_differ(table: Table, found: set[Cell], cell: Cell) -> bool:
    """Say whether a circle of hidden cells lets this one be one more or one less."""
    i, j = cell
    row, column = ("row", i), ("column", j)
    arcs: dict[tuple[str, int], set[tuple[str, int]]] = {}
    for one in found - {cell}:
        a, b = ("row", one[0]), ("column", one[1])
        if _may_rise(table, one):
            arcs.setdefault(a, set()).add(b)
        if _may_fall(table, one):
            arcs.setdefault(b, set()).add(a)
    rises = _may_rise(table, cell) and _reached(arcs, column, row)
    return rises or (_may_fall(table, cell) and _reached(arcs, row, column))


def _may_rise(table: Table, cell: Cell) -> bool:
    """Say whether a cell may rise as the network counts: totals on one margin count downwards."""
    return not _is_margin(table, cell) or table[cell[0]][cell[1]] > 1


def _may_fall(table: Table, cell: Cell) -> bool:
    # A hidden cell is known not to be zero, since zeros are told.
    return _is_margin(table, cell) or table[cell[0]][cell[1]] > 1


def _is_margin(table: Table, cell: Cell) -> bool:
    return (cell[0] == len(table) - 1) != (cell[1] == len(table[0]) - 1)


def _reached(
    arcs: dict[tuple[str, int], set[tuple[str, int]]], start: tuple[str, int], end: tuple[str, int]
) -> bool:
    seen, waiting = {start}, [start]
    while waiting:
        at = waiting.pop()
        if at == end:
            return True
        more = arcs.get(at, set()) - seen
        seen |= more
        waiting += more
    return False


def _cheapest(table: Table, told: set[Cell], cell: Cell) -> Cell | None:
    """Return the least told count to hide for a cell: in its row or column, else anywhere."""
    here = [one for one in told if (one[0] == cell[0]) != (one[1] == cell[1])]
    for some in (here, told):
        counted = [one for one in some if table[one[0]][one[1]] > 0]
        if counted:
            return min(counted, key=lambda one: (table[one[0]][one[1]], one))
    return None
