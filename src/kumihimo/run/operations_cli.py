"""`kumihimo operations`: what whoever operates several rooms looks at."""

from pathlib import Path

from cyclopts import App

from kumihimo.kernel.clock import SystemClock
from kumihimo.kernel.log import Log
from kumihimo.kernel.metrics import Meter
from kumihimo.kernel.net import HttpNet
from kumihimo.kernel.settings import load
from kumihimo.run.dashboard import Dashboard, DashboardSettings, application
from kumihimo.run.serve_cli import run_service
from kumihimo.run.service import Service

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
        ready=_at_once,
    )
    return run_service(service, log)


async def _at_once() -> None:
    """Wait for nobody."""
