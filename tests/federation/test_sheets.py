"""What a provider believes of a permit sheet: nothing but what it can check itself."""

from datetime import timedelta

import msgspec
import pytest

from kumihimo.kernel.ids import new_id
from kumihimo.kernel.net import Refused
from kumihimo.kernel.seal import seal
from kumihimo.rooms.gateway.api import PROVISIONS_PATH, Provide, Provisions
from kumihimo.rooms.linkage.api import Permit, PermitSheet
from kumihimo.rooms.linkage.domain.sheets import sign_sheets
from tests.federation.street import ALLOWANCE, INCOME, LAYOUT, MINATO, NAGOYA, OSAKA
from tests.federation.test_exchange import JANE, jane_moves


async def sheet_of(street, **changes):
    """Return a sheet about Jane from Minato to Osaka, as an honest core would word it."""
    code, version = await street.acquire(OSAKA, JANE)
    person = seal(code, to=street.keys[OSAKA].public.receiving_point(), entropy=street.entropy)
    now = street.clock.now()
    permit = Permit(
        permit=new_id(street.entropy),
        affair=ALLOWANCE,
        items=(INCOME,),
        layout=LAYOUT,
        person=person,
    )
    sheet = PermitSheet(
        requester=MINATO,
        requester_payload_key=street.keys[MINATO].public.payload,
        provider=OSAKA,
        list_version="x",
        issued_at=now,
        expires_at=now + timedelta(hours=1),
        version=version,
        permits=(permit,),
    )
    return msgspec.structs.replace(sheet, **changes)


def signed(street, sheet, signer="linkage"):
    [one] = sign_sheets([sheet], street.keys[signer])
    return one


async def present(street, one, *, by=MINATO):
    answer, _ = await street.caller(by).call(OSAKA, PROVISIONS_PATH, Provide(one), Provisions)
    return answer.provisions


async def provided(street):
    database = street.gateways[OSAKA][0].gateway.database
    async with database.transaction(institution=OSAKA) as tx:
        return await tx.value("SELECT count(*) FROM provision")


def test_a_sheet_that_the_core_signed_is_answered(on_street):
    async def story(street):
        await jane_moves(street)
        [provision] = await present(street, signed(street, await sheet_of(street)))
        assert provision.outcome == "OK"
        assert await provided(street) == 1

    on_street(story)


def test_a_sheet_that_somebody_else_signed_or_changed_is_not_believed(on_street):
    async def story(street):
        await jane_moves(street)
        good = signed(street, await sheet_of(street))
        body = good.body.replace(b"total-income", b"dependants")
        for bad in (
            signed(street, await sheet_of(street), MINATO),
            signed(street, await sheet_of(street), "register"),
            msgspec.structs.replace(good, body=body),
            msgspec.structs.replace(good, signature=bytes(64)),
            msgspec.structs.replace(good, key_id="linkage#0000000000000000"),
            msgspec.structs.replace(good, provider=NAGOYA),
        ):
            with pytest.raises(Refused) as refusal:
                await present(street, bad)
            assert refusal.value.reason == "not-authentic"
        assert await provided(street) == 0

    on_street(story)


def test_a_sheet_for_another_provider_requester_or_key_opens_nothing(on_street):
    async def story(street):
        await jane_moves(street)
        for changes in (
            {"provider": NAGOYA},
            {"requester": NAGOYA},
            {"requester_payload_key": street.keys[NAGOYA].public.payload},
        ):
            one = signed(street, await sheet_of(street, **changes))
            with pytest.raises(Refused) as refusal:
                await present(street, one)
            assert refusal.value.reason == "not-allowed"
        stolen = signed(street, await sheet_of(street))
        with pytest.raises(Refused) as refusal:
            await present(street, stolen, by=NAGOYA)
        assert refusal.value.reason == "not-allowed"
        assert await provided(street) == 0

    on_street(story)


def test_a_sheet_whose_time_is_over_is_refused(on_street):
    async def story(street):
        await jane_moves(street)
        one = signed(street, await sheet_of(street))
        street.clock.advance(timedelta(hours=1))
        with pytest.raises(Refused) as refusal:
            await present(street, one)
        assert refusal.value.reason == "conflict"

    on_street(story)


@pytest.mark.parametrize(
    ("affair", "items", "outcome"),
    [
        (ALLOWANCE, ("medical-insurance-benefit.copayment-percent",), "REFUSED_ITEM"),
        ("b048", (INCOME,), "REFUSED_AFFAIR"),
    ],
)
def test_a_core_that_passes_what_is_off_the_list_is_stopped_by_the_provider(
    on_street, affair, items, outcome
):
    async def story(street):
        await jane_moves(street)
        sheet = await sheet_of(street)
        [permit] = sheet.permits
        off = msgspec.structs.replace(permit, affair=affair, items=items)
        one = signed(street, msgspec.structs.replace(sheet, permits=(off,)))
        [provision] = await present(street, one)
        assert (provision.outcome, provision.sealed) == (outcome, b"")

    on_street(story)


def test_a_sheet_presented_twice_gives_one_answer_and_one_record(on_street):
    async def story(street):
        await jane_moves(street)
        one = signed(street, await sheet_of(street))
        assert await present(street, one) == await present(street, one)
        database = street.gateways[OSAKA][0].gateway.database
        async with database.transaction(institution=OSAKA) as tx:
            assert await tx.value("SELECT count(*) FROM exchange_record") == 1

    on_street(story)
