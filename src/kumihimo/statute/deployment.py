"""What a deployment adds to the law's own tables, and the list that comes of it.

Institutions of its own, further entries, 準法定事務, ordinances: in this order, for each stands on
what comes before it, and none of them can widen what it stands on.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import attrs
import msgspec

from kumihimo.kernel.refusal import BadInput
from kumihimo.statute.law import (
    Institution,
    affairs,
    build_list,
    class_names,
    institutions,
    old_entries,
    self_information,
)
from kumihimo.statute.ordinances import ordinance_entries, read_ordinances
from kumihimo.statute.positive_list import Entry, PositiveList, amended
from kumihimo.statute.quasi_affairs import quasi_entries, read_quasi_affairs
from kumihimo.statute.tabular import SEPARATOR, Line, read_file, read_lines, refuse_bad

COLUMNS: Final = ("institution", "name", "classes")
# What the operators' log can name as a party (kernel.log).
_INSTITUTION: Final = re.compile(r"(?=.{1,48}\Z)[a-z]{1,15}(?:-[a-z]{1,15}|-[0-9]{1,6})*")


class Named(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An institution that the law's tables do not name, with the classes that entries name."""

    institution: str
    name: str
    classes: tuple[str, ...] = ()


class Deployment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A deployment's file (JSON).

    `quasi_affairs` and `ordinances` name files beside it; `load_deployment` puts what they say
    among `entries`.
    """

    institutions: tuple[Named, ...] = ()
    entries: tuple[Entry, ...] = ()
    quasi_affairs: str = ""
    ordinances: str = ""

    def positive_list(self) -> PositiveList:
        """Return the law's list with what this deployment adds."""
        more = [Institution(one.institution, one.name, one.classes) for one in self.institutions]
        return build_list(more, amended((*old_entries(), self_information()), self.entries))


@attrs.frozen(kw_only=True)
class Assembled:
    """A list with everything that was given, the bodies it knows, and the words of each affair."""

    law: PositiveList
    more: tuple[Institution, ...]
    affairs: Mapping[str, str]

    @property
    def institutions(self) -> tuple[Institution, ...]:
        """Return the institutions of the law's tables and those of the deployment."""
        return (*institutions(), *self.more)

    def with_quasi_affairs(self, content: bytes) -> "Assembled":
        """Add a file of 準法定事務. Raises `BadRows`."""
        found = read_quasi_affairs(content, self.law)
        return self._with(quasi_entries(found, self.law), {one.affair: one.name for one in found})

    def with_ordinances(self, content: bytes) -> "Assembled":
        """Add a file of ordinances. Raises `BadRows`."""
        found = read_ordinances(content, self.law)
        return self._with(ordinance_entries(found), {one.affair: one.ordinance for one in found})

    def _with(self, entries: Sequence[Entry], words: Mapping[str, str]) -> "Assembled":
        law = build_list(self.more, (*self.law.entries, *entries))
        return attrs.evolve(self, law=law, affairs={**self.affairs, **words})


def assemble(more: Sequence[Institution] = (), entries: Sequence[Entry] = ()) -> Assembled:
    """Return the law's list with institutions and entries of a deployment. Raises `BadInput`."""
    law = build_list(more, amended((*old_entries(), self_information()), entries))
    words = {entry.affair: entry.affair for entry in law.entries}
    words |= {affair.affair: affair.text for affair in affairs()}
    return Assembled(law=law, more=tuple(more), affairs=words)


def read_institutions(content: bytes) -> tuple[Institution, ...]:
    """Read a file of institutions that the law's tables do not name. Raises `BadRows`."""
    lines = read_lines(content, COLUMNS)
    named = {name for e in old_entries() for name in (*e.requesters, *e.providers)}
    classes = class_names() | named
    taken = {one.institution for one in institutions()} | classes | {"any", "ledger"}
    found = [_institution(line, taken, classes) for line in lines]
    refuse_bad(lines)
    return tuple(found)


def deployment_institutions(path: Path) -> tuple[Institution, ...]:
    """Return a file's institutions: TSV, a JSON array, or a deployment's whole file.

    Raises `BadInput`; `BadRows` when it can say which row.
    """
    content = read_file(path)
    if content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        return _checked(_decoded(path, content).institutions)
    return read_institutions(content)


def load_deployment(path: Path) -> Deployment:
    """Read a deployment's file and those it names. Raises `BadInput` with file and reason."""
    found = _decoded(path, read_file(path))
    whole = assemble(_checked(found.institutions), found.entries)
    before = len(whole.law.entries)
    if found.quasi_affairs:
        whole = whole.with_quasi_affairs(read_file(path.parent / found.quasi_affairs))
    if found.ordinances:
        whole = whole.with_ordinances(read_file(path.parent / found.ordinances))
    entries = (*found.entries, *whole.law.entries[before:])
    return msgspec.structs.replace(found, entries=entries, quasi_affairs="", ordinances="")


def _decoded(path: Path, content: bytes) -> Deployment:
    try:
        return msgspec.json.decode(content, type=Deployment)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadInput(f"{path}: not a deployment's JSON: {error}") from error


def _checked(named: Sequence[Named]) -> tuple[Institution, ...]:
    return read_institutions(msgspec.json.encode(named)) if named else ()


def _institution(line: Line, taken: set[str], known: frozenset[str]) -> Institution:
    name = line.matching("institution", _INSTITUTION, "an id like kenpo-kumihimo")
    if name in taken:
        line.refuse("institution", "is the id of another institution, or of a class")
    taken.add(name)
    # Not `names`: a class may be words of the law, `unmapped:…`, which are no id.
    whole = line.cells["classes"]
    classes = tuple(one.strip() for one in whole.split(SEPARATOR)) if whole else ()
    for place, one in enumerate(classes, start=1):
        if one not in known:
            line.refuse("classes", f"name {place} is no class that the law's tables name")
    return Institution(name, line.text("name"), classes)
