"""Designating individual numbers (Number Act art. 7, 8), one by one and by the municipality."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from kumihimo.kernel.sql import Tx
from kumihimo.people.numbers import ResidentCode
from kumihimo.rooms.register import store_numbers as store
from kumihimo.rooms.register.api import Designate, Designated, Designations
from kumihimo.rooms.register.context import Register, require_batch
from kumihimo.rooms.register.domain.conversion import NUMBERS_PER_CODE
from kumihimo.rooms.register.domain.intake import LOCAL_GOVERNMENT
from kumihimo.rooms.register.domain.refusals import NumbersExhausted, UnknownResident, at
from kumihimo.rooms.register.store_numbers import Candidate

BULK: Final = 5_000  # residents in one transaction: about a second of work to lose at a crash

Progress = Callable[[int, int], None]


async def designate(register: Register, sender: str, asked: Designate) -> Designations:
    """Give each named resident a number; whoever has one keeps it.

    Raises `UnknownResident`, pointing at `resident_codes[i]`, for a code that is nobody's now and
    for a resident of another municipality.
    """
    require_batch(len(asked.resident_codes), "resident_codes")
    register.institution(sender)
    async with register.database.transaction() as tx:
        found = await store.by_codes(tx, asked.resident_codes)
        for index, code in enumerate(asked.resident_codes):
            holder = found.get(code)
            if holder is None or sender != LOCAL_GOVERNMENT + holder.municipality:
                raise at(UnknownResident(), f"resident_codes[{index}]")
        wanting = [holder for holder in found.values() if not holder.number_body]
        bodies = {code: holder.number_body for code, holder in found.items()}
        bodies |= await _give(register, tx, wanting)
        await register.journal(tx, "numbers-designated", sender, new=len(wanting))
    return Designations(
        tuple(
            Designated(resident_code=code, number=register.number(bodies[code]))
            for code in asked.resident_codes
        )
    )


async def designate_all(
    register: Register, sender: str, *, progress: Progress | None = None
) -> int:
    """Give every resident of the sender that has none a number; returns how many.

    For register's operator, when a municipality has asked for all of its own. `progress` is told
    (done, in all) at the start and after each transaction. Repeatable: it goes on where it was.
    """
    municipality = sender.removeprefix(LOCAL_GOVERNMENT)
    async with register.database.transaction() as tx:
        total = await store.count_numberless(tx, municipality)
    done = 0
    if progress is not None:
        progress(done, total)
    while True:
        async with register.database.transaction() as tx:
            wanting = await store.numberless(tx, municipality, BULK)
            if not wanting:
                return done
            await _give(register, tx, wanting)
            await register.journal(tx, "numbers-designated", sender, new=len(wanting))
        done += len(wanting)
        if progress is not None:
            progress(done, max(total, done))


async def renumber(register: Register, tx: Tx, persons: Sequence[int]) -> None:
    """Give persons a fresh number each (art. 7(2)), in this transaction; the old is spent."""
    rest = list(persons)
    while rest:  # a person twice in one batch gets two, one after the other
        once = list(dict.fromkeys(rest))
        for person in once:
            rest.remove(person)
        found = await store.by_persons(tx, once)
        await _give(register, tx, list(found.values()))


async def _give(register: Register, tx: Tx, wanting: Sequence[Candidate]) -> dict[str, str]:
    """Return the bodies given, by resident code; the first count that meets no known number."""
    given: dict[str, str] = {}
    rest = list(wanting)
    for count in range(NUMBERS_PER_CODE):
        if not rest:
            return given
        bodies = await asyncio.to_thread(_convert, register, rest, count)
        got = await store.designate(tx, [c.person for c in rest], bodies, on=register.today())
        for candidate, body in zip(rest, bodies, strict=True):
            if candidate.person in got:
                given[candidate.resident_code] = body
        rest = [candidate for candidate in rest if candidate.person not in got]
    if rest:
        raise NumbersExhausted
    return given


def _convert(register: Register, wanting: Sequence[Candidate], count: int) -> list[str]:
    codes = [ResidentCode.parse(c.resident_code, space=register.space) for c in wanting]
    return register.conversion.bodies(codes, count)
