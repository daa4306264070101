"""A superuser behind the rooms' backs on a cluster, and what each room tells of him."""

import msgspec
import psycopg

from tests.federation.processes import until
from tests.federation.standing import connect, rows

# Of each room a table that it changes itself, so that nothing but who wrote tells of it.
CHANGES = {
    "linkage": ("domain", "UPDATE domain SET version = version"),
    "ledger": ("record", "UPDATE record SET permit = permit"),
}
SLOTS = (
    "SELECT slot_name FROM pg_replication_slots"
    " WHERE slot_type = 'logical' AND failover AND NOT temporary AND invalidation_reason IS NULL"
)


def change(cluster, room):
    """Change rows as a superuser; returns when two machines have it."""
    with connect(cluster, room) as admin:
        admin.execute("SET session_replication_role = replica")
        assert admin.execute(CHANGES[room][1].encode()).rowcount > 0, "there was a row"


def told(cluster, room):
    """Return what a room told of its rows: what it was, and of which table."""
    lines = rows(cluster, room, "SELECT detail FROM journal WHERE act = 'rows-touched'")
    details = [msgspec.json.decode(detail) for (detail,) in lines]
    return [(one["what"], one.get("table")) for one in details]


def tells_of(cluster, room, times):
    """Wait until a room told of its table's change so often, and of nothing else."""
    until(lambda: len(told(cluster, room)) >= times)
    assert told(cluster, room) == [("rows-unvouched", CHANGES[room][0])] * times


def slots(cluster, node):
    dsn = cluster.admin_at(node.port).reveal()
    with psycopg.connect(dsn, autocommit=True) as admin:
        return {name for (name,) in admin.execute(SLOTS)}


def are_taken_along(cluster, node, rooms):
    """Wait until a server that follows has the slots of so many rooms."""
    until(lambda: len(slots(cluster, node)) == rooms)
    assert slots(cluster, node) == slots(cluster, cluster.leader())
