"""`kumihimo operations`: what whoever operates several rooms looks at."""

import asyncio
from pathlib import Path
from typing import Final

from cyclopts import App

from kumihimo.kernel.clock import SystemClock
from kumihimo.kernel.entropy import SystemEntropy
from kumihimo.kernel.keys import KeyFileUnsafe
from kumihimo.kernel.log import Log
from kumihimo.kernel.metrics import Meter
from kumihimo.kernel.net import HttpNet
from kumihimo.kernel.refusal import BadInput
from kumihimo.kernel.settings import BadSettings, load
from kumihimo.kernel.tlog.mine import PLACES
from kumihimo.run.dashboard import Dashboard, DashboardSettings, application
from kumihimo.run.serve_cli import run_service
from kumihimo.run.service import Service, at_once

COMPLETE: Final = 0
MISSING: Final = 1

app = App(
    name="operations",
    help="全機関の運用。 What whoever operates several rooms looks at.",
)


@app.command
def serve(*, config: Path) -> int:
    """全機関の稼働状況を一枚の画面で見る。 Show the state of all rooms on one page, until Ctrl-C.

    With a canary in its settings it also asks one inquiry through the whole system every minute.

    Parameters
    ----------
    config
        設定ファイル（TOML）。 The page's settings file, TOML.
    """
    settings, clock = load(config, DashboardSettings), SystemClock()
    log = Log("operations", clock)
    host, port = settings.address()
    canary = None
    if settings.canary is not None:
        client = settings.canary.client(beside=config)
        canary = settings.canary.canary(client, clock, Meter())
    service = Service(
        room="operations",
        app=application(Dashboard(settings.doors(), clock, canary), log.reporter()),
        host=host,
        port=port,
        database=None,
        net=HttpNet({}),  # no party: it reads what every room shows its operators
        follower=None,
        ready=at_once,
    )
    return run_service(service, log)


@app.command
def prove(room: str, *, config: Path, since: int = 0) -> int:
    """復元したデータベースに欠けが無いか、公開ログと突き合わせる。 Prove by the log that a restored database is complete.

    Says "complete", or what is missing: how many leaves, which entries of the log, from when to
    when. Changes nothing. Ends with 1 where something is missing.

    Parameters
    ----------
    room
        agency, cards, gateway, jpki, ledger, linkage, oversight, portal, register, review.
    config
        その機関の設定ファイル。 The room's settings file, whose database is the restored one.
    since
        ログのこの項目から後だけを見る。 Look only from this entry of the log on.
    """
    if not 0 <= since < PLACES:
        raise BadInput("--since: an entry of the log is 0 or more", pointer="since")
    # Whoever only watches rooms loads none of them.
    from kumihimo.run.prove import prove as proven  # noqa: PLC0415

    try:
        report = asyncio.run(
            proven(room, config, since, clock=SystemClock(), entropy=SystemEntropy())
        )
    except KeyFileUnsafe as error:
        raise BadSettings(str(error)) from None
    for line in report.lines:
        print(line)
    if report.complete:
        print("完全です。 Complete: nothing that the log knows of is missing.")
        return COMPLETE
    print("欠けています。 Not complete. What to do: docs/how-to/back-up-and-restore.md")
    return MISSING
