"""`kumihimo gateway`: what the operator of a gateway does by hand."""

import asyncio
from functools import partial
from pathlib import Path
from typing import TypeVar

import psycopg
from cyclopts import App

from kumihimo.kernel import rewriting
from kumihimo.kernel.refusal import BadInput, NotFound, Unavailable
from kumihimo.kernel.settings import load
from kumihimo.kernel.withheld import Withheld
from kumihimo.rooms.gateway import checking, clients, rotation
from kumihimo.rooms.gateway.business_links import LinkCheck
from kumihimo.rooms.gateway.context import Gateway, Tenant
from kumihimo.rooms.gateway.locked import IN_RANDOM_ORDER
from kumihimo.rooms.gateway.settings import Settings
from kumihimo.rooms.linkage.api import KeyState
from kumihimo.run import mislink_cli, notice_cli
from kumihimo.run.gateway_open import followed, within
from kumihimo.run.key_changing import shown, words_of
from kumihimo.run.migrate_cli import owner_dsn

T = TypeVar("T")

app = App(
    name="gateway",
    help="中間サーバーの運用。 What the operator of a gateway does by hand.",
)
app.command(mislink_cli.app)
app.command(notice_cli.app)


@app.command
def add_client(institution: str, client: str, *affairs: str, config: Path) -> None:
    """業務システムの鍵を作る。 Let a business system in, and print its token once.

    Parameters
    ----------
    institution
        機関。 The institution, such as lg-131032.
    client
        業務システムの名前。 A name for the business system, such as child-allowance.
    affairs
        扱う事務。 The affairs that it handles, such as b081; `*` for every one.
    config
        中間サーバーの設定ファイル。 The gateway's settings file.
    """
    token = asyncio.run(create_client(config, institution, client, affairs))
    print(token.reveal())


@app.command
def revoke_client(institution: str, client: str, *, config: Path) -> None:
    """業務システムを締め出す。 Shut a business system out, at once.

    Parameters
    ----------
    institution
        機関。 The institution.
    client
        業務システムの名前。 The business system's name.
    config
        中間サーバーの設定ファイル。 The gateway's settings file.
    """

    async def revoke(gateway: Gateway, tenant: Tenant) -> bool:
        return await clients.revoke(gateway, tenant, client)

    if not asyncio.run(within(config, institution, revoke)):
        raise NotFound("this institution has no such client", pointer="client")


@app.command
def change_key(institution: str, *, look: bool = False, config: Path) -> None:
    """符号の鍵を更新する。 Change the key of an institution's domain, and carry every code along.

    May run while the gateway serves and answers; run it again to go on with a change that broke
    off. The core begins no other change within two hours.

    Parameters
    ----------
    institution
        機関。 The institution, such as lg-131032.
    look
        様子を見るだけ。 Only show which version the key has, and how far a change is.
    config
        中間サーバーの設定ファイル。 The gateway's settings file.
    """
    settings = load(config, Settings)

    async def change(gateway: Gateway, tenant: Tenant) -> KeyState:
        if not look:
            await _change(settings, gateway, tenant)
        return await rotation.state(gateway, tenant)

    print(words_of(institution, asyncio.run(within(config, institution, change))))


async def _change(settings: Settings, gateway: Gateway, tenant: Tenant) -> None:
    follower = settings.follower(gateway.book, gateway.database)
    try:
        await follower.start()
        with shown(tenant.institution, await rotation.state(gateway, tenant)) as progress:
            await rotation.rotate(gateway, tenant, progress=progress)
    finally:
        await follower.close()


@app.command
def check_links(institution: str, *, affair: str = "", history: bool = False, config: Path) -> None:
    """ひも付けを住基ネットと照合する。 Compare all links of an institution with register, now.

    A mismatch is suspended at once. Run it again to go on with a check that broke off.

    Parameters
    ----------
    institution
        機関。 The institution, such as lg-131032.
    affair
        どの事務のためか。 The affair for which links are compared, such as b081.
    history
        履歴だけを見る。 Only show the runs so far.
    config
        中間サーバーの設定ファイル。 The gateway's settings file.
    """
    check = partial(_check, affair=affair, history=history)
    opened = within if history else followed
    for run in asyncio.run(opened(config, institution, check)):
        counts = " ".join(f"{verdict} {count}" for verdict, count in sorted(run.counts.items()))
        over = run.finished_on or "…"
        print(f"{run.started_on} → {over}\t{run.affair}\t{run.compared}\t{counts}\t{run.run}")


async def _check(
    gateway: Gateway, tenant: Tenant, *, affair: str, history: bool
) -> tuple[LinkCheck, ...]:
    if not history and not affair:
        raise BadInput("--affair: for which affair?", pointer="affair")
    anyway = not history
    while anyway or (
        not history and (await checking.history(gateway, tenant))[0].finished_on is None
    ):
        await checking.run_once(gateway, tenant, affair, anyway=anyway)
        anyway = False
    return await checking.history(gateway, tenant)


@app.command
def rewrite(*, owner: Path) -> None:
    """並びを崩す。 Write the tables that name people anew, in random order.

    A stolen database shows in which order people came; after this, only of those who came since.
    Whoever asks waits meanwhile, so do it at night.

    Parameters
    ----------
    owner
        所有者の DSN を書いたファイル。 A file, readable by you alone, with the DSN of the role
        that owns the gateway's database.
    """
    dsn = owner_dsn(owner)
    try:
        rewriting.rewrite(dsn, IN_RANDOM_ORDER)
    except psycopg.OperationalError:
        raise Unavailable(f"{owner}: the database does not answer, or refuses the owner") from None
    except psycopg.errors.InsufficientPrivilege:
        raise BadInput("--owner: this role does not own the tables", pointer="owner") from None
    except psycopg.errors.UndefinedTable:
        raise BadInput("--owner: this is not a gateway's database", pointer="owner") from None
    print(f"{len(IN_RANDOM_ORDER)} 表を書き直しました。 tables written anew.")


async def create_client(
    config: Path, institution: str, client: str, affairs: tuple[str, ...]
) -> Withheld[str]:
    """Create a business system's token in a gateway's database; raises `BadInput`, `Conflict`."""

    async def create(gateway: Gateway, tenant: Tenant) -> Withheld[str]:
        return await clients.create(gateway, tenant, client, affairs)

    return await within(config, institution, create)
