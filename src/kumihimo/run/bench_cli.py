"""`kumihimo bench NAME`: measure speed on this machine, beside the limit that the same run finds."""

import os
import platform
import sys
from collections.abc import Callable, Sequence
from importlib.util import module_from_spec, spec_from_file_location
from inspect import signature
from pathlib import Path
from typing import Final, Protocol, cast

import msgspec
from cyclopts import App
from rich.console import Console
from rich.table import Table

from kumihimo.kernel.refusal import BadInput
from kumihimo.run.testing import ROOT

FOLDER: Final = ROOT / "benchmarks"

app = App(
    name="bench",
    help="この機械での速さを測る。 Measure speed on this machine against its own limits.",
)


class Measure(msgspec.Struct, frozen=True, kw_only=True):
    """One figure. `against` names the peer or limit that was measured in the same run.

    `ratio` is value / against_value. `bar` is what must hold (None: nothing), `holds` whether it
    did.
    """

    name: str
    value: float
    unit: str
    against: str
    against_value: float
    ratio: float
    bar: float | None
    holds: bool


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What a benchmark prints with `--json`."""

    bench: str
    machine: dict[str, str | int]
    measures: tuple[Measure, ...]


Tell = Callable[[str], None]


class Benchmark(Protocol):
    """What a file in `benchmarks/` has."""

    def run(self, tell: Tell, **options: bool | int) -> Sequence[Measure]:
        """Measure; `tell` takes a line of progress, `quick` is for trying the benchmark itself.

        Those that have more to choose name `full`, `seeds` or `records` too.
        """
        ...


SEEDS: Final = 10
SEEDS_MAX: Final = 1_000  # our choice: more take longer than anybody waits
RECORDS_MAX: Final = 2_000_000_000  # more than the country has in ten years


def measure(
    name: str,
    value: float,
    unit: str,
    *,
    against: str,
    against_value: float,
    at_least: float | None = None,
    at_most: float | None = None,
) -> Measure:
    """Return a figure beside its limit."""
    low = at_least is None or value >= at_least
    high = at_most is None or value <= at_most
    return Measure(
        name=name,
        value=round(value, 3),
        unit=unit,
        against=against,
        against_value=round(against_value, 3),
        ratio=round(value / against_value, 3) if against_value else 0.0,
        bar=at_least if at_least is not None else at_most,
        holds=low and high,
    )


def names() -> list[str]:
    """Return the benchmarks that there are."""
    return sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != "__init__")


@app.default
def bench(
    name: str,
    *,
    json: bool = False,
    quick: bool = False,
    full: bool = False,
    seeds: int = 0,
    records: int = 0,
) -> int:
    """この機械での速さを測る。 Measure speed on this machine against its own limits.

    Exit code 1 when a bar does not hold.

    Parameters
    ----------
    name
        ベンチマークの名前。 The benchmark, such as linkage.
    json
        一つの JSON を印字する。 Print one JSON object and nothing else.
    quick
        動くことだけを確かめる短い実行。 A short run that only shows that the benchmark works.
    full
        全国の件数で測る（audit のみ）。 Measure on as many as the country has (audit only).
    seeds
        品質を測る世界の数（audit のみ、既定は10）。 On how many worlds to measure quality (audit only; 10).
    records
        中核に先に入れる提供等の記録の数（linkage のみ、既定は百万）。 How many exchanges the core holds
        beforehand (linkage only; a million).
    """
    if name not in names():
        raise BadInput(f"no such benchmark; there are {', '.join(names())}", pointer="name")
    console = Console(stderr=True, highlight=False)
    chosen = load(FOLDER / f"{name}.py")
    measures = chosen.run(
        console.print, **_options(chosen, quick=quick, full=full, seeds=seeds, records=records)
    )
    result = Result(bench=name, machine=machine(), measures=tuple(measures))
    if json:
        print(msgspec.json.format(msgspec.json.encode(result), indent=2).decode())
    else:
        _show(result)
    return int(not all(one.holds for one in result.measures))


def _options(
    chosen: Benchmark, *, quick: bool, full: bool, seeds: int, records: int
) -> dict[str, bool | int]:
    """Return what this benchmark takes; raises `BadInput` for an option that it does not have."""
    if not 0 <= seeds <= SEEDS_MAX:
        raise BadInput(f"--seeds: 1 to {SEEDS_MAX:,}", pointer="seeds")
    if not 0 <= records <= RECORDS_MAX:
        raise BadInput(f"--records: 1 to {RECORDS_MAX:,}", pointer="records")
    given: dict[str, bool | int] = {"full": full, "seeds": seeds, "records": records}
    takes = signature(chosen.run).parameters
    for name, value in given.items():
        if value and name not in takes:
            raise BadInput(f"--{name}: this benchmark has no such option", pointer=name)
    given["seeds"] = seeds or SEEDS
    return {"quick": quick, **{name: value for name, value in given.items() if name in takes}}


def load(path: Path) -> Benchmark:
    """Return the benchmark that a file holds."""
    spec = spec_from_file_location(f"benchmarks_{path.stem}", path)
    assert spec is not None, "a file that exists has a spec"
    assert spec.loader is not None, "a Python file has a loader"
    module = module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return cast("Benchmark", module)


def machine() -> dict[str, str | int]:
    """Return what the figures depend on."""
    model = ""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    return {
        "cpu": model,
        "cores": os.cpu_count() or 0,
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }


def _show(result: Result) -> None:
    table = Table(box=None, header_style="bold")
    for column in ("measure", "value", "unit", "against", "", "ratio", "bar", "holds"):
        table.add_column(column, justify="left" if column in {"measure", "against"} else "right")
    for one in result.measures:
        table.add_row(
            one.name,
            f"{one.value:,}",
            one.unit,
            one.against,
            f"{one.against_value:,}",
            f"{one.ratio:.2f}",
            "" if one.bar is None else f"{one.bar:,}",
            "✓" if one.holds else "✗",
        )
    Console().print(table)
