"""`kumihimo demo`: the whole system at work in a synthetic nation, told in the terminal."""

import asyncio
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from traceback import extract_tb
from typing import Final

from cyclopts import App
from rich.console import Console

from kumihimo.kernel.clock import SystemClock, legal_day
from kumihimo.kernel.entropy import SystemEntropy
from kumihimo.kernel.postgres import EmbeddedPostgres
from kumihimo.kernel.refusal import BadInput
from kumihimo.run import demo as story
from kumihimo.run import demo_attacks as attacks
from kumihimo.run.demo_stage import CLAIMANT, Demo
from kumihimo.run.family import largest_town
from kumihimo.run.settling import plan_of
from kumihimo.run.street import open_street
from kumihimo.run.telling import Teller
from kumihimo.world.institutions import local_government, prefecture_code
from kumihimo.world.nation import World

RESIDENTS_MIN: Final = 1_000
RESIDENTS_MAX: Final = 1_000_000
MUNICIPALITIES: Final = 20
WIDTH_MIN: Final = 100  # the tables hold Japanese names; a pipe says 80

app = App(
    name="demo",
    help="仮想の国で制度の一部始終を見る。 Watch the whole system at work in a synthetic nation.",
)


@app.default
def run_demo(*, residents: int = 10_000, seed: int = 1, keep: bool = False) -> int:
    """仮想の国で制度の一部始終を見る。 Watch the whole system at work in a synthetic nation.

    Everything runs on this machine: an embedded PostgreSQL with a database for each room, and all
    rooms in one process. Nothing is left behind.

    Parameters
    ----------
    residents
        国の人数。 How many people the nation has, 1,000 to 1,000,000.
    seed
        国のもと。 What the nation is made from; the same seed gives the same people.
    keep
        終わっても止めない。 Leave the services up on loopback until Ctrl-C.
    """
    if not RESIDENTS_MIN <= residents <= RESIDENTS_MAX:
        raise BadInput(f"--residents: {RESIDENTS_MIN:,} to {RESIDENTS_MAX:,}", pointer="residents")
    teller = Teller(Console(width=max(Console().width, WIDTH_MIN)))
    begun = monotonic()
    with TemporaryDirectory(prefix="kumihimo-demo-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # PostgreSQL runs under another account when root starts the demo
        postgres = EmbeddedPostgres.start(folder / "postgres", entropy=SystemEntropy())
        try:
            asyncio.run(_tell(postgres, teller, residents, seed, begun, keep=keep))
        finally:
            postgres.stop()
    return 0


async def _tell(
    postgres: EmbeddedPostgres,
    teller: Teller,
    residents: int,
    seed: int,
    begun: float,
    *,
    keep: bool,
) -> None:
    clock, entropy = SystemClock(), SystemEntropy()
    world = World.generate(
        residents, seed, municipalities=MUNICIPALITIES, on=legal_day(clock.now())
    )
    unassessed = local_government(prefecture_code(largest_town(world).removeprefix("lg-")))
    street = await open_street(
        plan_of(world, unassessed=unassessed),
        postgres=postgres,
        clock=clock,
        entropy=entropy,
        report=_report,
    )
    try:
        demo = Demo(street=street, world=world, postgres=postgres, teller=teller)
        teller.say(
            f"人口 {residents:,}、{MUNICIPALITIES} 市町村、{len(street.plan.institutions)} 機関。"
            " 機関ごとに鍵、部屋ごとにデータベース。",
            f"{residents:,} people, {MUNICIPALITIES} municipalities,"
            f" {len(street.plan.institutions)} institutions; a key for each, a database per room.",
        )
        await story.settle(demo)
        async with demo.open_doors():
            family, _ = await story.move(demo)
            await story.refuse(demo, family, unassessed)
            await story.read(demo, family, await story.number_of(street, family))
            await attacks.steal(demo)
            await attacks.lie(demo, family)
            _how_to_go_on(demo, family.new_town, monotonic() - begun, keep=keep)
            if keep:
                await asyncio.Event().wait()
    finally:
        await street.close()


def _how_to_go_on(demo: Demo, town: str, seconds: float, *, keep: bool) -> None:
    teller = demo.teller
    teller.scene(7, "この先", f"How to go on. The story took {seconds:.0f} s.")
    address = demo.addresses[demo.street.plan.gateway_of(town)]
    if not keep:
        teller.say(
            "./kumihimo demo --keep  で動かしたまま API を試せます。",
            "./kumihimo demo --keep  leaves it running, with the API to try.",
        )
        return
    teller.table(
        ("API の説明 description of the API", ""),
        [
            ("機関のシステム用 for an institution's systems", f"{address}/schema"),
            ("本人の記録 a person's own records", f"{demo.addresses['ledger']}/schema"),
        ],
    )
    teller.console.print(
        "\n".join(
            (
                "",
                "   from kumihimo.rooms.gateway.client import BusinessClient",
                f'   with BusinessClient("{address}",',
                f'                       "{demo.tokens[town]}") as gateway:',
                f'       print(gateway.status(["{CLAIMANT}"]))',
                "",
                "   Ctrl-C で終了。 Ctrl-C ends it.",
            )
        ),
        highlight=False,
        markup=False,
        soft_wrap=True,
    )


def _report(where: str, error: Exception) -> None:
    """Tell of a bug by its place; an error's own words may quote a person's data."""
    frames = extract_tb(error.__traceback__)
    place = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "?"
    print(f"kumihimo demo: {where}: {type(error).__name__} at {place}", file=sys.stderr)
