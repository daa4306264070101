"""The core's door for questions: each id once, each question on record, nothing off the list."""

import random
from collections import Counter
from datetime import timedelta

import msgspec
import pytest

from kumihimo.kernel.ids import new_id
from kumihimo.kernel.net import Refused
from kumihimo.kernel.seal import seal
from kumihimo.rooms.linkage import api, inside_api
from kumihimo.rooms.linkage.domain.sheets import PERMIT_LIFETIME
from tests.federation.conftest import on_street
from tests.federation.street import ALLOWANCE, INCOME, LAYOUT, MINATO, OSAKA
from tests.federation.test_exchange import JANE, JOHN
from tests.rooms.linkage.domain.test_judge import AFFAIRS, BODIES, ITEMS, allowed

__all__ = ("on_street",)
ASKERS = (MINATO, "lg-130001", "nenkin", "mext")
GROUNDS = {"REFUSED_REQUESTER", "REFUSED_AFFAIR", "REFUSED_PROVIDER", "REFUSED_ITEM"}


async def made(street, person=JANE, *, by=MINATO, **changes):
    """Return an inquiry about a person, as an honest requester would word it."""
    code, version = await street.acquire(by, person)
    keys = {name: street.keys[name].public.receiving_point() for name in (OSAKA, "ledger")}
    plain = api.Inquiry(
        inquiry=new_id(street.entropy),
        affair=ALLOWANCE,
        provider=OSAKA,
        items=(INCOME,),
        layout=LAYOUT,
        case="none",
        for_provider=seal(code, to=keys[OSAKA], entropy=street.entropy),
        for_ledger=seal(code, to=keys["ledger"], entropy=street.entropy),
        version=version,
    )
    return msgspec.structs.replace(plain, **changes)


async def put(street, *inquiries, by=MINATO):
    grants, _ = await street.caller(by).call(
        "linkage", api.INQUIRIES_PATH, api.InquiryBatch(inquiries), api.Grants
    )
    return grants


async def recorded(street):
    async with street.linkage.core.database.transaction() as tx:
        found = await tx.connection.execute(
            "SELECT outcome, count(*) FROM exchange_record GROUP BY 1"
        )
        return {str(outcome): int(count) for outcome, count in await found.fetchall()}


def permits_of(street, grants):
    sheets = [api.verify_sheet(sheet, street.book) for sheet in grants.sheets]
    return [permit.permit for sheet in sheets for permit in sheet.permits]


def test_the_same_inquiry_always_gives_the_same_permit_and_one_record(on_street):
    async def story(street):
        one = await made(street)
        first = await put(street, one)
        again = await put(street, await made(street), one)
        assert first.granted[0] == again.granted[1]
        assert permits_of(street, first) == [first.granted[0].permit]
        assert first.granted[0].permit in permits_of(street, again)
        assert await recorded(street) == {"OK": 2}
        await street.deliver()
        assert {r.record for r in await street.records_of(JANE)} == set()
        street.clock.advance(timedelta(days=4))
        assert len(await street.records_of(JANE)) == 2

    on_street(story)


@pytest.mark.parametrize(
    "changes", [{"provider": "mext"}, {"items": ("local-tax.losses",)}, {"hidden": True}]
)
def test_another_inquiry_under_a_used_id_is_a_duplicate_and_gets_no_permit(on_street, changes):
    async def story(street):
        one = await made(street)
        await put(street, one)
        grants = await put(street, msgspec.structs.replace(one, **changes))
        assert [(g.outcome, g.permit) for g in grants.granted] == [("DUPLICATE", "")]
        assert grants.sheets == ()
        other = await made(street, JOHN, inquiry=one.inquiry)
        assert (await put(street, other)).granted[0].outcome == "DUPLICATE"
        assert await recorded(street) == {"OK": 1}

    on_street(story)


def test_an_id_that_another_institution_used_is_not_known_to_this_one(on_street):
    async def story(street):
        one = await made(street)
        first = await put(street, one)
        theirs = await made(street, by=OSAKA, inquiry=one.inquiry, provider=MINATO)
        second = await put(street, theirs, by=OSAKA)
        assert [g.outcome for g in (*first.granted, *second.granted)] == ["OK", "OK"]
        assert first.granted[0].permit != second.granted[0].permit

    on_street(story)


@pytest.mark.parametrize("same", [True, False])
def test_an_id_that_stands_twice_in_a_batch_gives_no_permit_at_all(on_street, same):
    async def story(street):
        one = await made(street)
        two = one if same else await made(street, JOHN, inquiry=one.inquiry)
        with pytest.raises(Refused) as refusal:
            await put(street, await made(street), one, two)
        assert refusal.value.remote.pointer == "inquiries[2].inquiry"
        assert await recorded(street) == {}

    on_street(story)


@pytest.mark.parametrize("half", ["for_provider", "for_ledger"])
@pytest.mark.parametrize("provider", [OSAKA, "mext", "nobody"])
def test_a_batch_with_a_seal_that_is_no_two_points_leaves_nothing_behind(on_street, half, provider):
    # Also where nothing is sealed anew: for a provider that is not on the list, or takes no part.
    async def story(street):
        good = await made(street, provider=provider)
        seal_of: bytes = getattr(good, half)
        for bad in (b"", seal_of[:63], b"\xff" * 64, seal_of[:32] + b"\xff" * 32, bytes(64)):
            worse = msgspec.structs.replace(good, inquiry=new_id(street.entropy), **{half: bad})
            with pytest.raises(Refused) as refusal:
                await put(street, await made(street), worse)
            assert (refusal.value.reason, refusal.value.remote.pointer) == (
                "bad-input",
                f"inquiries[1].{half}",
            )
        assert await recorded(street) == {}
        [granted] = (await put(street, good)).granted
        assert (granted.outcome == "OK") == (provider == OSAKA)

    on_street(story)


def test_a_local_refusal_that_stands_twice_in_a_batch_is_not_recorded(on_street):
    async def story(street):
        asked = await made(street)
        one = inside_api.LocalRefusal(
            inquiry=asked.inquiry,
            affair=ALLOWANCE,
            provider=OSAKA,
            items=(INCOME,),
            outcome="REFUSED_CASE",
            refused_at=street.clock.now(),
            for_ledger=asked.for_ledger,
            version=asked.version,
        )
        for batch, new in (((one, one), None), ((one,), 1), ((one,), 0)):
            call = street.caller(MINATO).call(
                "linkage", api.REFUSALS_PATH, inside_api.LocalRefusals(batch), api.Received
            )
            if new is None:
                with pytest.raises(Refused):
                    await call
            else:
                assert (await call)[0].new == new
        assert await recorded(street) == {"REFUSED_CASE": 1}

    on_street(story)


def test_a_permit_whose_provider_was_suspended_meanwhile_leads_nowhere_and_stays_one(on_street):
    async def story(street):
        one = await made(street)
        first = await put(street, one)
        street.suspended.add(OSAKA)
        street.publish()
        again = await put(street, one)
        [given] = again.granted
        assert (given.outcome, given.permit) == ("REFUSED_PROVIDER", first.granted[0].permit)
        assert again.sheets == ()
        street.suspended.clear()
        street.publish()
        assert permits_of(street, await put(street, one)) == [given.permit]
        assert await recorded(street) == {"OK": 1}

    on_street(story)


def test_a_permit_is_good_for_an_hour_and_not_longer(on_street):
    async def story(street):
        one = await made(street)
        first = await put(street, one)
        street.clock.advance(PERMIT_LIFETIME - timedelta(seconds=1))
        assert permits_of(street, await put(street, one)) == [first.granted[0].permit]
        street.clock.advance(timedelta(seconds=1))
        again = await put(street, one)
        assert (again.granted[0].outcome, again.sheets) == ("EXPIRED", ())
        assert await recorded(street) == {"OK": 1}

    on_street(story)


async def drawn(street, rng, by, count):
    plain = await made(street, by=by)
    known = [body for body in BODIES if body.isprintable() and body]
    return [
        msgspec.structs.replace(
            plain,
            inquiry=new_id(street.entropy),
            affair=rng.choice([ALLOWANCE, ALLOWANCE, *(a for a in AFFAIRS if a)]),
            provider=rng.choice([OSAKA, OSAKA, *known]),
            items=tuple(
                rng.choices([INCOME, INCOME, *(i for i in ITEMS if i)], k=rng.randint(1, 2))
            ),
        )
        for _ in range(count)
    ]


def test_of_a_thousand_questions_the_door_lets_through_those_on_the_list_and_records_all(on_street):
    async def story(street):
        for name in ("lg-130001", "nenkin", "mext"):
            street.party(name)
        street.publish()
        rng, told = random.Random(2), Counter()
        today = street.clock.now().date()
        for by in ASKERS:
            questions = await drawn(street, rng, by, 250)
            grants = await put(street, *questions, by=by)
            for asked, given in zip(questions, grants.granted, strict=True):
                told[given.outcome] += 1
                takes_part = asked.provider in street.keys
                lawful = takes_part and all(
                    allowed(by, asked.affair, asked.provider, item, today) for item in asked.items
                )
                assert (given.outcome == "OK") == lawful, asked
                assert given.outcome in {"OK", *GROUNDS}
                assert bool(given.permit) == lawful
            permits = {given.permit for given in grants.granted if given.permit}
            assert set(permits_of(street, grants)) == permits
        assert set(told) == {"OK", *GROUNDS}, "the draw meets every ground"
        assert await recorded(street) == told

    on_street(story)
