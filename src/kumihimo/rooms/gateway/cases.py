"""Cases (事案): the reason why an institution may ask about a person at all."""

from collections.abc import Sequence

from kumihimo.kernel import journal
from kumihimo.kernel.ids import new_id
from kumihimo.kernel.refusal import BadInput, Conflict, NotAllowed, NotFound
from kumihimo.rooms.gateway import store_persons as store
from kumihimo.rooms.gateway.business import Case, CloseCase, OpenCase
from kumihimo.rooms.gateway.context import Gateway, Tenant
from kumihimo.rooms.gateway.locked import case_tag
from kumihimo.rooms.gateway.persons import require_batch, unknown_addressee


async def open_cases(
    gateway: Gateway,
    tenant: Tenant,
    cases: Sequence[OpenCase],
    *,
    affairs: frozenset[str] | None = None,
) -> tuple[Case, ...]:
    """Open cases, all or none; answers in the order given.

    `affairs` are those that the caller handles (None: every one). Raises `NotFound` for an unknown
    addressee number, `BadInput` for a day to come, `NotAllowed` for an affair of another office.
    """
    require_batch(len(cases), "cases")
    today = gateway.today()
    for index, case in enumerate(cases):
        if affairs is not None and case.affair not in affairs:
            raise NotAllowed(
                "this client does not handle that affair", pointer=f"cases[{index}].affair"
            )
        if case.opened_on is not None and case.opened_on > today:
            raise BadInput("a case opens today or opened before", pointer=f"cases[{index}]")
    async with gateway.database.transaction(institution=tenant.institution) as tx:
        persons = await store.by_addressee(tx, [case.addressee for case in cases])
        for index, case in enumerate(cases):
            if case.addressee not in persons:
                raise unknown_addressee(f"cases[{index}].addressee")
        rows = [
            store.CaseRow(
                case_file=new_id(gateway.entropy),
                affair=case.affair,
                opened_on=case.opened_on or today,
                closed_on=None,
            )
            for case in cases
        ]
        tags = [case_tag(tenant, persons[case.addressee]) for case in cases]
        await store.add_cases(tx, tenant.institution, rows, tags)
        line = journal.JournalLine(
            act="cases-opened", actor=tenant.institution, detail={"cases": len(rows)}
        )
        await journal.write(tx, line, at=gateway.clock.now())
    return tuple(_case(row, case.addressee) for row, case in zip(rows, cases, strict=True))


async def close_case(
    gateway: Gateway, tenant: Tenant, closing: CloseCase, *, affairs: frozenset[str] | None = None
) -> Case:
    """Close a case. Raises `NotFound`, `NotAllowed`, and `Conflict` when it is closed already."""
    on = closing.closed_on or gateway.today()
    async with gateway.database.transaction(institution=tenant.institution) as tx:
        row = await store.case(tx, closing.case)
        if row is None:
            raise NotFound("no such case of this institution", pointer="case")
        if affairs is not None and row.affair not in affairs:
            raise NotAllowed("this client does not handle that affair", pointer="case")
        if row.closed_on is not None:
            raise Conflict("this case is closed already", pointer="case")
        if not row.opened_on <= on <= gateway.today():
            raise BadInput("a case closes from its first day until today", pointer="closed_on")
        await store.close_case(tx, closing.case, on)
        line = journal.JournalLine(act="case-closed", actor=tenant.institution, detail={"cases": 1})
        await journal.write(tx, line, at=gateway.clock.now())
    return Case(
        case=row.case_file, addressee="", affair=row.affair, opened_on=row.opened_on, closed_on=on
    )


async def cases_of(gateway: Gateway, tenant: Tenant, addressee: str) -> tuple[Case, ...]:
    """Return a person's cases, the latest first; `NotFound` for an unknown addressee number."""
    async with gateway.database.transaction(institution=tenant.institution) as tx:
        person = (await store.by_addressee(tx, [addressee])).get(addressee)
        if person is None:
            raise unknown_addressee("addressee")
        rows = await store.cases_of(tx, case_tag(tenant, person))
    return tuple(_case(row, addressee) for row in rows)


def _case(row: store.CaseRow, addressee: str) -> Case:
    return Case(
        case=row.case_file,
        addressee=addressee,
        affair=row.affair,
        opened_on=row.opened_on,
        closed_on=row.closed_on,
    )
