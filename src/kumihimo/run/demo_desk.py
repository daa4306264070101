"""What `demo --keep` leaves of the review desk: an audit of a prefecture's records, queued for its people.

Three children's records carry a parent's number, as in 2023: a clerk has typed them in, and the
gateway believes what it is told of a card. `kumihimo audit run` finds them in two small files, of
the prefecture and of the town where the children live.
"""

import asyncio
import signal
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import attrs
import msgspec
import polars as pl

from kumihimo.kernel.door import Reporter
from kumihimo.kernel.ids import new_id
from kumihimo.kernel.keys import Locker, PartyKeys, new_master, open_payload, seal_payload
from kumihimo.kernel.sql import Database
from kumihimo.kernel.vouching import Voucher
from kumihimo.linkaudit.schema import ROWS, SNAPSHOT
from kumihimo.pages.officers import SALT_BYTES, Officers, Passcode
from kumihimo.people.check_digits import NumberSpace
from kumihimo.rooms.gateway.business import Attributes, Registration
from kumihimo.rooms.gateway.client import BusinessClient
from kumihimo.rooms.register import api as register
from kumihimo.rooms.review.api import Role
from kumihimo.rooms.review.app import build
from kumihimo.rooms.review.context import Desk
from kumihimo.rooms.review.folder import read
from kumihimo.rooms.review.loading import Loaded, load
from kumihimo.rooms.review.settings import PARTY
from kumihimo.run.demo_stage import SPECIAL_ALLOWANCE, Demo, must
from kumihimo.run.family import Family
from kumihimo.run.loopback import free_port, served
from kumihimo.world.institutions import local_government, prefecture_code

DESK_PORT: Final = 8490
OFFICERS: Final = {"sato": Role.REVIEWER, "suzuki": Role.REVIEWER, "tanaka": Role.SUPERVISOR}
MISTAKEN: Final = 3
RECORDS: Final = 60
_CONNECTIONS: Final = 4
_PASSCODE_CHARS: Final = 10
_MAPPING: Final = """
institution = "{office}"
affair = "{affair}"
number_space = "test"

[rows.columns]
{columns}
"""


@attrs.frozen
class DeskShown:
    """Where the desk is, who may sign in with which passcode, what was loaded, from which folder."""

    address: str
    passcode: str
    loaded: Loaded
    folder: Path


@asynccontextmanager
async def desk_open(demo: Demo, family: Family, report: Reporter) -> AsyncGenerator[DeskShown]:
    """Audit the prefecture's records, and serve its desk on loopback while the block runs."""
    street, town = demo.street, family.new_town
    office = local_government(prefecture_code(town.removeprefix("lg-")))
    audit, _ = read(await _audited(demo, office, town))
    keys = PartyKeys(PARTY, new_master(street.entropy))
    reached = await asyncio.to_thread(
        demo.postgres.room, PARTY, ["kumihimo.rooms.review"], entropy=street.entropy
    )
    database = Database(reached.runtime, pool_max=_CONNECTIONS).vouched(Voucher.of(keys))
    await database.open()
    desk = Desk(
        database=database,
        locker=Locker.of(keys.secret("columns"), street.entropy),
        clock=street.clock,
        entropy=street.entropy,
        space=NumberSpace.TEST,
    )
    code = new_id(street.entropy)[:_PASSCODE_CHARS]
    passcode = Passcode.of(code, street.entropy.bytes(SALT_BYTES))
    officers = Officers(
        dict.fromkeys(OFFICERS, passcode), {name: role.value for name, role in OFFICERS.items()}
    )
    gateway = BusinessClient(demo.addresses[street.plan.gateway_of(office)], demo.tokens[office])
    try:
        loaded = await load(desk, audit, tell=lambda _: None)
        must(loaded.suspended == MISTAKEN, "the audit finds the children with a parent's number")
        room = build(desk, officers, gateway, https=False, report=report)
        async with served(room.app, free_port(DESK_PORT)) as address:
            yield DeskShown(address, code, loaded, _folder(demo))
    finally:
        gateway.close()
        await database.close()


def tell_of_desk(demo: Demo, shown: DeskShown) -> None:
    """Say where the desk is, who signs in and how."""
    loaded, teller = shown.loaded, demo.teller
    first, second, supervisor = OFFICERS
    teller.say(
        f"点検審査：{shown.address}　{loaded.rows} 件が待ち、うち {loaded.suspended} 件は止めてある。"
        f"{first} と {second} が点検者、{supervisor} が管理者。暗証はどれも {shown.passcode}",
        f"The review desk: {shown.address} ; {loaded.rows} records wait, {loaded.suspended} of them"
        f" suspended. {first} and {second} review, {supervisor} supervises; passcode of each:"
        f" {shown.passcode}",
    )
    teller.plain("", f"./kumihimo audit report {shown.folder}", "")


def _folder(demo: Demo) -> Path:
    return demo.folder / "audit"


async def _audited(demo: Demo, office: str, town: str) -> Path:
    """Write the two files and run the audit as anybody does; returns its folder."""
    residents = await _numbered(demo, town)
    records = _records(residents)
    await demo.desk(office, lambda client: _type_in(client, records))
    files = demo.folder / "audit-files"
    files.mkdir(mode=0o700)
    _write(records, ROWS, files / "rows.parquet")
    _write(
        residents.with_columns(kana="name_kana", birth=pl.col("birth_date").cast(pl.String)),
        SNAPSHOT,
        files / "register.parquet",
    )
    columns = "\n".join(f'{name} = "{name}"' for name in ROWS if name != "row")
    mapping = _MAPPING.format(office=office, affair=SPECIAL_ALLOWANCE, columns=columns)
    (files / "mapping.toml").write_text(mapping, "utf-8")
    command = ["audit", "run", files / "mapping.toml", "--rows", files / "rows.parquet"]
    more = ["--snapshot", files / "register.parquet", "--out", _folder(demo), "--json"]
    run = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "kumihimo", *map(str, command + more),
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        must(await run.wait() == 0, "the audit runs through")
    finally:
        if run.returncode is None:  # whoever ends the demo ends the audit too
            run.send_signal(signal.SIGINT)
            await run.wait()
    return _folder(demo)


async def _numbered(demo: Demo, town: str) -> pl.DataFrame:
    """Return the town's residents as its own register has them, with their numbers."""
    street = demo.street
    residents = demo.world.residents.filter(
        (pl.col("standing") == "resident")
        & (pl.concat_str(pl.lit("lg-"), "municipality") == town)
        & ~pl.col("protected")
    )
    context, numbers = register.DESIGNATE_PATH.encode(), list[str]()
    to = street.keys[register.PARTY].public.payload
    for part in residents.iter_slices(register.BATCH_MAX):
        asked = register.Designate(tuple(part["resident_code"]))
        sealed = seal_payload(msgspec.json.encode(asked), to=to, context=context)
        answer, _ = await street.caller(town).call(
            register.PARTY, register.DESIGNATE_PATH, register.Sealed(sealed), register.Sealed
        )
        opened = open_payload(answer.payload, key=street.keys[town].payload, context=context)
        told = msgspec.json.decode(opened, type=register.Designations)
        numbers += [one.number for one in told.designated]
    return residents.with_columns(
        number=pl.Series(numbers, dtype=pl.String), household=pl.col("household").cast(pl.String)
    )


def _records(residents: pl.DataFrame) -> pl.DataFrame:
    """Return records of children, one a household; the first carry the number of its head."""
    heads = residents.filter(pl.col("relation") == "世帯主").select("household", heads="number")
    children = residents.filter(pl.col("relation") == "子").unique(
        "household", keep="first", maintain_order=True
    )
    mistaken = pl.int_range(pl.len()) < MISTAKEN
    return (
        children.join(heads, on="household", maintain_order="left")
        .head(RECORDS)
        .select(
            "name",
            "sex",
            "address",
            record_id=pl.format("H-{}", pl.int_range(1, pl.len() + 1)),
            number=pl.when(mistaken).then("heads").otherwise("number"),
            kana="name_kana",
            birth=pl.col("birth_date").cast(pl.String),
            affair=pl.lit(SPECIAL_ALLOWANCE),
        )
    )


def _type_in(client: BusinessClient, records: pl.DataFrame) -> None:
    """Register the children as a clerk did who three times took the parent's card for the child's."""
    people = [
        Registration(
            addressee=row["record_id"],
            source="card",
            number=row["number"],
            attributes=Attributes(
                name=row["name"], birth=row["birth"], sex=row["sex"], address=row["address"]
            ),
        )
        for row in records.iter_rows(named=True)
    ]
    outcomes = {one.outcome for one in client.register(people)}
    must(outcomes == {"REGISTERED"}, f"the children are registered, not {outcomes}")


def _write(table: pl.DataFrame, form: Mapping[str, type[pl.DataType]], path: Path) -> None:
    names = [name for name in form if name != "row"]
    lacking = [pl.lit(None, pl.String).alias(one) for one in names if one not in table.columns]
    table.with_columns(lacking).select(pl.col(names).cast(pl.String)).write_parquet(path)
