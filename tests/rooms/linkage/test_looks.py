"""The core's door for looks of staff: on record like an exchange, with its leaf, and no permit."""

import base64
import hashlib
from datetime import UTC, datetime

import msgspec
import pytest

from kumihimo.kernel.ids import new_id
from kumihimo.kernel.net import Refused
from kumihimo.kernel.tlog.leaf import commit
from kumihimo.rooms.linkage import api, asker_api, inside_api
from tests.federation.conftest import on_street
from tests.federation.street import MINATO
from tests.federation.test_exchange import JANE
from tests.rooms.linkage.test_inquiries import made, permits_of, put, recorded

__all__ = ("on_street",)
TAX_DESK = asker_api.Asker(office="税務課", role="窓口")


async def look(street, **changes):
    asked = await made(street)
    plain = inside_api.StaffLook(
        look=new_id(street.entropy),
        affair="b081",
        items=("kept.cases",),
        looked_at=street.clock.now(),
        for_ledger=asked.for_ledger,
        version=asked.version,
        asker=TAX_DESK,
    )
    return msgspec.structs.replace(plain, **changes)


async def tell(street, *looks):
    answer, _ = await street.caller(MINATO).call(
        "linkage", api.STAFF_LOOKS_PATH, inside_api.StaffLooks(looks), api.Received
    )
    return answer.new


def test_a_look_is_recorded_once_and_she_reads_which_office_looked_and_what_at(on_street):
    async def story(street):
        one = await look(street)
        assert await tell(street, one, await look(street, affair="")) == 2
        assert await tell(street, one) == 0
        assert await recorded(street) == {"LOOKED": 2}
        await street.deliver()
        read = {row.affair: row for row in await street.records_of(JANE)}
        assert set(read) == {"b081", ""}
        told = read["b081"]
        assert (told.requester, told.provider, told.outcome) == (MINATO, MINATO, "LOOKED")
        assert (told.office, told.role, list(told.items)) == ("税務課", "窓口", ["kept.cases"])

    on_street(story)


def test_a_look_that_is_hidden_is_absent_and_nobody_reports_an_end_of_one(on_street):
    async def story(street):
        one = await look(street, hidden=True)
        assert await tell(street, one) == 1
        await street.deliver()
        assert await street.records_of(JANE) == []
        end = api.End(
            permit=inside_api.look_permit(MINATO, one.look),
            side="requester",
            outcome="OK",
            at=street.clock.now(),
        )
        with pytest.raises(Refused):
            await street.caller(MINATO).call(
                "linkage", api.ENDS_PATH, api.Ends((end,)), api.Received
            )

    on_street(story)


@pytest.mark.parametrize(
    "changes",
    [
        {"items": ()},
        {"look": "x"},
        {"affair": "x" * 129},
        {"asker": asker_api.Asker(office="123456789018")},
        {"asker": asker_api.Asker(role="\uff11\uff12\uff13\uff14")},
        {"asker": asker_api.Asker(office="税務課\n")},
        {"asker": asker_api.Asker(office="x" * 65)},
        {"version": 9},
        {"for_ledger": b"x" * 64},
    ],
)
def test_a_look_of_another_form_is_not_recorded(on_street, changes):
    async def story(street):
        with pytest.raises(Refused):
            await tell(street, await look(street), await look(street, **changes))
        assert await recorded(street) == {}

    on_street(story)


def test_which_office_asked_is_part_of_what_the_core_records_of_an_inquiry(on_street):
    async def story(street):
        asked = await made(street, asker=TAX_DESK)
        first = await put(street, asked)
        assert permits_of(street, first) == [first.granted[0].permit]
        other = msgspec.structs.replace(asked, asker=asker_api.Asker(office="福祉課"))
        assert (await put(street, other)).granted[0].outcome == "DUPLICATE"
        async with street.linkage.core.database.transaction() as tx:
            assert await tx.value("SELECT office || role FROM exchange_record") == "税務課窓口"

    on_street(story)


def test_a_record_that_does_not_say_who_asked_keeps_the_leaf_it_had_before_records_could():
    record = api.Record(
        record="r" * 22,
        permit="p" * 22,
        requester=MINATO,
        provider=MINATO,
        affair="b081",
        items=("x",),
        basis=(),
        list_version="1",
        outcome="OK",
        requested_at=datetime(2026, 6, 1, tzinfo=UTC),
        person=b"x" * 64,
        hidden=False,
        salt=b"s" * 16,
    )
    assert msgspec.json.decode(msgspec.json.encode(record), type=api.Record) == record
    assert b"asker" not in msgspec.json.encode(record)
    said = msgspec.structs.replace(record, asker=TAX_DESK)
    digest = base64.b64encode(hashlib.sha256(record.person).digest()).decode()
    content = (
        f'["exchange-record/1","{"r" * 22}","{"p" * 22}","{MINATO}","{MINATO}","b081",["x"],[],"1",'
        f'"OK","2026-06-01T00:00:00Z","{digest}",false'
    )
    assert record.leaf() == commit(record.salt, f"{content}]".encode())
    both = content.replace("record/1", "record/2") + ',"税務課","窓口"]'
    assert said.leaf() == commit(record.salt, both.encode())
