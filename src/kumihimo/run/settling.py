"""Settling a synthetic nation on a street: everything that happened before the story begins.

Municipalities tell register of their residents, numbers are designated, every office registers
the people of its records by strict inquiry, acquires their codes and loads its copies.
"""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Final

import attrs
import msgspec

from kumihimo.kernel.keys import seal_payload
from kumihimo.rooms.gateway import copies, persons
from kumihimo.rooms.gateway.business import BATCH_MAX as PERSONS_MAX
from kumihimo.rooms.gateway.business import Attributes, Registration
from kumihimo.rooms.register import api as register
from kumihimo.rooms.register.numbers import designate_all
from kumihimo.run.plan import Plan
from kumihimo.run.street import Street
from kumihimo.statute.law import Institution, institutions
from kumihimo.world.nation import World
from kumihimo.world.notices import COPIES, copies_file, notices

Progress = Callable[[int], None]

PIA_DAY: Final = date(2025, 4, 1)
GATEWAYS: Final = ("gateway-east", "gateway-west")
# What an office registers a person for: an affair of 別表 that its records serve (our choice).
AFFAIR_OF: Final = {
    "local_tax": "b024",
    "child_allowance": "b081",
    "pension": "b048",
    "medical_insurance": "b044",
    "resident_record": "b081",
}


def plan_of(world: World, *, unassessed: str = "") -> Plan:
    """Return a federation of a world's institutions: two gateways, as two vendors would run.

    `unassessed` names an institution that has not published its PIA.
    """
    names = [str(name) for name in world.institutions["institution"]]
    kinds = dict(zip(names, world.institutions["kind"], strict=True))
    known = {one.institution for one in institutions()}
    insurers = {"insurer", "elderly-union"}
    more = [
        Institution(name, label, ("medical-insurer",) if kinds[name] in insurers else ())
        for name, label in world.institutions.select("institution", "name").iter_rows()
        if name not in known
    ]
    return Plan(
        gateways={GATEWAYS[0]: names[0::2], GATEWAYS[1]: names[1::2]},
        assessed={name: PIA_DAY for name in (*names, "ledger") if name != unassessed},
        more=more,
    )


def municipalities(world: World) -> list[str]:
    """Return the institution ids of a world's municipalities."""
    table = world.institutions.filter(world.institutions["kind"] == "municipality")
    return [str(name) for name in table["institution"]]


async def tell_register(street: Street, world: World, progress: Progress) -> int:
    """Send every event to register, as signed and sealed batches; returns how many."""
    told = 0
    for notice in notices(world, street.entropy):
        await send_events(street, notice.sender, notice.events)
        told += len(notice.events)
        progress(told)
    return told


async def send_events(street: Street, sender: str, events: Sequence[register.Event]) -> None:
    """Send one municipality's events to register."""
    payload = msgspec.json.encode(register.EventBatch(tuple(events)))
    to = street.keys[register.PARTY].public.payload
    sealed = seal_payload(payload, to=to, context=register.EVENTS_PATH.encode())
    await street.caller(sender).call(
        register.PARTY, register.EVENTS_PATH, register.Sealed(sealed), register.EventsTaken
    )


async def designate_numbers(street: Street, world: World, progress: Progress) -> int:
    """Have a number designated for every resident of every municipality; returns how many."""
    done = 0
    for sender in municipalities(world):
        done += await designate_all(street.register.register, sender)
        progress(done)
    for notice in notices(world, street.entropy, after_numbering=True):
        await send_events(street, notice.sender, notice.events)
    return done


@attrs.define
class Matched:
    """How many records were asked about, and which (office, record) no number was found for."""

    records: int = 0
    untied: set[tuple[str, str]] = attrs.field(factory=set[tuple[str, str]])


async def register_persons(
    street: Street,
    world: World,
    institution: str,
    table: str,
    matched: Matched,
    progress: Progress,
) -> None:
    """Register the people of one office's records by strict inquiry, as the office wrote them."""
    room, tenant = street.room_of(institution), street.tenant(institution)
    records = world.office(institution, table).select(
        "record_id", "name", "birth_date", "sex", "address"
    )
    for part in records.iter_slices(PERSONS_MAX):
        people = [
            Registration(
                addressee=record,
                source="strict-inquiry",
                affair=AFFAIR_OF[table],
                attributes=Attributes(name=name, birth=birth, sex=sex, address=address),
            )
            for record, name, birth, sex, address in part.iter_rows()
        ]
        report = await persons.register_persons(room.gateway, tenant, people)
        matched.records += len(people)
        matched.untied |= {
            (institution, one.addressee) for one in report.persons if one.outcome == "NO_MATCH"
        }
        progress(len(people))


async def load_copies(street: Street, world: World, institution: str, *, as_of: str) -> int:
    """Load an office's files of copies, leaving out people it could not tie; returns how many."""
    room, tenant = street.room_of(institution), street.tenant(institution)
    loaded = 0
    for layout in COPIES:
        content = copies_file(world, institution, layout, as_of=as_of)
        if content is None:
            continue
        file = copies.File(
            content=content, layout=layout, form="csv", encoding="utf-8", skip_bad=True
        )
        report = await copies.load(room.gateway, tenant, file)
        loaded += report.rows_good
    return loaded
