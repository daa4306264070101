"""Towns and municipalities that are called otherwise today: mergers and changes of names.

No table is shipped: none that has the towns was found with a licence. Whoever has one brings it, as
lines of four columns with tabs between: the day from which the new name holds (2019-05-01), `town`
or `municipality`, the name before and the name after, each as an address is written, prefecture
first. A line of a municipality renames every town in it. `#` begins a remark.

A name that another town took over later cannot be told from the old one: leave such a line out.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final, Self

import attrs

from kumihimo.kernel.refusal import BadInput
from kumihimo.people.addresses import AddressParts, address_parts

LINES_MAX: Final = 200_000  # our choice: above every change of a town's name since 1950
_COLUMNS: Final = 4
_SCOPES: Final = frozenset({"town", "municipality"})


class BadRenaming(BadInput):
    """A line of a table of renamings has no day, no scope or no two places."""

    code = "bad-renaming"
    title = "The table of renamings has a line that is none"


@attrs.frozen
class Renaming:
    """From `since` on `before` is called `after`; `whole`: with every town in it."""

    since: date
    whole: bool
    before: AddressParts
    after: AddressParts

    @classmethod
    def parse(cls, line: str) -> Self:
        """Read a line of a table. Raises `BadRenaming`."""
        columns = line.split("\t")
        if len(columns) != _COLUMNS or columns[1] not in _SCOPES:
            raise BadRenaming("day, town or municipality, name before, name after, tabs between")
        try:
            since = date.fromisoformat(columns[0])
        except ValueError:
            raise BadRenaming("the day is not written as 2019-05-01") from None
        before, after = (address_parts(name) for name in columns[2:])
        for parts in (before, after):
            if not parts.prefecture or not parts.city + parts.town or parts.lot:
                raise BadRenaming("a name is a place in its prefecture, without a lot")
        return cls(since, columns[1] == "municipality", before, after)


@attrs.frozen(eq=False)
class Renamings:
    """A table of renamings by the place that they change."""

    towns: Mapping[str, Sequence[Renaming]]
    municipalities: Mapping[str, Sequence[Renaming]]

    @classmethod
    def parse(cls, text: str, *, on: date) -> Self:
        """Read a table as it holds on a day. Raises `BadRenaming`, which names the line."""
        lines = text.splitlines()
        if len(lines) > LINES_MAX:
            raise BadRenaming(f"at most {LINES_MAX} lines, {len(lines)} were given")
        towns: defaultdict[str, list[Renaming]] = defaultdict(list)
        municipalities: defaultdict[str, list[Renaming]] = defaultdict(list)
        for number, line in enumerate(lines, start=1):
            if not line.strip() or line.startswith("#"):
                continue
            try:
                one = Renaming.parse(line)
            except BadRenaming as refused:
                raise BadRenaming(f"line {number}: {refused.detail}") from None
            if one.since <= on:
                (municipalities if one.whole else towns)[_place(one.before)].append(one)
        return cls(towns, municipalities)

    def renamed(self, parts: AddressParts) -> AddressParts:
        """Return the parts under the names of the day, one change after the other.

        Lot, building and room stay. Where the prefecture is open and two have such a name, nothing
        is changed.
        """
        used: list[Renaming] = []
        while True:
            since = used[-1].since if used else date.min
            next_ones = [one for one in self._of(parts) if one.since >= since and one not in used]
            if len({one.before.prefecture for one in next_ones}) != 1:
                return parts
            used.append(min(next_ones, key=lambda one: one.since))
            parts = _moved(parts, used[-1])

    def _of(self, parts: AddressParts) -> list[Renaming]:
        place = _place(parts)
        found = list(self.towns.get(place, ()))
        for length in range(1, len(place) + 1):
            found += self.municipalities.get(place[:length], ())
        return [one for one in found if parts.prefecture in {"", one.before.prefecture}]


def _place(parts: AddressParts) -> str:
    return parts.city + parts.town


def _moved(parts: AddressParts, by: Renaming) -> AddressParts:
    rest = _place(parts).removeprefix(_place(by.before))
    return attrs.evolve(
        parts, prefecture=by.after.prefecture, city=by.after.city, town=by.after.town + rest
    )
