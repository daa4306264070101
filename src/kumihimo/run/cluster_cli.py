"""`kumihimo cluster`: a federation on a database that outlives its leader, for a trial on this machine."""

import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import attrs
from cyclopts import App
from rich.console import Console
from rich.table import Table

from kumihimo.kernel.clock import SystemClock
from kumihimo.kernel.entropy import SystemEntropy
from kumihimo.kernel.postgres import unprivileged
from kumihimo.kernel.refusal import BadInput, Unavailable
from kumihimo.run.cluster.servers import Cluster, lay_out
from kumihimo.run.federation import Federation, prepare
from kumihimo.run.loopback import HOST
from kumihimo.run.plan import Plan

_GATEWAYS: Final = {"gateway-east": ["lg-131032"], "gateway-west": ["lg-271004"]}
_PIA_DAY: Final = date(2025, 4, 1)
_LOOK_S: Final = 0.5
AGAIN_S: Final = 5.0  # as systemd starts again what ended (deploy/)
_OTHERS_PASS: Final = 0o001

app = App(
    name="cluster",
    help="データベースの一台が倒れても止まらない構成を試す。 Try rooms on a database that outlives its leader.",
)


@app.default
def cluster(*, out: Path | None = None) -> int:
    """データベースの一台が倒れても止まらない構成を試す。 Try rooms on a database that outlives its leader.

    Starts etcd, three PostgreSQL servers under Patroni, HAProxy, PgBouncer and every room as a
    process, on loopback, until Ctrl-C. Kill whatever you like: it tells who leads then, and what
    ended is started again.

    Parameters
    ----------
    out
        置き場所（新しいフォルダー）。 A new folder for all of it, kept afterwards; none: a temporary one.
    """
    console = Console(stderr=True, highlight=False)
    with _place(out) as place:
        servers = lay_out(place / "servers", entropy=SystemEntropy())
        federation: Federation | None = None
        try:
            servers.start(lambda words: console.print(f"✓ {words}"))
            federation = _rooms(servers, place, console)
            _show(servers, federation, place)
            Watch(servers, federation, console.print).go_on()
        finally:
            console.print("終わります。 Stopping")
            if federation is not None:
                federation.stop()
            servers.stop()
    return 0


@contextmanager
def _place(out: Path | None) -> Generator[Path]:
    if out is None:
        with TemporaryDirectory(prefix="kumihimo-cluster-") as name:
            place = Path(name)
            place.chmod(0o755)  # PostgreSQL runs under another account when root starts it
            yield place
        return
    place = out.absolute()
    try:
        place.mkdir(parents=True)
    except FileExistsError:
        if not place.is_dir() or any(place.iterdir()):
            raise BadInput(f"--out: {out}: not a new folder", pointer="out") from None
    if unprivileged() is not None:
        _require_passable(place)
    yield place


def _require_passable(place: Path) -> None:
    """Raise `BadInput` where the account of the servers cannot get to a folder."""
    for one in (place, *place.parents):
        if not one.stat().st_mode & _OTHERS_PASS:
            raise BadInput(
                f"--out: the servers run under the account {unprivileged()}, which may not"
                f" pass {one}",
                pointer="out",
            )


def _rooms(servers: Cluster, place: Path, console: Console) -> Federation:
    """Make the rooms' databases, and start them."""
    plan = Plan(
        gateways=_GATEWAYS,
        assessed={one: _PIA_DAY for hosted in _GATEWAYS.values() for one in hosted},
    )
    console.print("各機関のデータベースと鍵を作ります。 Making the rooms' databases and keys")
    federation = prepare(
        place / "rooms", plan, postgres=servers, clock=SystemClock(), entropy=SystemEntropy()
    )
    try:
        for room in federation.rooms.values():
            room.start()
        for room in federation.rooms.values():
            room.wait()
            console.print(f"✓ {room.name}")
    except BaseException:
        federation.stop()
        raise
    return federation


def _show(servers: Cluster, federation: Federation, place: Path) -> None:
    """Print who is where; on stdout, for whoever reads it with a program."""

    def log(path: Path) -> str:
        return str(path.relative_to(place))

    table = Table(box=None, header_style="bold")
    for column in ("", "address", "process", "log"):
        table.add_column(column, overflow="fold")
    for room in federation.rooms.values():
        process = str(room.process.pid) if room.process else ""
        table.add_row(room.name, room.address, process, log(room.settings.with_suffix(".log")))
    for name, node in servers.nodes.items():
        process = str(node.process.pid) if node.process else ""
        table.add_row(f"PostgreSQL {name}", f"{HOST}:{node.port}", process, log(node.log))
        table.add_row(f"Patroni {name}", f"http://{HOST}:{node.rest}/cluster", "", "")
    table.add_row("leader", f"{HOST}:{servers.leader_port}", "", log(servers.haproxy.log))
    table.add_row("pooler", f"{HOST}:{servers.pooler_port}", "", log(servers.pgbouncer.log))
    console = Console()
    console.print(table)
    console.print(f"\n{place}\n終わりは Ctrl-C。 Ctrl-C ends it.", markup=False)
    sys.stdout.flush()


@attrs.define
class Watch:
    """Who leads, and what ended; `tell` gets a line for each change."""

    servers: Cluster
    federation: Federation
    tell: Callable[[str], None]
    _leader: str | None = None
    _silent_since: float = 0.0
    _ended: dict[str, float] = attrs.field(factory=dict[str, float])

    def go_on(self) -> None:
        """Look until somebody interrupts."""
        while True:
            self.look(time.monotonic())
            time.sleep(_LOOK_S)

    def look(self, now: float) -> None:
        """Look once."""
        self._look_at_leader(now)
        for part in self.servers.parts():
            self._start_again(part.name, part.alive(), part.start, now)
        for room in self.federation.rooms.values():
            alive = room.process is not None and room.process.poll() is None
            self._start_again(room.name, alive, room.start, now)

    def _look_at_leader(self, now: float) -> None:
        try:
            leader = self.servers.leader().name
        except Unavailable:
            leader = None
        if leader == self._leader:
            return
        if leader is None:
            self._silent_since = now
            self.tell("誰も主ではありません。 No server leads")
        elif self._silent_since:
            self.tell(f"PostgreSQL {leader}: leader, after {now - self._silent_since:.1f} s")
        self._leader = leader

    def _start_again(self, name: str, alive: bool, start: Callable[[], None], now: float) -> None:  # noqa: FBT001
        if alive:
            self._ended.pop(name, None)
        elif name not in self._ended:
            self._ended[name] = now
            self.tell(f"{name} ended; it starts again in {AGAIN_S:.0f} s")
        elif now - self._ended[name] >= AGAIN_S:
            del self._ended[name]
            start()
            self.tell(f"{name} started again")
