"""Edits by a superuser at the end of a simulation, one in each place, and who has to find them.

A room looks for itself after edits of its journal, the ledger of its rows, oversight of its state:
within a minute. What lies at the core and at institutions is held against what the others hold
by the checker (`accounts`).
"""

from collections.abc import Mapping

import attrs
import psycopg

from tests.rooms.ledger.test_checking import EDITS as LEDGER_ROWS
from tests.simulation.accounts import judge
from tests.simulation.books import read
from tests.simulation.federation import INSTITUTIONS
from tests.simulation.quiet import all_check, all_found

LOOKS_IN_A_MINUTE = 6
MIDDLE = "seq = (SELECT (min(seq) + max(seq)) / 2 FROM journal)"
JOURNAL: Mapping[str, str] = {
    "an edited word": f"UPDATE journal SET actor = 'somebody' WHERE {MIDDLE}",
    "an edited count": f"UPDATE journal SET detail = '{{\"n\":99}}' WHERE {MIDDLE}",
    "back-dated": f"UPDATE journal SET at = at - interval '1 day' WHERE {MIDDLE}",
    "taken out": f"DELETE FROM journal WHERE {MIDDLE}",
    "the last taken out": "DELETE FROM journal WHERE seq = (SELECT max(seq) FROM journal)",
    "put in": (
        "INSERT INTO journal SELECT seq + 1, at, act, actor, detail, digest FROM journal"
        " WHERE seq = (SELECT max(seq) FROM journal)"
    ),
    "turned back": (
        "WITH gone AS (DELETE FROM journal WHERE seq = (SELECT max(seq) FROM journal)"
        " RETURNING seq) UPDATE journal_head SET seq = gone.seq - 1, digest = (SELECT digest"
        " FROM journal j WHERE j.seq = gone.seq - 1) FROM gone WHERE gone.seq > 1"
    ),
}
STATE: Mapping[str, str] = {
    "a smaller log": "UPDATE witnessed SET size = size - 1",
    "another log": "UPDATE witnessed SET root = decode(repeat('aa', 32), 'hex')",
    "no log": "DELETE FROM witnessed",
}
OTHERWISE = "outcome = CASE outcome WHEN 'NO_DATA' THEN 'STALE_LAYOUT' ELSE 'NO_DATA' END"
ONE = "permit = (SELECT permit FROM exchange ORDER BY permit LIMIT 1)"
END = "permit = (SELECT permit FROM exchange_said ORDER BY permit LIMIT 1)"
CORE: Mapping[str, str] = {
    "another outcome": (
        f"UPDATE exchange_terms SET {OTHERWISE}"
        f" WHERE (month, terms) IN (SELECT month, terms FROM exchange WHERE {ONE})"
    ),
    "another institution": f"UPDATE exchange SET requester = 'lg-131041' WHERE {ONE}",
    "back-dated": (
        f"UPDATE exchange SET requested_at = requested_at - interval '1 day' WHERE {ONE}"
    ),
    "taken out": f"DELETE FROM exchange WHERE {ONE}",
    "its words taken out": (
        "DELETE FROM exchange_terms"
        f" WHERE (month, terms) IN (SELECT month, terms FROM exchange WHERE {ONE})"
    ),
    "put in": (
        "INSERT INTO exchange (requested_at, expires_at, month, record, permit, inquiry, terms,"
        " requester, digest, person, case_reference) SELECT requested_at, expires_at, month,"
        " gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), terms, requester, digest,"
        f" person, case_reference FROM exchange WHERE {ONE}"
    ),
    "an end that says otherwise": f"UPDATE exchange_said SET {OTHERWISE} WHERE {END}",
    "an end back-dated": f"UPDATE exchange_said SET at = at - interval '1 hour' WHERE {END}",
    "an end taken out": f"DELETE FROM exchange_said WHERE {END}",
}
OWN = "record = (SELECT min(record) FROM exchange_record WHERE outcome = 'OK')"
HOME: Mapping[str, str] = {
    "another outcome": f"UPDATE exchange_record SET {OTHERWISE} WHERE {OWN}",
    "another peer": f"UPDATE exchange_record SET peer = 'lg-131041' WHERE {OWN}",
    "taken out": f"DELETE FROM exchange_record WHERE {OWN}",
    "put in": (
        "INSERT INTO exchange_record (institution, side, peer, affair, items, outcome,"
        " list_version, requested_at, provided_at, hidden, detail_locked) SELECT institution,"
        " side, peer, affair, items, outcome, list_version, requested_at, provided_at, hidden,"
        f" detail_locked FROM exchange_record WHERE {OWN}"
    ),
    "a question back-dated": (
        "UPDATE inquiry SET asked_at = asked_at - interval '1 day'"
        " WHERE inquiry = (SELECT min(inquiry) FROM inquiry WHERE outcome = 'OK')"
    ),
    "a question taken out": (
        "DELETE FROM inquiry WHERE inquiry = (SELECT min(inquiry) FROM inquiry)"
    ),
}


@attrs.frozen
class Edits:
    """What was planted, each with its place, and what of that was found."""

    planted: tuple[str, ...]
    found: tuple[str, ...]

    @property
    def undetected(self):
        """Return what nobody found."""
        return frozenset(f"undetected: {one}" for one in set(self.planted) - set(self.found))


async def edit_and_look(federation, truth, admin, rng):
    """Plant an edit in each place, give the rooms a minute, and say what was found."""

    def plant(place, party, statements):
        for name in rng.sample(sorted(statements), k=len(statements)):
            if _touched(admin(f"kumihimo_{federation.names[party]}"), statements[name]):
                return {place: f"{place}: {name}"}
        return {}

    def wrong():
        books = read(admin, federation.names, federation.tenants)
        return judge(books, truth.asked, sent=truth.sent).wrong

    planted, found, known = {}, set(), wrong()
    home = rng.choice(INSTITUTIONS)
    for place, party, statements in (
        ("rows of linkage", "linkage", CORE),
        (f"rows of {home}", home, HOME),
    ):
        planted |= plant(place, party, statements)
        now = wrong()
        found |= {place} if now - known else set()
        known = now
    rows = {name: statement for name, (statement, _) in LEDGER_ROWS.items()}
    for party in federation.anchors:
        planted |= plant(f"journal of {party}", party, JOURNAL)
    planted |= plant("state of oversight", "oversight", STATE)
    planted |= plant("rows of ledger", "ledger", rows)
    for _ in range(LOOKS_IN_A_MINUTE):
        await all_check(federation, edited=True)
    found |= {place for place, what in all_found(federation).items() if what}
    return Edits(tuple(planted.values()), tuple(planted[one] for one in planted if one in found))


def _touched(dsn, statement):
    """Run a statement around all triggers; returns whether it did anything.

    Some need more rows than a simulation has, and then change nothing or are against a constraint.
    """
    try:
        with psycopg.connect(dsn.reveal()) as connection:
            connection.execute("SET session_replication_role = replica")
            cursor = connection.execute(statement.encode())
            touched = cursor.rowcount
            while cursor.nextset():
                touched += cursor.rowcount
            connection.execute("SELECT pg_stat_force_next_flush()")
    except psycopg.IntegrityError:
        return False
    return touched > 0
