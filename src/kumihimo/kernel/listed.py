"""Rows that come inside another row, as JSON: so that one question brings what several would.

Each question that waits for the database costs a room more than what it asks.
"""

from functools import cache
from typing import Any, Final, LiteralString, TypeVar

import attrs
import msgspec

T = TypeVar("T")

_BEGINS: Final[LiteralString] = "(SELECT coalesce(json_agg(listed), '[]')::text FROM ("
_ENDS: Final[LiteralString] = ") AS listed)"


def listed(query: LiteralString) -> LiteralString:
    """Return a column that holds the rows of a query, in its order, for `read_listed`."""
    return _BEGINS + query + _ENDS


def read_listed(content: str, row: type[T]) -> list[T]:
    """Return each of the rows as a `row`, an attrs class; columns are matched by name."""
    found: list[dict[str, Any]] = msgspec.json.decode(content)
    for name in _binary(row):
        for one in found:
            if one[name] is not None:
                one[name] = bytes.fromhex(one[name].removeprefix("\\x"))
    return msgspec.convert(found, list[row], builtin_types=(bytes,))


@cache
def _binary(row: type[Any]) -> tuple[str, ...]:
    """Return the columns of bytes, which JSON has as PostgreSQL writes them."""
    columns = attrs.fields(attrs.resolve_types(row))
    return tuple(one.name for one in columns if one.type in (bytes, bytes | None))
