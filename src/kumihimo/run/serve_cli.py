"""`kumihimo serve ROOM --config FILE`: one room as a process, until SIGTERM or Ctrl-C."""

import asyncio
import gc
import resource
import signal
import socket
import sys
from contextlib import AbstractAsyncContextManager, nullcontext
from pathlib import Path
from typing import Final

import uvloop
from cyclopts import App
from granian.constants import Interfaces
from granian.server.embed import Server

from kumihimo.kernel.clock import SystemClock
from kumihimo.kernel.entropy import SystemEntropy
from kumihimo.kernel.keys import KeyFileUnsafe
from kumihimo.kernel.log import Log
from kumihimo.kernel.refusal import BadInput, Refusal, Unavailable
from kumihimo.kernel.settings import BadSettings
from kumihimo.kernel.tracing import tracing_of
from kumihimo.kernel.worker import Job, repeat
from kumihimo.run.loopback import answering
from kumihimo.run.operators_door import open_to_operators
from kumihimo.run.service import Service
from kumihimo.run.serving import ROOMS, compose

FOLLOW_PAUSE_S: Final = 10.0
WAIT_PAUSE_S: Final = 0.5
# Who comes past this waits until another has gone; the server's own bound, 128, one caller could
# fill with connections on which he says nothing.
CONNECTIONS_MAX: Final = 8_192
CONNECTIONS_WAITING: Final = 1_024
GARBAGE: Final = (700, 10, 10)  # Python's own: what a request leaves is looked through at once
FILES_BESIDE: Final = 256  # for the database, other parties, and what is read

app = App(
    name="serve",
    help="一つの機関をサービスとして動かす。 Run one room (organisation) as a service.",
)


@app.default
def serve(room: str, *, config: Path) -> int:
    """一つの機関をサービスとして動かす。 Run one room (organisation) as a service.

    Prints one line when the room answers, and JSON lines of the operators' log on stderr.
    Stops on SIGTERM and Ctrl-C; what was acknowledged is in the database.

    Parameters
    ----------
    room
        agency, cards, gateway, jpki, ledger, linkage, oversight, portal, register, review.
    config
        設定ファイル（TOML）。 The room's settings file, TOML.
    """
    clock = SystemClock()
    log = Log(room if room in ROOMS else "room", clock)
    try:
        service = compose(room, config, clock=clock, entropy=SystemEntropy(), report=log.reporter())
    except KeyFileUnsafe as error:
        raise BadSettings(str(error)) from None
    return run_service(service, log)


def run_service(service: Service, log: Log) -> int:
    """Serve until SIGTERM or Ctrl-C. Raises `BadInput` when its port is taken, `Unavailable`."""
    log.take_over_libraries()
    _require_free(service)
    uvloop.run(_run(service, log))
    return 0


def connections_allowed() -> int:
    """Return how many connections may be open; takes as many files as that needs, or as it may."""
    now, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = CONNECTIONS_MAX + FILES_BESIDE
    allowed = wanted if most == resource.RLIM_INFINITY else min(wanted, most)
    if now != resource.RLIM_INFINITY and now < allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, most))
    return max(allowed - FILES_BESIDE, allowed // 2)


def _require_free(service: Service) -> None:
    family = socket.AF_INET6 if ":" in service.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if service.share_port:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        try:
            probe.bind((service.host, service.port))
        except OSError as error:
            raise BadInput(
                f"listen: {service.host}:{service.port}: {error.strerror}", pointer="listen"
            ) from None


async def _run(service: Service, log: Log) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if service.database is not None:
        await service.database.open()
    try:
        async with _operators_door(service, log):
            await _first_directory(service, stop)
            if not stop.is_set():
                async with service.beside():
                    await _serve(service, log, stop)
    finally:
        await service.net.close()
        if service.follower is not None:
            await service.follower.close()
        if service.database is not None:
            await service.database.close()
        tracing = tracing_of(service.app)
        if tracing is not None:
            await asyncio.to_thread(tracing.close)


def _operators_door(service: Service, log: Log) -> AbstractAsyncContextManager[None]:
    """Open it first: who wonders why a room does not begin to serve looks there."""
    if service.watch is None or service.operators is None:
        return nullcontext()
    return open_to_operators(
        service.watch, service.operators, log.reporter(), share_port=service.share_port
    )


async def _first_directory(service: Service, stop: asyncio.Event) -> None:
    """Wait for oversight: without its directory nobody's signature can be believed."""
    told = False
    while not stop.is_set():
        try:
            await service.ready()
        except Unavailable as refusal:
            if not told:
                print(f"kumihimo serve: waiting: {refusal.detail}", file=sys.stderr)
                told = True
            await asyncio.sleep(WAIT_PAUSE_S)
        else:
            return


async def _serve(service: Service, log: Log, stop: asyncio.Event) -> None:
    server = Server(
        service.app,
        address=service.host,
        port=service.port,
        interface=Interfaces.ASGI,
        log_enabled=False,
        backlog=CONNECTIONS_WAITING,
        backpressure=connections_allowed(),
    )
    serving = asyncio.create_task(server.serve())
    following = asyncio.create_task(_follow(service, log))
    address = f"http://{service.host}:{service.port}"
    await answering(address)
    # The law alone is a hundred thousand objects that live as long as the room: a collection that
    # looks at all of them halts every request for a tenth of a second (decision 0005).
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GARBAGE)
    print(f"ready: {service.room} on {address}", flush=True)
    log.info("room-ready")
    await stop.wait()
    following.cancel()
    server.stop()
    await serving
    log.info("room-stopped")


async def _follow(service: Service, log: Log) -> None:
    follower = service.follower
    if follower is None:
        return

    async def fetch() -> int:
        try:
            if await follower.fetch():
                log.info("directory-taken")
        except Refusal as refusal:
            log.warning("directory-missed", refusal=refusal)
        return 0

    await repeat(Job("directory", fetch, FOLLOW_PAUSE_S), log.reporter())
