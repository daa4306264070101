"""A wrong link was corrected: who received wrong data, who saw another's, and who is told.

Jane's tax data stands in Osaka's record "7", which was tied to John. Minato asked about John and got
hers; John read hers in the portal; Osaka asked Nagoya about "7" and got his.
"""

from datetime import timedelta

import msgspec

from kumihimo.kernel.ids import new_id
from kumihimo.kernel.seal import seal
from kumihimo.rooms.gateway import consequences, persons
from kumihimo.rooms.gateway.api import (
    PROVISIONS_PATH,
    WITHDRAWN_PATH,
    Provide,
    Provisions,
    WithdrawnProvisions,
)
from kumihimo.rooms.gateway.business_links import LinkCorrected, LinkSuspended
from kumihimo.rooms.gateway.domain.providing import SELF_INFORMATION
from kumihimo.rooms.gateway.numbers import NUMBER_LABEL, VaultEntry
from kumihimo.rooms.linkage import api as linkage
from kumihimo.rooms.linkage.domain.sheets import sign_sheets
from kumihimo.rooms.register.api import Attributes
from tests.federation.desk import open_desk
from tests.federation.street import ALLOWANCE, INCOME, LAYOUT, MINATO, NAGOYA, OSAKA
from tests.federation.test_exchange import (
    JOHN,
    ask,
    load_copy,
    question,
    settle_in,
)

JOHN_WRITTEN = Attributes(
    name="佐藤 太郎", birth="1960-01-01", sex="1", address="大阪府堺市堺区南瓦町3番1号"
)


async def tie(street, person, number):
    """Let the vault hold a number for a person."""
    tenant, database = street.tenants[OSAKA], street.gateways[OSAKA][0].gateway.database
    tag = tenant.locker.tag(number.encode(), label=NUMBER_LABEL)
    entry = msgspec.json.encode(VaultEntry(number=number, attributes=JOHN_WRITTEN))
    locked = tenant.locker.lock(entry, label=persons.vault_label(tenant, person), block=1024)
    async with database.transaction(institution=OSAKA) as tx:
        await tx.execute(
            "INSERT INTO vault (institution, person, number_tag, locked, source)"
            " VALUES (%s, %s, %s, %s, 'card')",
            (OSAKA, person, tag, locked),
        )


async def look(street, person_key):
    """Read of oneself by the portal, with a sheet that is signed here: no session is needed."""
    code, version = await street.acquire(OSAKA, person_key)
    now, book = street.clock.now(), street.book.current()
    permit = linkage.Permit(
        permit=new_id(street.entropy),
        affair=SELF_INFORMATION,
        items=(INCOME,),
        layout=LAYOUT,
        person=seal(code, to=book.receiving(OSAKA), entropy=street.entropy),
    )
    sheet = linkage.PermitSheet(
        requester="ledger",
        requester_payload_key=book.active("ledger").keys.payload,
        provider=OSAKA,
        list_version="",
        issued_at=now,
        expires_at=now + timedelta(hours=1),
        version=version,
        permits=(permit,),
    )
    [signed] = sign_sheets([sheet], street.keys["linkage"])
    answer, _ = await street.caller("ledger").call(
        OSAKA, PROVISIONS_PATH, Provide(signed), Provisions
    )
    return answer.provisions[0].outcome


async def mistaken(street):
    """Play the mistake through; returns Osaka's desk and Minato's answer about John."""
    wrong, _ = await settle_in(street, OSAKA, "7", JOHN, case=ALLOWANCE)
    await tie(street, wrong, "123456789018")
    await load_copy(street, OSAKA, wrong, {INCOME: 3_210_000})
    johns, _ = await settle_in(street, NAGOYA, "70", JOHN)
    await load_copy(street, NAGOYA, johns, {INCOME: 1})
    await settle_in(street, MINATO, "200", JOHN, case=ALLOWANCE)
    [given] = await ask(street, question("200"))
    [right] = await ask(street, question("200", provider=NAGOYA))
    [taken] = await ask(street, question("7", provider=NAGOYA), institution=OSAKA)
    assert [a.outcome for a in (given, right, taken)] == ["OK", "OK", "OK"]
    assert await look(street, JOHN) == "OK"
    return await open_desk(street, OSAKA), given, right


async def correct(desk):
    link = LinkSuspended(addressee="7", ground="household", case="case-1")
    await desk(lambda c: c.suspend_links([link], officer="o1"))
    await desk(
        lambda c: c.correct_link(
            LinkCorrected(addressee="7", case="case-1", officer="o1", approver="o2", source="none")
        )
    )


def test_everyone_who_received_wrong_data_and_everyone_whose_data_was_shown_is_listed_and_told(
    on_street,
):
    async def story(street):
        desk, given, right = await mistaken(street)
        await correct(desk)
        early = await desk(lambda c: c.consequences("7", case="case-1"))
        assert (early.ready, early.exchanges) == (False, ())
        assert await consequences.run_once(desk.room.gateway, desk.tenant) == 1
        assert await consequences.run_once(desk.room.gateway, desk.tenant) == 0, "told once"
        found = await desk(lambda c: c.consequences("7", case="case-1"))
        assert [(e.kind, e.institution, e.affair, e.items) for e in found.exchanges] == [
            ("given", MINATO, ALLOWANCE, (INCOME,)),
            ("taken", NAGOYA, ALLOWANCE, (INCOME,)),
            ("seen", "ledger", SELF_INFORMATION, (INCOME,)),
        ]
        assert all(e.certain for e in found.exchanges)
        assert (found.ready, found.leak.types, found.leak.persons) == (True, ("1a",), 2)
        await street.deliver()
        [(sender, report)] = street.leaks
        assert (sender, report.leak, report.stage) == (OSAKA, found.leak.leak, "known")

        minato = await open_desk(street, MINATO)
        [gone] = await minato(lambda c: c.answers([given.inquiry]))
        assert (gone.values, gone.withheld) == ((), "withdrawn")
        [kept] = await minato(lambda c: c.answers([right.inquiry]))
        assert (kept.values, kept.withheld) == (right.values, "")
        [told] = await minato(lambda c: c.withdrawn())
        assert (told.addressees, told.provider, told.items) == (("200",), OSAKA, (INCOME,))

        letters = await desk(lambda c: c.notices())
        assert sorted((n.kind, n.addressee, n.name) for n in letters) == [
            ("you-saw-anothers-data", "", JOHN_WRITTEN.name),
            ("your-data-went-astray", "", JOHN_WRITTEN.name),
            ("your-data-went-astray", "7", ""),
        ]
        for letter in letters:
            await desk(lambda c, n=letter.notice: c.notice_sent(n, officer="o1"))
        assert await desk(lambda c: c.notices()) == ()

    on_street(story)


def test_who_reads_of_herself_is_told_that_somebody_looks_and_nothing_goes_out_meanwhile(
    on_street,
):
    async def story(street):
        desk, _, _ = await mistaken(street)
        link = LinkSuspended(addressee="7", ground="reported", case="case-1")
        await desk(lambda c: c.suspend_links([link], officer="o1"))
        assert await look(street, JOHN) == "PENDING_MANUAL"
        [waiting] = await desk(lambda c: c.waiting())
        assert (waiting.requester, waiting.affair) == ("ledger", SELF_INFORMATION)
        await desk(lambda c: c.confirm_link("7", case="case-1", officer="o1", approver="o2"))
        assert await desk(lambda c: c.decide(waiting.permit, "provide", officer="o1")) == "OK"
        assert await look(street, JOHN) == "OK"

    on_street(story)


def test_nobody_takes_back_what_another_institution_gave(on_street):
    async def story(street):
        _, given, _ = await mistaken(street)
        room, _ = street.gateways[MINATO]
        async with room.gateway.database.transaction(institution=MINATO) as tx:
            permit = await tx.value(
                "SELECT permit FROM inquiry WHERE inquiry = %(i)s", {"i": given.inquiry}
            )
        notice = WithdrawnProvisions((permit,))

        async def take_back(sender):
            answer, _ = await street.caller(sender).call(
                MINATO, WITHDRAWN_PATH, notice, linkage.Received
            )
            return answer.new

        assert await take_back(NAGOYA) == 0
        assert [await take_back(OSAKA), await take_back(OSAKA)] == [1, 0]
        minato = await open_desk(street, MINATO)
        [gone] = await minato(lambda c: c.answers([given.inquiry]))
        assert (gone.values, gone.withheld) == ((), "withdrawn")

    on_street(story)
