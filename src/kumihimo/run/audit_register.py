"""`kumihimo audit run --register`: the register's door in place of a snapshot.

The institution asks under its own keys, as its gateway does. Register logs each question for the
person of the number, so nothing is asked twice.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final

import attrs
import polars as pl

from kumihimo.kernel.ids import new_id
from kumihimo.kernel.net import Refused
from kumihimo.kernel.refusal import BadInput, TooMany, Unavailable
from kumihimo.kernel.settings import load
from kumihimo.linkaudit import unsearched
from kumihimo.linkaudit.answers import Answer, Answers, IdsSpent, Question, ask_all
from kumihimo.linkaudit.folder import whole
from kumihimo.linkaudit.schema import SNAPSHOT
from kumihimo.linkaudit.setting import Table
from kumihimo.linkaudit.workers import Progress
from kumihimo.rooms.gateway.checking import BATCH
from kumihimo.rooms.gateway.context import Gateway, Tenant
from kumihimo.rooms.gateway.numbers import ask_sealed
from kumihimo.rooms.gateway.settings import Settings
from kumihimo.rooms.register import api as register
from kumihimo.rooms.register.domain.refusals import InquiryIdReused
from kumihimo.run.gateway_open import followed
from kumihimo.statute.law import affairs

MINUTE_S: Final = 61.0  # after this the quota of a minute is full again
_NAMED: Final = 5  # institutions named in a message

Pause = Callable[[float], Awaitable[None]]


@attrs.frozen
class Asking:
    """Who asks register, by which gateway's settings file, and for which affair."""

    config: Path
    institution: str
    affair: str

    @classmethod
    def read(cls, config: Path, institution: str, affair: str) -> "Asking":
        """Read a gateway's settings. Raises `BadInput`, `BadSettings`."""
        settings = load(config, Settings)
        hosted = sorted(settings.tenants)
        if not institution and len(hosted) == 1:
            institution = hosted[0]
        if institution not in hosted:
            raise BadInput(
                f"--institution: one of {', '.join(hosted[:_NAMED])}", pointer="institution"
            )
        if affair not in {one.affair for one in affairs()}:
            raise BadInput(
                "--affair: for which affair is register asked? An id, such as b081",
                pointer="affair",
            )
        return cls(config, institution, affair)


def judge_by_register(out: Path, asking: Asking, progress: Progress) -> None:
    """Ask register about the rows taken in, and leave the tables of an audit in the folder.

    Raises `BadSettings`, `TooMany` past the quota of the day, `Unavailable`.
    """

    async def act(gateway: Gateway, tenant: Tenant) -> None:
        await compare(out, gateway, tenant, asking.affair, progress=progress)

    asyncio.run(followed(asking.config, asking.institution, act))


async def compare(
    out: Path,
    gateway: Gateway,
    tenant: Tenant,
    affair: str,
    *,
    progress: Progress,
    batch: int = BATCH,
    pause: Pause = asyncio.sleep,
) -> None:
    """Ask about every row that has no answer yet, and judge all."""
    answers = Answers.of(out, f"{tenant.institution} {affair}")
    rows = Table(out / "rows")
    await ask_all(
        answers,
        rows,
        partial(_ask, gateway, tenant, affair, pause),
        batch=batch,
        new_id=lambda: new_id(gateway.entropy),
        progress=progress,
    )
    unsearched.find(out, rows, answers, progress)
    # For those who read both sides of a record: of the register's there is nothing.
    with whole(out / "snapshot") as half:
        half.mkdir()
        pl.DataFrame(schema=SNAPSHOT).write_parquet(half / "part-00000.parquet")
    (out / "taken_snapshot.json").unlink(missing_ok=True)


async def _ask(
    gateway: Gateway, tenant: Tenant, affair: str, pause: Pause, batch: Sequence[Question]
) -> list[Answer]:
    question = register.LinkBatch(tuple(_link(one, affair) for one in batch))
    try:
        judged = await _send(gateway, tenant, question, pause)
    except Refused as refusal:
        if refusal.reason == InquiryIdReused.code:
            raise IdsSpent from None
        if refusal.reason != TooMany.code:
            raise
        raise TooMany(
            "住基ネットへの照会が上限に達しました。ここまでの回答は残っています。明日、同じ命令で続けてください。"
            " Register answers no more today; what it answered is kept. Run the same command tomorrow."
        ) from None
    # By id and never by place, as with a strict inquiry.
    if {one.inquiry for one in judged.links} != {one.inquiry for one in batch}:
        raise Unavailable("register answered another batch")
    return [
        Answer(
            inquiry=one.inquiry,
            known=one.verdict != "NOT_FOUND",
            levels={
                "name": one.levels.name,
                "kana": one.levels.kana,
                "birth": one.levels.birth,
                "sex": one.levels.sex,
                "address": one.levels.address,
            },
            homonym=one.homonym,
        )
        for one in judged.links
    ]


async def _send(
    gateway: Gateway, tenant: Tenant, question: register.LinkBatch, pause: Pause
) -> register.LinksJudged:
    """Ask; past the quota once more when the minute is over, for it may be the minute's."""
    ask = partial(ask_sealed, gateway, tenant, register.LINKS_PATH, question, register.LinksJudged)
    try:
        return await ask()
    except Refused as refusal:
        if refusal.reason != TooMany.code:
            raise
    await pause(MINUTE_S)
    return await ask()


def _link(one: Question, affair: str) -> register.LinkHeld:
    held = one.held.reveal()
    return register.LinkHeld(
        inquiry=one.inquiry,
        affair=affair,
        number=held["number"],
        held=register.HeldAttributes(
            name=held["name"],
            kana=held["kana"],
            birth=held["birth"],
            sex=held["sex"],
            address=held["address"],
        ),
    )
