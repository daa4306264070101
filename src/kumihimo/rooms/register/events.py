"""Taking events of the resident register (異動) from the municipality of residence."""

import asyncio
from typing import Final

from kumihimo.kernel.refusal import Conflict
from kumihimo.rooms.register import numbers, store
from kumihimo.rooms.register.api import EventBatch, EventsTaken
from kumihimo.rooms.register.context import Register, require_batch
from kumihimo.rooms.register.domain.changes import changes
from kumihimo.rooms.register.domain.intake import Book, codes_of, take
from kumihimo.rooms.register.domain.residents import encode
from kumihimo.rooms.register.telling import tell

_ASIDE_FROM: Final = 100  # events; below it a thread costs more than it frees


async def take_events(register: Register, sender: str, batch: EventBatch) -> EventsTaken:
    """Record a batch, whole or not at all; what came before counts nothing.

    Raises the refusals of `domain.refusals`, pointing at `events[i]`. The day of recording is the
    clock's: nobody can state it, so nobody can date it back (only `effective_on` may lie before).
    """
    require_batch(len(batch.events), "events")
    register.institution(sender)
    today = register.today()
    bodies = [(event, encode(event)) for event in batch.events]
    async with register.database.transaction() as tx:
        codes = await store.holders(tx, codes_of(batch.events))
        book = Book(
            people=await store.histories(tx, set(codes.values())),
            codes=codes,
            events=await store.known_events(tx, [event.event for event in batch.events]),
            ids=await store.fresh_ids(tx, len(bodies)),
        )
        before = {p: history.present for p, history in book.people.items() if history.open}
        if len(bodies) < _ASIDE_FROM:
            plan = take(book, bodies, sender=sender, space=register.space, today=today)
        else:
            plan = await asyncio.to_thread(
                take, book, bodies, sender=sender, space=register.space, today=today
            )
        if plan.new:
            saved = await store.save(tx, plan, book.people, sender=sender, recorded_on=today)
            if not saved:
                raise Conflict("another batch wrote of the same residents; send this one again")
            await numbers.renumber(register, tx, plan.renumber)
            await tell(register, tx, changes(before, book, plan), book)
        await register.journal(tx, "events-taken", sender, new=len(plan.new))
    return EventsTaken(new=len(plan.new))
