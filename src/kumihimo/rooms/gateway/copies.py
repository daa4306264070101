"""Loading copies (副本) from files of business systems, and taking them back.

A file is loaded whole or not at all, or by choice without its bad rows, which come back. A copy
that is older than one held before, withdrawn or not, is refused: what was corrected stays away.
"""

import asyncio
import csv
import io
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Final

import attrs

from kumihimo.kernel import journal
from kumihimo.kernel.ids import new_id
from kumihimo.kernel.refusal import BadInput, NotFound
from kumihimo.kernel.sql import Tx
from kumihimo.rooms.gateway import store_copies as store
from kumihimo.rooms.gateway import store_persons
from kumihimo.rooms.gateway.business import BadLine, Copies, CopyInfo, CopyOf, LoadReport
from kumihimo.rooms.gateway.business_looks import CopiesOf
from kumihimo.rooms.gateway.context import Gateway, Tenant
from kumihimo.rooms.gateway.domain.copy_rows import (
    ADDRESSEE,
    AS_OF,
    BadRow,
    Checked,
    GoodRow,
    check,
)
from kumihimo.rooms.gateway.domain.files import (
    Encoding,
    Form,
    Table,
    read_table,
    read_text,
)
from kumihimo.rooms.gateway.locked import CopyContent, lock_copy, unlock_copy
from kumihimo.rooms.gateway.persons import unknown_addressee
from kumihimo.statute.layouts import layouts

BAD_LISTED: Final = 1_000


@attrs.frozen(kw_only=True)
class File:
    """A file as it was sent. `encoding` None: told from the bytes."""

    content: bytes
    layout: str
    form: Form
    encoding: Encoding | None
    skip_bad: bool


async def load(gateway: Gateway, tenant: Tenant, file: File) -> LoadReport:
    """Load a file. Raises `BadFile` when it cannot be read at all."""
    layout = layouts().get(file.layout)
    if layout is None:
        known = ", ".join(sorted(layouts()))
        raise BadInput(f"no such layout; known are {known}", pointer="layout")
    text = await asyncio.to_thread(read_text, file.content, file.encoding)
    table = await asyncio.to_thread(read_table, text, file.form)
    checked = await asyncio.to_thread(check, table, layout, today=gateway.today())
    digest = tenant.locker.tag(file.layout.encode() + b"|" + file.content, label=b"load-file")
    now = gateway.clock.now()
    async with gateway.database.transaction(institution=tenant.institution) as tx:
        await store.lock_info(tx, tenant.institution, layout.information)
        last = await store.last_load(tx, layout.information)
        if last is not None and bytes(last.file_digest) == digest:
            return _repeated(last)
        persons = await store_persons.by_addressee(tx, [row.addressee for row in checked.good])
        held = await store.latest(tx, layout.information, list(persons.values()))
        good, bad = _against_the_database(checked, persons, held)
        row = store.LoadRow(
            load=new_id(gateway.entropy),
            info=layout.information,
            layout=layout.layout,
            file_digest=digest,
            rows_good=len(good),
            rows_bad=len({one.row for one in bad}),
            loaded_at=now,
        )
        loaded = bool(good) and (file.skip_bad or not bad)
        if loaded:
            await _store(tx, tenant, row, good, persons, held)
        detail = {"good": len(good), "bad": row.rows_bad, "loaded": int(loaded)}
        line = journal.JournalLine(act="copies-loaded", actor=tenant.institution, detail=detail)
        await journal.write(tx, line, at=now)
    return LoadReport(
        load=row.load if loaded else "",
        loaded=loaded,
        repeated=False,
        rows_good=len(good),
        rows_bad=row.rows_bad,
        bad=tuple(BadLine(row=b.row, column=b.column, why=b.why) for b in bad[:BAD_LISTED]),
        rejects=_rejects(table, bad) if loaded and bad else "",
    )


def _repeated(last: store.LoadRow) -> LoadReport:
    return LoadReport(
        load=last.load,
        loaded=True,
        repeated=True,
        rows_good=last.rows_good,
        rows_bad=last.rows_bad,
    )


def _against_the_database(
    checked: Checked, persons: Mapping[str, str], held: Mapping[str, store.Latest]
) -> tuple[list[GoodRow], list[BadRow]]:
    good: list[GoodRow] = []
    bad = list(checked.bad)
    seen: set[str] = set()
    for row in checked.good:
        person = persons.get(row.addressee)
        older = person is not None and person in held and held[person].as_of > row.as_of
        if person is None:
            bad.append(BadRow(row.row, ADDRESSEE, "stands for no registered person"))
        elif person in seen:
            bad.append(BadRow(row.row, ADDRESSEE, "stands for the person of an earlier row too"))
        elif older:
            bad.append(BadRow(row.row, AS_OF, "is older than a copy that was held before"))
        else:
            seen.add(person)
            good.append(row)
    return good, sorted(bad, key=lambda one: one.row)


async def _store(
    tx: Tx,
    tenant: Tenant,
    row: store.LoadRow,
    good: Sequence[GoodRow],
    persons: Mapping[str, str],
    held: Mapping[str, store.Latest],
) -> None:
    await store.add_load(tx, tenant.institution, row)
    replaced = [held[persons[g.addressee]].copy for g in good if persons[g.addressee] in held]
    await store.retire(tx, replaced)
    new = await asyncio.to_thread(
        lambda: [_copy(tenant, row.info, g, persons[g.addressee], held) for g in good]
    )
    await store.add_copies(tx, tenant.institution, row, new)


def _copy(
    tenant: Tenant, info: str, row: GoodRow, person: str, held: Mapping[str, store.Latest]
) -> store.NewCopy:
    content = CopyContent(
        values=row.payload,
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        no_automatic_answer=row.no_automatic_answer,
        addressee=row.addressee,
    )
    return store.NewCopy(
        person=person,
        as_of=row.as_of,
        supersedes=held[person].copy if person in held else None,
        locked=lock_copy(tenant, person, info, content),
    )


def _rejects(table: Table, bad: Sequence[BadRow]) -> str:
    """Return the bad rows as they came, each once, with its reasons in front."""
    raw = {row.number: row.raw for row in table.rows}
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(("why", *table.header))
    for row, of_row in groupby(bad, key=lambda one: one.row):
        why = "; ".join(f"{one.column}: {one.why}" if one.column else one.why for one in of_row)
        writer.writerow((why, *raw[row]))
    return out.getvalue()


async def withdraw(gateway: Gateway, tenant: Tenant, which: CopyOf) -> int:
    """Take a person's copy out of force; returns its number. Raises `NotFound`.

    What was given out stays on record: `answers.recipients` finds who received it.
    """
    async with gateway.database.transaction(institution=tenant.institution) as tx:
        lines = await store.of_person(tx, which.addressee, which.info)
        current = [line.copy for line in lines if line.current]
        if not await store.retire(tx, current):
            raise NotFound("no copy is in force for this person", pointer="addressee")
        line = journal.JournalLine(
            act="copy-withdrawn", actor=tenant.institution, detail={"copies": len(current)}
        )
        await journal.write(tx, line, at=gateway.clock.now())
    return current[0]


async def of_person(gateway: Gateway, tenant: Tenant, which: CopiesOf) -> Copies:
    """List a person's copies of one kind, the latest first; `NotFound` when she is not known."""
    async with gateway.database.transaction(institution=tenant.institution) as tx:
        if which.addressee not in await store_persons.by_addressee(tx, [which.addressee]):
            raise unknown_addressee("addressee")
        lines = await store.of_person(tx, which.addressee, which.info)
    return Copies(tuple(_info(tenant, line) for line in lines))


def _info(tenant: Tenant, line: store.CopyLine) -> CopyInfo:
    content = unlock_copy(tenant, line.person, line.info, line.locked)
    return CopyInfo(
        copy=line.copy,
        layout=line.layout,
        as_of=line.as_of,
        valid_from=content.valid_from,
        valid_to=content.valid_to,
        supersedes=line.supersedes,
        current=line.current,
        no_automatic_answer=content.no_automatic_answer,
        load=line.load,
    )
