"""`kumihimo demo`: the whole system at work in a synthetic nation, told in the terminal."""

import asyncio
import sys
from collections import Counter
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
from kumihimo.run import demo_card as card
from kumihimo.run import demo_login as logins
from kumihimo.run.demo_desk import desk_open, tell_of_desk
from kumihimo.run.demo_kept import leave_card
from kumihimo.run.demo_portal import portal_open, tell_of_portal
from kumihimo.run.demo_stage import (
    CHILD_ALLOWANCE,
    CLAIMANT,
    INCOME,
    LAYOUT,
    PORTS,
    Demo,
    DoesNotHold,
    number_of,
)
from kumihimo.run.family import Family, choose, largest_town
from kumihimo.run.loopback import HOST
from kumihimo.run.settling import plan_of
from kumihimo.run.street import open_street
from kumihimo.run.telling import Teller
from kumihimo.world.institutions import local_government, prefecture_code
from kumihimo.world.nation import World

RESIDENTS_MIN: Final = 1_000
RESIDENTS_MAX: Final = 1_000_000
MUNICIPALITIES: Final = 20
WIDTH_MIN, WIDTH_MAX = 80, 100  # what the tables need, and what an eye follows

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
    teller = Teller(Console(width=min(max(Console().width, WIDTH_MIN), WIDTH_MAX)))
    teller.title(
        "組紐 Kumihimo：誰も一人では結合できないマイナンバー制度",
        "A number system in which no single party can join a person's data.",
    )
    begun = monotonic()
    with TemporaryDirectory(prefix="kumihimo-demo-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # PostgreSQL runs under another account when root starts the demo
        postgres = EmbeddedPostgres.start(
            folder / "postgres", entropy=SystemEntropy(), durable=False
        )
        try:
            asyncio.run(_tell(postgres, folder, teller, residents, seed, begun, keep=keep))
        except DoesNotHold as error:  # its words are the demo's own
            print(f"kumihimo demo: does not hold: {error}", file=sys.stderr)
            raise
        finally:
            postgres.stop()
    return 0


async def _tell(
    postgres: EmbeddedPostgres,
    folder: Path,
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
        demo = Demo(street=street, world=world, postgres=postgres, folder=folder, teller=teller)
        _who_takes_part(demo)
        await story.settle(demo)
        async with demo.open_doors(keep=keep):
            family = choose(world, street.plan, demo.matched.untied, new_town=largest_town(world))
            family, applied = await card.birth(demo, family)
            hers = await card.hand_over(demo, family, applied)
            login = await logins.log_in(demo, hers.chip.process)
            await logins.move(demo, family, login)
            await story.ask(demo, family)
            await story.refuse(demo, family, unassessed)
            number = await number_of(street, family.new_town, family.mother)
            await story.read(demo, family, number)
            await attacks.steal(demo, family)
            await attacks.lie(demo, family)
            _how_to_go_on(demo, family, monotonic() - begun, keep=keep)
            if keep:
                leave_card(demo, hers, login.portal)
            teller.say(
                "続きは docs/tutorial/first-exchange.md。",
                "Continued in docs/tutorial/first-exchange.md.",
            )
            if keep:
                async with (
                    portal_open(demo, hers.chip, _report) as origin,
                    desk_open(demo, family, _report) as desk,
                ):
                    tell_of_portal(demo, origin)
                    tell_of_desk(demo, desk)
                    await asyncio.Event().wait()
    finally:
        await street.close()


def _who_takes_part(demo: Demo) -> None:
    kinds = Counter(demo.world.institutions["kind"])
    towns, prefectures, pension = kinds["municipality"], kinds["prefecture"], kinds["pension"]
    insurers = kinds["insurer"] + kinds["elderly-union"]
    demo.teller.say(
        f"架空の住民 {len(demo.world.residents):,} 人。市町村 {towns}、都道府県 {prefectures}、"
        f"年金機構 {pension}、医療保険者 {insurers}。",
        f"{len(demo.world.residents):,} synthetic people; {towns} municipalities,"
        f" {prefectures} prefectures, the pension service, {insurers} medical insurers.",
    )
    demo.teller.say(
        "機関ごとに鍵、部屋ごとにデータベース。すべてこの機械の中で動く。",
        "Keys for each institution, a database for each room, all of it on this machine.",
    )


def _how_to_go_on(demo: Demo, family: Family, seconds: float, *, keep: bool) -> None:
    teller, town = demo.teller, family.new_town
    hosted = demo.street.plan.gateway_of(town)
    teller.scene(11, "この先", f"How to go on. The story took {seconds:.0f} s.")
    if keep:
        teller.say("動いています。終わりは Ctrl-C。", "It is running; Ctrl-C ends it.")
        at, token = demo.addresses, demo.tokens[town]
    else:
        teller.say(
            "./kumihimo demo --keep で動かしたまま、次を試せます。",
            "./kumihimo demo --keep leaves it running, for this:",
        )
        at = {name: f"http://{HOST}:{port}" for name, port in PORTS.items()}
        token = "…"  # noqa: S105 - the next demo prints its own
    teller.table(
        (("API の説明", "description of the API"), ("誰のため", "for whom")),
        [
            (f"{at[hosted]}/schema", ("機関の業務システム", "an institution's systems")),
            (f"{at['ledger']}/schema", ("本人", "a person, to read her own records")),
            (f"{at['jpki']}/schema", ("署名検証者など", "registered verifiers of signatures")),
            (f"{at['cards']}/schema", ("カードの窓口", "counters of municipalities")),
            (f"{at['register']}/schema", ("住民基本台帳の事務", "resident registers")),
        ],
    )
    teller.say(
        f".venv/bin/python で、{demo.name(town)} の職員として母親について照会する：",
        "In .venv/bin/python, ask about the mother as her new town's clerk would:",
    )
    teller.plain(
        "",
        "from kumihimo.rooms.gateway.client import BusinessClient",
        f'token = "{token}"',
        f'gateway = BusinessClient("{at[hosted]}", token)',
        f'answer = gateway.ask_one("{CLAIMANT}", affair="{CHILD_ALLOWANCE}",'
        f' provider="{family.old_town}",',
        f'    items=["{INCOME}"], layout="{LAYOUT}")',
        "print(answer.outcome, answer.values)",
        "",
    )


def _report(where: str, error: Exception) -> None:
    """Tell of a bug by its place; an error's own words may quote a person's data."""
    frames = extract_tb(error.__traceback__)
    place = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "?"
    print(f"kumihimo demo: {where}: {type(error).__name__} at {place}", file=sys.stderr)
