"""The scenes of the demo in which somebody is dishonest: a thief, and a requester that lies."""

import asyncio

import attrs

from kumihimo.kernel.group import Point
from kumihimo.kernel.ids import new_id
from kumihimo.kernel.postgres import EmbeddedPostgres
from kumihimo.kernel.seal import seal
from kumihimo.rooms.gateway.api import PROVISIONS_PATH, Provide, Provisions
from kumihimo.rooms.linkage import api as linkage
from kumihimo.rooms.oversight.service import alarms
from kumihimo.run import stolen
from kumihimo.run.demo_stage import CHILD_ALLOWANCE, CLAIMANT, INCOME, LAYOUT, Demo, must
from kumihimo.run.family import Family


async def steal(demo: Demo) -> None:
    """Two databases are stolen and joined in front of the reader."""
    teller = demo.teller
    teller.scene(
        5, "二つのデータベースが盗まれ、突き合わされる", "Two databases are stolen and joined."
    )
    rooms = ("gateway_east", "gateway_west", "linkage", "ledger")
    dumps = {room: await asyncio.to_thread(_loot, demo.postgres, room) for room in rooms}
    rows: list[tuple[str, ...]] = []
    for left, right in (
        ("gateway_east", "gateway_west"),
        ("gateway_east", "linkage"),
        ("gateway_west", "linkage"),
        ("gateway_east", "ledger"),
        ("linkage", "ledger"),
    ):
        joined = stolen.join(dumps[left], dumps[right])
        rows.append(
            (
                f"{left} + {right}",
                f"{joined.compared:,}",
                f"{joined.shared:,}",
                f"{joined.naming:,}",
            )
        )
        must(joined.naming == 0, f"{left} and {right} share a value that names a person")
    teller.table(
        ("盗まれた組 pair", "比べた値 compared", "共通 shared", "人を指す共通値 naming a person"),
        rows,
    )
    both = _known_at_both(demo)
    teller.good(
        f"両方の中間サーバーに載る {both:,} 人のうち、結合できたのは 0 人。",
        f"Of {both:,} people who are in both gateways, not one could be joined."
        " What is shared names exchanges.",
    )


def _loot(postgres: EmbeddedPostgres, room: str) -> stolen.Loot:
    return stolen.loot(postgres.dump(room))


def _known_at_both(demo: Demo) -> int:
    plan, truth = demo.street.plan, demo.world.truth
    sides = [
        set(truth.filter(truth["institution"].is_in(list(hosted)))["person"])
        for hosted in plan.gateways.values()
    ]
    return len(sides[0] & sides[1])


async def lie(demo: Demo, family: Family) -> None:
    """Let a requester name another person to the ledger than to the provider, and be caught."""
    street, teller = demo.street, demo.teller
    teller.scene(
        6, "照会者が記録をごまかそうとする", "A requester tries to hide a look behind a false seal."
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
        for_provider=seal(hers, to=provider, entropy=street.entropy).encode(),
        for_ledger=seal(another, to=ledger, entropy=street.entropy).encode(),
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
        ("警報 alarm", "照会者 requester", "提供者 provider"),
        [(alarm.kind, demo.name(alarm.requester), demo.name(alarm.provider)) for alarm in found],
    )
    teller.good(
        "両端の記録が別人を指すため、委員会に警報が届いた。誰のことかは含まれない。",
        "Both ends name different people: oversight is told which bodies, and not who.",
    )


async def _two_codes(demo: Demo, family: Family) -> tuple[Point, Point, int]:
    """Return what a dishonest town would use: the mother's code and that of somebody else."""
    database = demo.street.room_of(family.new_town).gateway.database
    async with database.transaction(institution=family.new_town) as tx:
        rows = await tx.rows(
            "SELECT p.code, p.code_version, a.addressee FROM person p"
            " JOIN addressee a USING (institution, person) WHERE p.code IS NOT NULL"
            " ORDER BY a.addressee = %(mother)s DESC, a.addressee LIMIT 2",
            {"mother": CLAIMANT},
            _Coded,
        )
    mother, another = rows
    return Point(bytes(mother.code)), Point(bytes(another.code)), mother.code_version


@attrs.frozen
class _Coded:
    code: bytes
    code_version: int
    addressee: str
