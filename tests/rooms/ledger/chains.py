"""What tests know of the numbered chains: how a record becomes certain, and what must hold of every chain."""

import attrs
import psycopg

from kumihimo.kernel.listed import read_listed
from kumihimo.rooms.ledger import chain, store, store_seen
from kumihimo.rooms.ledger.store import Reader, Wanted
from kumihimo.rooms.ledger.store_seen import NamedRow
from tests.rooms.ledger.logs import holds_together


def both(house, record, person="", **changes):
    """Return both ends of a record, the provider's of `person`."""
    requester = house.end(record, side="requester", **changes)
    return [requester, house.end(record, person, **changes)]


async def certain(house, *records):
    """Deliver records with the last words of both sides."""
    return await house.deliver(*records, ends=[e for one in records for e in both(house, one)])


@attrs.frozen
class Row:
    chain: str
    number: int
    record: str
    before: bytes | None
    leaf: bytes
    place: int | None


async def rows(house):
    """Return every link of a chain that is somebody's, by chain and number."""
    async with house.database.transaction() as tx:
        return await tx.rows(
            "SELECT l.chain, l.number, l.record, l.before, l.leaf, l.place FROM person_link l"
            " JOIN person_chain c ON c.chain = l.chain WHERE c.person IS NOT NULL"
            " ORDER BY l.chain, l.number",
            {},
            Row,
        )


async def chains(house):
    """Return the records of each chain in the order of their numbers; fails where one is not whole."""
    found = {}
    before = {}
    for row in await rows(house):
        records = found.setdefault(row.chain, [])
        records.append(row.record)
        assert row.number == len(records), "a gap, or a number twice"
        assert row.before == before.get(row.chain), "another link before"
        before[row.chain] = row.leaf
    assert all(len(set(records)) == len(records) for records in found.values())
    return found


async def placed(house):
    """Put every link into the log; fails where one stands there twice or elsewhere than it says."""
    while await chain.place(house.ledger):
        pass
    found = await rows(house)
    entries = await holds_together(house, 1 + max(row.place for row in found))
    for row in found:
        assert entries[row.place] == bytes(row.leaf)
        assert entries.count(bytes(row.leaf)) == 1


@attrs.frozen
class _Code:
    person: bytes


async def pages_show_what_is_seen(house, silent_before):
    """Fail where somebody's page, which trusts numbers, names other records than a look at every end."""
    async with house.database.transaction() as tx:
        codes = await tx.rows(
            "SELECT person FROM record UNION SELECT person FROM record_end"
            " WHERE person IS NOT NULL",
            {},
            _Code,
        )
        for code in codes:
            reader = Reader([bytes(code.person)], silent_before)
            for wanted in (Wanted(limit=200), Wanted(limit=200, outcome="REFUSED_ITEM")):
                shown = await store_seen.page(tx, reader, wanted)
                looked_up = await store.mine(tx, reader, wanted)
                names = [one.record for one in read_listed(shown.records, NamedRow)]
                assert names == [one.record for one in looked_up]


def by_superuser(postgres, house, *statements):
    with psycopg.connect(postgres.admin(f"kumihimo_{house.name}").reveal()) as admin:
        admin.execute("SET session_replication_role = replica")
        for statement in statements:
            admin.execute(statement)
