"""The scenes of the demo in which somebody is dishonest: a thief, and a requester that lies."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import attrs

from kumihimo.kernel.group import Point
from kumihimo.kernel.ids import new_id
from kumihimo.kernel.seal import seal
from kumihimo.rooms.gateway.api import PROVISIONS_PATH, Provide, Provisions
from kumihimo.rooms.linkage import api as linkage
from kumihimo.rooms.oversight.service import alarms
from kumihimo.run import stolen
from kumihimo.run.demo_stage import CHILD_ALLOWANCE, CLAIMANT, INCOME, LAYOUT, Demo, must
from kumihimo.run.family import Family
from kumihimo.run.telling import Cell


@attrs.frozen
class _Coded:
    code: bytes
    code_version: int
    addressee: str


@attrs.frozen
class _OfLedger:
    person: bytes


_GATEWAYS: Final = ("gateway_east", "gateway_west")
_PAIRS: Final = (
    _GATEWAYS,
    ("gateway_east", "linkage"),
    ("gateway_west", "linkage"),
    ("gateway_east", "ledger"),
    ("linkage", "ledger"),
    ("gateway_east", "cards"),
    ("gateway_west", "cards"),
)


async def steal(demo: Demo, family: Family) -> None:
    """Databases are stolen and joined in front of the reader; a common number is the control."""
    teller = demo.teller
    teller.scene(
        9,
        "データベースが二つずつ盗まれ、突き合わされる",
        "Databases are stolen, two by two, and joined.",
    )
    rooms = sorted({room for pair in _PAIRS for room in pair})
    looted = await asyncio.gather(*(asyncio.to_thread(_loot, demo, room) for room in rooms))
    loot = dict(zip(rooms, looted, strict=True))
    teller.say(
        "母親は、どこでも別の符号で呼ばれている。", "Each place calls the mother by another code."
    )
    teller.table(
        (("どこの", "where"), ("母親の符号", "her code")),
        [(where, f"{code[:16]}…") for where, code in await _codes_of_mother(demo, family)],
    )
    teller.say(
        "盗人は、二つのダンプにある ID・符号・タグ・番号のすべてを比べる。",
        "The thief compares every id, code, tag and number in both dumps.",
    )
    joined = [(pair, stolen.join(*(loot[room] for room in pair))) for pair in _PAIRS]
    for pair, found in joined:
        must(found.naming == 0, f"{' and '.join(pair)} share a value that names a person")
    control, both = await _with_a_common_number(demo, loot)
    must(control.naming == both > 0, "by a common number the same join finds everybody")
    teller.table(
        (
            ("盗まれた組", "stolen"),
            ("比べた値", "compared"),
            ("共通の値", "shared"),
            ("人を指すもの", "naming a person"),
        ),
        [
            *(_row(" + ".join(pair), found) for pair, found in joined),
            _row(("対照：符号でなく共通番号なら", "control: one common number, no codes"), control),
        ],
    )
    teller.good(
        f"両方に載る{both:,}人のうち、結合できたのは0人。共通番号なら全員だった。"
        "共通の値は照会やプログラムの版のもので、人を指さない。",
        f"Of {both:,} people in both gateways not one could be joined; by a common number, all."
        " The few shared values name exchanges and versions of the program, and nobody.",
    )


def _loot(demo: Demo, room: str) -> stolen.Loot:
    return stolen.loot(demo.postgres.dump(room))


def _row(name: Cell, joined: stolen.Joined) -> tuple[Cell, ...]:
    return (name, f"{joined.compared:,}", f"{joined.shared:,}", f"{joined.naming:,}")


async def _codes_of_mother(demo: Demo, family: Family) -> list[tuple[str, str]]:
    """Return where the mother has a code, and the code."""
    found: list[tuple[str, str]] = []
    for town, addressee in ((family.old_town, family.record), (family.new_town, CLAIMANT)):
        codes = {one.addressee: one.code for one in await _coded(demo, town)}
        found.append((demo.name(town), codes[addressee].hex()))
    async with demo.street.ledger.ledger.database.transaction() as tx:
        rows = await tx.rows("SELECT DISTINCT person FROM record", {}, _OfLedger)
    must(len(rows) == 1, "every record so far is about her")
    found.append(("情報提供等記録開示システム ledger", rows[0].person.hex()))
    must(len({code for _, code in found}) == len(found), "no two places call her by one code")
    return found


async def _with_a_common_number(
    demo: Demo, loot: Mapping[str, stolen.Loot]
) -> tuple[stolen.Joined, int]:
    """Join both gateways as if they called people by one number; also: how many are in both."""
    # The rooms go on acquiring codes: of who is in both count those who were in the dumps.
    known = [
        stolen.held(loot[room], await _numbers(demo, hosted))
        for room, hosted in zip(_GATEWAYS, demo.street.plan.gateways.values(), strict=True)
    ]
    called = [
        stolen.with_common_number(loot[room], numbers)
        for room, numbers in zip(_GATEWAYS, known, strict=True)
    ]
    east, west = (set(numbers.values()) for numbers in known)
    return stolen.join(*called), len(east & west)


async def _numbers(demo: Demo, institutions: Iterable[str]) -> dict[bytes, str]:
    """Return a number for the person of each code: the same at every office, as only we know."""
    truth = demo.world.truth
    people = {
        (institution, record): f"{person:012}"
        for institution, record, person in truth.select(
            "institution", "record_id", "person"
        ).iter_rows()
    }
    return {
        one.code: people[institution, one.addressee]
        for institution in institutions
        for one in await _coded(demo, institution)
        if (institution, one.addressee) in people
    }


async def _coded(demo: Demo, institution: str) -> Sequence[_Coded]:
    """Return the people of an institution that have a code."""
    database = demo.street.room_of(institution).gateway.database
    async with database.transaction(institution=institution) as tx:
        return await tx.rows(
            "SELECT p.code, p.code_version, a.addressee FROM person p"
            " JOIN addressee a USING (institution, person) WHERE p.code IS NOT NULL"
            " ORDER BY a.addressee",
            {},
            _Coded,
        )


async def lie(demo: Demo, family: Family) -> None:
    """Let a requester name another person to the ledger than to the provider, and be caught."""
    street, teller = demo.street, demo.teller
    teller.scene(
        10,
        "照会者が記録をごまかそうとする",
        "A requester tries to hide a look behind a false seal.",
    )
    teller.say(
        "新しい町は、提供者には母親を、台帳には別人を示して照会する。",
        "The new town asks about the mother, and tells the ledger it was somebody else.",
    )
    hers, another, version = await _two_codes(demo, family)
    directory = street.book.current()
    keys = {name: directory.receiving(name) for name in (family.old_town, linkage.LEDGER)}
    provider, ledger = keys[family.old_town], keys[linkage.LEDGER]
    assert provider is not None, "the old town takes part"
    assert ledger is not None, "the ledger takes part"
    false = linkage.Inquiry(
        inquiry=new_id(street.entropy),
        affair=CHILD_ALLOWANCE,
        provider=family.old_town,
        items=(INCOME,),
        layout=LAYOUT,
        case="none",
        for_provider=seal(hers, to=provider, entropy=street.entropy),
        for_ledger=seal(another, to=ledger, entropy=street.entropy),
        version=version,
    )
    liar = street.caller(family.new_town)
    grants, _ = await liar.call(
        linkage.PARTY, linkage.INQUIRIES_PATH, linkage.InquiryBatch((false,)), linkage.Grants
    )
    await liar.call(family.old_town, PROVISIONS_PATH, Provide(grants.sheets[0]), Provisions)
    await street.deliver()
    found = await alarms(street.oversight)
    must([alarm.kind for alarm in found] == ["ends-disagree"], "the lie raises one alarm")
    teller.table(
        (("警報", "alarm"), ("照会者", "who asked"), ("提供者", "of whom")),
        [
            (
                ("両端の食い違い", alarm.kind),
                demo.name(alarm.requester),
                demo.name(alarm.provider),
            )
            for alarm in found
        ],
    )
    teller.good(
        "提供者も自分の符号で報告するので嘘は見つかる。警報に本人の情報はない。",
        "The provider, too, reports the person by its own code, so the lie is found. The alarm"
        " tells oversight which bodies, and not who.",
    )


async def _two_codes(demo: Demo, family: Family) -> tuple[Point, Point, int]:
    """Return what a dishonest town would use: the mother's code and that of somebody else."""
    coded = await _coded(demo, family.new_town)
    hers = next(one for one in coded if one.addressee == CLAIMANT)
    another = next(one for one in coded if one.code != hers.code)
    return Point(hers.code), Point(another.code), hers.code_version
