"""SQL on the keys of namesakes that an older canonical form made."""

from collections.abc import Sequence

import attrs

from kumihimo.kernel.sql import Tx


@attrs.frozen(repr=False)
class OutdatedRow:
    """A card or an application whose key an older canonical form made."""

    id: str
    name: str
    birth: str


async def outdated_cards(tx: Tx, limit: int) -> list[OutdatedRow]:
    """Return cards whose keys are of another version than `NAME_FORM_VERSION`, locked."""
    return await tx.rows(
        "SELECT card AS id, name, birth FROM card WHERE NOT starts_with(name_key, '2:')"
        " LIMIT %(limit)s FOR UPDATE SKIP LOCKED",
        {"limit": limit},
        OutdatedRow,
    )


async def outdated_applications(tx: Tx, limit: int) -> list[OutdatedRow]:
    """Return applications whose keys are of another version than `NAME_FORM_VERSION`, locked."""
    return await tx.rows(
        "SELECT application AS id, name, birth FROM application"
        " WHERE NOT starts_with(name_key, '2:') LIMIT %(limit)s FOR UPDATE SKIP LOCKED",
        {"limit": limit},
        OutdatedRow,
    )


async def put_cards(tx: Tx, keys: Sequence[tuple[str, str]]) -> None:
    """Put new keys in the place of outdated ones."""
    await tx.put(
        "UPDATE card SET name_key = k.key"
        " FROM unnest(%(ids)s::text[], %(keys)s::text[]) AS k (id, key) WHERE card = k.id",
        {"ids": [one for one, _ in keys], "keys": [key for _, key in keys]},
    )


async def put_applications(tx: Tx, keys: Sequence[tuple[str, str]]) -> None:
    """Put new keys in the place of outdated ones."""
    await tx.put(
        "UPDATE application SET name_key = k.key"
        " FROM unnest(%(ids)s::text[], %(keys)s::text[]) AS k (id, key) WHERE application = k.id",
        {"ids": [one for one, _ in keys], "keys": [key for _, key in keys]},
    )
