"""Lists as PostgreSQL reads them: a batch is a statement with one list for each column.

psycopg looks at every element by itself. That was a tenth of a room's processor time in batches of
1,000; here texts, bytes and instants are written at once. Anything else, and a text that no column
can hold, is left to psycopg.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import psycopg
from psycopg.abc import Buffer
from psycopg.adapt import AdaptersMap
from psycopg.types.array import ListDumper
from typing_extensions import override

_NONE: Final = type(None)


class BatchDumper(ListDumper):
    """Writes a flat list of one type."""

    @override
    def dump(self, obj: list[Any]) -> Buffer | None:
        """Return the text of an array: the same values as psycopg's own."""
        kinds = set(map(type, obj)) - {_NONE}
        write = _WRITERS.get(kinds.pop()) if len(kinds) == 1 else None
        written = None if write is None else write(obj, self)
        return super().dump(obj) if written is None else written

    def one(self, value: object) -> bytes:
        """Return the text of one value, as psycopg writes it."""
        dumped = self._dump_item(value) if self.sub_dumper is None else self.sub_dumper.dump(value)
        assert dumped is not None, "only None is NULL"
        return bytes(dumped)


def _texts(values: Sequence[str | None], _: BatchDumper) -> bytes | None:
    whole = "".join(filter(None, values))
    if "\0" in whole:
        return None
    if '"' in whole or "\\" in whole:
        values = [v and v.replace("\\", "\\\\").replace('"', '\\"') for v in values]
    return _array(["NULL" if v is None else f'"{v}"' for v in values]).encode()


def _bytes(values: Sequence[bytes | None], _: BatchDumper) -> bytes:
    return _array(["NULL" if v is None else f'"\\\\x{v.hex()}"' for v in values]).encode()


def _instants(values: Sequence[datetime | None], dumper: BatchDumper) -> bytes:
    # Those of a batch are mostly one instant.
    seen: dict[datetime | None, str] = {None: "NULL"}
    for value in values:
        if value not in seen:
            seen[value] = f'"{dumper.one(value).decode()}"'
    return _array([seen[value] for value in values]).encode()


def _array(values: Sequence[str]) -> str:
    return "{" + ",".join(values) + "}"


_WRITERS: Final[Mapping[type, Callable[[Any, BatchDumper], bytes | None]]] = {
    str: _texts,
    bytes: _bytes,
    datetime: _instants,
}


def adapters() -> AdaptersMap:
    """Return psycopg's adapters, with lists written at once."""
    found = AdaptersMap(psycopg.adapters)
    found.register_dumper(list, BatchDumper)
    return found
