"""The story of the demo: one resident's tax data crosses institutions under sealed codes.

Every scene acts through the doors that a stranger would use (signed messages, the business API, a
person's own session) and checks what it shows; a scene that does not hold ends the demo.
"""

from datetime import timedelta
from typing import Final

import httpx2
import msgspec

from kumihimo.kernel.clock import JST
from kumihimo.kernel.keys import seal_payload
from kumihimo.rooms.gateway.business import Attributes, InquiryAnswer
from kumihimo.rooms.gateway.client import BusinessClient
from kumihimo.rooms.ledger.api import (
    MY_RECORDS_PATH,
    SESSIONS_PATH,
    MyRecords,
    OpenSession,
    Session,
)
from kumihimo.rooms.register import api as register
from kumihimo.run import settling
from kumihimo.run.demo_stage import (
    AFFAIRS,
    CHILD_ALLOWANCE,
    CLAIMANT,
    INCOME,
    LAYOUT,
    LEVY,
    LOCAL_TAX,
    SPECIAL_ALLOWANCE,
    Demo,
    must,
)
from kumihimo.run.family import Family
from kumihimo.run.settling import AFFAIR_OF
from kumihimo.run.telling import told
from kumihimo.statute.layouts import layouts

NO_MEDICAL_DATA: Final = (
    "児童手当のために医療の情報は得られない",
    "no medical data for a child allowance",
)
NO_CASE: Final = ("この事務の事案が開かれていない", "she has no open case of that affair")
NO_ASSESSMENT: Final = (
    "特定個人情報保護評価を公表していない",
    "its assessment (PIA) is not published",
)


async def settle(demo: Demo) -> None:
    """Tell everything that happened before the story."""
    street, world, teller = demo.street, demo.world, demo.teller
    teller.scene(1, "仮想の国が始まる", "A synthetic nation begins: every number is a test number.")
    offices = [
        (institution, table, len(world.office(institution, table)))
        for institution in street.plan.institutions
        for table in AFFAIR_OF
    ]
    with teller.progress() as bars:
        told = bars.add_task("異動の届出 events told", total=None)
        await settling.tell_register(
            street, world, lambda done: bars.update(told, completed=done, total=done)
        )
        numbered = bars.add_task("個人番号の指定 numbers", total=len(world.residents))
        done = await settling.designate_numbers(
            street, world, lambda count: bars.update(numbered, completed=count)
        )
        bars.update(numbered, completed=done, total=done)
        asked = bars.add_task(
            "本人確認の照会 strict inquiries", total=sum(n for _, _, n in offices)
        )
        for institution, table, count in offices:
            if count:
                await settling.register_persons(
                    street,
                    world,
                    institution,
                    table,
                    demo.matched,
                    lambda more: bars.advance(asked, more),
                )
        codes = bars.add_task("符号の取得 codes", total=len(street.plan.institutions))
        for institution in street.plan.institutions:
            await street.acquire(institution)
            bars.advance(codes)
        copied = bars.add_task("副本の登録 copies", total=len(street.plan.institutions))
        yesterday = (street.clock.now() - timedelta(days=1)).date().isoformat()
        for institution in street.plan.institutions:
            await settling.load_copies(street, world, institution, as_of=yesterday)
            bars.advance(copied)
    untied = len(demo.matched.untied)
    teller.say(
        f"{demo.matched.records:,} 件の記録のうち {untied:,} 件は4情報が一致せず、誰にも結び付けない。",
        f"Of {demo.matched.records:,} records, {untied:,} do not match strictly and are tied to nobody.",
    )


async def ask(demo: Demo, family: Family) -> InquiryAnswer:
    """Let the new town ask the old one."""
    teller = demo.teller
    teller.scene(
        6,
        "新しい町が、前の町に税の情報を照会する",
        "The new town asks the old one for tax data.",
    )
    mother = family.mother
    written = Attributes(
        name=mother.name, birth=mother.birth, sex=mother.sex, address=family.new_address
    )
    found = await demo.desk(
        family.new_town,
        lambda client: client.register_by_strict_inquiry(
            CLAIMANT, affair=CHILD_ALLOWANCE, attributes=written
        ),
    )
    must(found.outcome in {"REGISTERED", "ATTACHED"}, "the mother is found by her attributes")
    await demo.street.acquire_all(family.new_town)
    teller.say(
        "新しい町は4情報で母親を確かめ、符号を得て事案を開き、前の町に照会する。",
        "The new town identifies the mother by four attributes, gets a code of its own, opens"
        " a child-allowance case, and asks the old town.",
    )
    await demo.desk(
        family.new_town, lambda client: client.open_case(CLAIMANT, affair=CHILD_ALLOWANCE)
    )
    answer = await demo.desk(
        family.new_town,
        lambda client: client.ask_one(
            CLAIMANT,
            affair=CHILD_ALLOWANCE,
            provider=family.old_town,
            items=[INCOME, LEVY],
            layout=LAYOUT,
        ),
    )
    must(answer.outcome == "OK", "the tax data arrives")
    labels = {field.item: field.label for field in layouts()[LAYOUT].fields}
    teller.table(
        (("情報", "item"), ("値（円）", "value, yen"), ("基準日", "as of")),
        [
            (
                (labels[v.item], v.item),
                f"{v.value:,}" if isinstance(v.value, int) else str(v.value),
                v.as_of,
            )
            for v in answer.values
        ],
    )
    teller.good(
        "所得情報が届いた。コアシステムは番号も名前も中身も見ていない。",
        "The old town's tax data has arrived; the core between them saw no number, no name and"
        " none of it.",
    )
    return answer


async def refuse(demo: Demo, family: Family, unassessed: str) -> None:
    """Three questions that nobody may ask."""
    teller = demo.teller
    teller.scene(
        7,
        "認められない照会は拒否され、記録される",
        "What may not be asked is refused, and recorded.",
    )
    off_list = await demo.desk(
        family.new_town,
        lambda client: client.ask_one(
            CLAIMANT,
            affair=CHILD_ALLOWANCE,
            provider=family.old_town,
            items=["medical-insurance-benefit.copayment-percent"],
            layout="medical-insurance-benefit/2024",
        ),
    )
    no_case = await demo.desk(
        family.new_town,
        lambda client: client.ask_one(
            CLAIMANT, affair=LOCAL_TAX, provider=family.old_town, items=[INCOME], layout=LAYOUT
        ),
    )
    mother = family.mother
    written = Attributes(
        name=mother.name, birth=mother.birth, sex=mother.sex, address=family.new_address
    )

    def prefecture(client: BusinessClient) -> None:
        client.register_by_strict_inquiry(CLAIMANT, affair=SPECIAL_ALLOWANCE, attributes=written)
        client.open_case(CLAIMANT, affair=SPECIAL_ALLOWANCE)

    await demo.desk(unassessed, prefecture)
    await demo.street.acquire_all(unassessed)
    no_pia = await demo.desk(
        unassessed,
        lambda client: client.ask_one(
            CLAIMANT,
            affair=SPECIAL_ALLOWANCE,
            provider=family.old_town,
            items=[INCOME],
            layout=LAYOUT,
        ),
    )
    expected = (
        (off_list, "REFUSED_ITEM", family.new_town, NO_MEDICAL_DATA),
        (no_case, "REFUSED_CASE", family.new_town, NO_CASE),
        (no_pia, "REFUSED_PIA", unassessed, NO_ASSESSMENT),
    )
    for answer, outcome, _, _ in expected:
        must(answer.outcome == outcome, f"{outcome} instead of {answer.outcome}")
    teller.table(
        (("照会者", "who asks"), ("結果", "outcome"), ("理由", "why")),
        [(demo.name(who), told(outcome), why) for _, outcome, who, why in expected],
    )


async def read(demo: Demo, family: Family, number: str) -> MyRecords:
    """Let the mother read who asked for what, and why."""
    street, teller = demo.street, demo.teller
    teller.scene(
        8,
        "母親が、誰が何のために何を照会したかを読む",
        "The mother reads who asked for what, and why.",
    )
    await street.deliver()
    ticket = await _ticket(demo, family, number)
    async with httpx2.AsyncClient(base_url=demo.addresses["ledger"], trust_env=False) as http:
        opened = await http.post(
            SESSIONS_PATH,
            content=msgspec.json.encode(
                OpenSession(acquisition=ticket.acquisition, sealed=ticket.sealed)
            ),
            headers={"content-type": "application/json"},
        )
        must(opened.is_success, "her ticket opens a session")
        session = msgspec.json.decode(opened.content, type=Session)
        answer = await http.get(
            MY_RECORDS_PATH, headers={"authorization": f"Bearer {session.token}"}
        )
    mine = msgspec.json.decode(answer.content, type=MyRecords)
    labels = {f.item: f.label for layout in layouts().values() for f in layout.fields}
    teller.table(
        (
            ("日時", "when"),
            ("照会者 → 提供者", "who → asked whom"),
            ("事務", "why"),
            ("情報", "what"),
            ("結果", "outcome"),
        ),
        [
            (
                f"{record.requested_at.astimezone(JST):%m-%d\n%H:%M}",
                f"{demo.name(record.requester)}\n→ {demo.name(record.provider)}",
                AFFAIRS[record.affair],
                "\n".join(labels[item] for item in record.items),
                told(record.outcome),
            )
            for record in mine.records
        ],
    )
    outcomes = sorted(record.outcome for record in mine.records)
    must(
        outcomes == ["OK", "REFUSED_CASE", "REFUSED_ITEM", "REFUSED_PIA"],
        f"she sees every question about her, not {outcomes}",
    )
    teller.good(
        "提供だけでなく、拒否された照会もすべて見える。",
        "She sees every question about her, the refused ones too.",
    )
    return mine


async def _ticket(demo: Demo, family: Family, number: str) -> register.DisclosureTicket:
    """Return the ticket that her new town's counter gets for her, sealed to the ledger."""
    street, mother = demo.street, family.mother
    asked = register.DisclosureAsked(
        number=number,
        attributes=register.Attributes(
            name=mother.name, birth=mother.birth, sex=mother.sex, address=family.new_address
        ),
    )
    context = register.TICKET_PATH.encode()
    to = street.keys[register.PARTY].public.payload
    sealed = seal_payload(msgspec.json.encode(asked), to=to, context=context)
    ticket, _ = await street.caller(family.new_town).call(
        register.PARTY, register.TICKET_PATH, register.Sealed(sealed), register.DisclosureTicket
    )
    await street.deliver()
    return ticket
