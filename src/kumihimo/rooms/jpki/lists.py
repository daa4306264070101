"""Publishing lists: each day, and at once when a certificate on it changes its status."""

import asyncio
from collections.abc import Sequence

from cryptography import x509

from kumihimo.rooms.jpki import store, store_lists
from kumihimo.rooms.jpki.context import Jpki
from kumihimo.rooms.jpki.domain.lint import lint_list, sign
from kumihimo.rooms.jpki.domain.lists import EVERY, VALID_FOR, ListWanted, unsigned_list
from kumihimo.rooms.jpki.store_lists import DueRow, ListedRow, ListRow

# pkilint takes about a millisecond for an entry, and all entries are made alike.
LINTED_ENTRIES_MAX = 500


async def publish_due(jpki: Jpki) -> int:
    """Make one list that is due; returns 1, or 0 when none is.

    A certificate that has ended stays until it was on one list that was made after its end.
    """
    now = jpki.clock.now().replace(microsecond=0)
    async with jpki.database.transaction() as tx:
        due = await store_lists.claim_due(tx, jpki.clock.now())
        if due is None:
            return 0
        last = await store_lists.latest(tx, due.ca, due.generation, due.part)
        entries = await store_lists.listed(tx, due, since=last.this_update if last else now)
        authority = await store.authority(tx, due.ca, due.generation)
        number = await store_lists.next_number(tx, due.ca, due.part)
        wanted = ListWanted(
            ca=due.ca,
            part=due.part,
            number=number,
            issuer_key=authority.public(),
            this_update=now,
            next_update=now + VALID_FOR,
        )
        der = await asyncio.to_thread(_made, jpki, authority, wanted, entries)
        await store_lists.add_list(tx, _row(due, wanted, der), due_at=now + EVERY)
        await jpki.journal(
            tx, "list-published", "jpki", ca=due.ca, number=number, entries=len(entries)
        )
    return 1


def _row(due: DueRow, wanted: ListWanted, der: bytes) -> ListRow:
    return ListRow(
        ca=due.ca,
        generation=due.generation,
        part=due.part,
        number=wanted.number,
        this_update=wanted.this_update,
        next_update=wanted.next_update,
        der=der,
    )


def _made(
    jpki: Jpki, authority: store.AuthorityRow, wanted: ListWanted, entries: Sequence[ListedRow]
) -> bytes:
    whole = unsigned_list(wanted, entries)
    sample = whole
    if len(entries) > LINTED_ENTRIES_MAX:
        sample = unsigned_list(wanted, entries[:: len(entries) // LINTED_ENTRIES_MAX + 1])
    linted = lint_list(whole, sample=sample, signer=authority.key_kind)
    der = sign(linted, lambda tbs: jpki.key_store.sign(authority.key_label, tbs))
    made = x509.load_der_x509_crl(der)
    assert made.is_signature_valid(authority.public()), "the store signs with the key that it shows"
    return der
