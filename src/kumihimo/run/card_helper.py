"""`kumihimo card helper`: on a person's own machine, between her card reader and a portal."""

from pathlib import Path
from typing import Annotated, Final

from cyclopts import App, Parameter

from kumihimo.kernel.clock import SystemClock
from kumihimo.kernel.entropy import SystemEntropy
from kumihimo.kernel.log import Log
from kumihimo.kernel.net import HttpNet
from kumihimo.kernel.refusal import BadInput
from kumihimo.rooms.portal.helper.app import Helper
from kumihimo.rooms.portal.helper.portals import Portals
from kumihimo.rooms.portal.settings import is_origin
from kumihimo.run.counter_cli import reader_of
from kumihimo.run.loopback import HOST
from kumihimo.run.serve_cli import run_service
from kumihimo.run.service import Service, at_once

PORT: Final = 8499
PORTS: Final = range(1, 1 << 16)

app = App(name="helper")


@app.default
def helper(
    *,
    portal: Annotated[list[str], Parameter(negative=())],
    reader: str | None = None,
    tray: Path | None = None,
    passphrase_file: Path | None = None,
    shared: bool = False,
    port: int = PORT,
) -> int:
    """ポータルのためにカードで署名する。 Have a card sign what a portal asks, until Ctrl-C.

    Serves pages on loopback, for whoever sits at this machine: they show what is to be signed, ask
    for the PIN, and hand the signature to the portal. Either `--reader`, a PC/SC reader of this
    machine (`kumihimo counter readers` lists them), or `--tray`, a folder in place of one.

    Parameters
    ----------
    portal
        ポータルのアドレス。 A portal's address, such as https://portal.example; each by one option.
    reader
        カードリーダー。 The PC/SC reader's name, or a part of it that no other has.
    tray
        フォルダー。 A folder in place of a reader; one card file may lie in it.
    passphrase_file
        合言葉のファイル。 With --tray: a file with the passphrase of its cards; else you are asked.
    shared
        共用の端末。 This machine is shared: taking the card out ends the session at the portal.
    port
        ポート。 Where the pages answer on loopback; the portal's setting `helper` names it.
    """
    for origin in portal:
        if not is_origin(origin):
            raise BadInput(
                "--portal: http:// or https://, a host and maybe a port", pointer="portal"
            )
    if port not in PORTS:
        raise BadInput("--port: 1 to 65535", pointer="port")
    log = Log("helper", SystemClock())
    made = Helper(
        reader=reader_of(reader, tray, passphrase_file),
        portals=Portals(portal),
        entropy=SystemEntropy(),
        shared=shared,
        report=log.reporter(),
    )
    service = Service(
        room="helper",
        app=made.application(),
        host=HOST,
        port=port,
        database=None,
        net=HttpNet({}),  # no party: it signs no message, the card does
        follower=None,
        ready=at_once,
    )
    return run_service(service, log)
