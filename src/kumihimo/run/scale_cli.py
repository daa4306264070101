"""`kumihimo scale`: what a whole country needs of machines, from what a benchmark measured here."""

from pathlib import Path
from typing import Annotated

import attrs
import msgspec
from cyclopts import App, Parameter
from rich.table import Table

from kumihimo.kernel.files import open_regular
from kumihimo.kernel.refusal import BadInput
from kumihimo.kernel.wire import decode_strictly
from kumihimo.operations.scale import MOST, Country, Scale, Server, scale
from kumihimo.run.audit_telling import console
from kumihimo.run.bench_cli import Result

app = App(
    name="scale",
    help="全国で使うのに要る機械を計算する。 Reckon what a whole country needs of machines.",
)
_FIGURES_MAX = 1_000_000  # bytes
_COUNTRY, _SERVER = Country(), Server()


@Parameter(name="*")
@attrs.frozen(kw_only=True)
class Given:
    """What of the country and of servers is otherwise than in the model."""

    people: Annotated[float, Parameter(help="人口。 People.")] = _COUNTRY.people
    institutions: Annotated[
        float, Parameter(help="一人あたりの機関の数（推測）。 Institutions per person (a guess).")
    ] = _COUNTRY.institutions_per_person
    gateways: Annotated[float, Parameter(help="中間サーバーの数。 Gateways.")] = _COUNTRY.gateways
    provisions: Annotated[float, Parameter(help="一年の情報提供の件数。 Provisions a year.")] = (
        _COUNTRY.provisions_a_year
    )
    peak: Annotated[
        float,
        Parameter(help="平均に対するピークの倍率（推測）。 Peak by mean (a guess)."),
    ] = _COUNTRY.peak
    years: Annotated[float, Parameter(help="記録を保存する年数。 Years that records are kept.")] = (
        _COUNTRY.years
    )
    cores: Annotated[float, Parameter(help="サーバー一台のコア数。 Cores of one server.")] = (
        _SERVER.cores
    )
    terabytes: Annotated[
        float, Parameter(help="サーバー一台に置く容量（TB）。 Terabytes that one server holds.")
    ] = _SERVER.terabytes
    yen_per_core: Annotated[
        float | None, Parameter(help="一コアの年額（円）。 Yen a year for a core.")
    ] = None
    yen_per_terabyte: Annotated[
        float | None, Parameter(help="1 TB の年額（円）。 Yen a year for a terabyte.")
    ] = None

    def country(self) -> Country:
        """Return the country. Raises `BadInput`."""
        return Country(
            people=self.people,
            institutions_per_person=self.institutions,
            gateways=self.gateways,
            provisions_a_year=self.provisions,
            peak=self.peak,
            years=self.years,
        )

    def server(self) -> Server:
        """Return what one server takes. Raises `BadInput`."""
        return Server(
            cores=self.cores,
            terabytes=self.terabytes,
            yen_per_core=self.yen_per_core,
            yen_per_terabyte=self.yen_per_terabyte,
        )


NOTHING = Given()


@app.default
def reckon(figures: Path, *, given: Given = NOTHING, json: bool = False) -> None:
    """全国で使うのに要る機械を計算する。 Reckon what a whole country needs of machines.

    The model knows the country's size and takes from the benchmark what an inquiry costs each room.
    What it cannot know (peaks, prices) is a guess of ours or yours, and said to be one.

    Parameters
    ----------
    figures
        測った結果のファイル。 File with what `kumihimo bench linkage --json` printed.
    json
        一つの JSON を印字する。 Print one JSON object and nothing else.
    """
    for name, value in attrs.asdict(given).items():
        if value is not None and not 0 < value < MOST:
            option = "--" + name.replace("_", "-")
            raise BadInput(f"{option}: a number that is more than 0", pointer=name)
    country, server = given.country(), given.server()
    found = scale(_figures(figures), country, server)
    if json:
        print(msgspec.json.encode(attrs.asdict(found)).decode())
    else:
        _show(found)


def _figures(path: Path) -> dict[str, float]:
    try:
        with open_regular(path) as file:
            result = decode_strictly(file.read(_FIGURES_MAX), Result)
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror}", pointer="figures") from None
    except BadInput:
        detail = f"{path}: not what `kumihimo bench linkage --json` prints"
        raise BadInput(detail, pointer="figures") from None
    return {one.name: one.value for one in result.measures}


def _show(found: Scale) -> None:
    priced = any(need.yen_a_year is not None for need in found.needs)
    table = Table(box=None, pad_edge=False)
    table.add_column("機関 room")
    names = ["コア（ピーク時） busy cores", "容量 TB", "月の行数 rows a month", "分割 servers"]
    for name in [*names, *(["年額（円） yen a year"] if priced else [])]:
        table.add_column(name, justify="right")
    for need in found.needs:
        cells = [f"{need.cores:,.2f}", f"{need.terabytes:,.2f}", f"{need.rows_a_month:,.0f}"]
        cells.append(f"{need.parts:,}")
        if need.yen_a_year is not None:
            cells.append(f"{need.yen_a_year:,.0f}")
        table.add_row(need.room, *cells)
    console().print(table)
    print(f"ピーク peak: {found.peak_per_second:,.0f} 件/秒 inquiries a second")
    print(f"記録 records kept: {found.rows:,.0f}、符号 codes: {found.codes:,.0f}")
    print(f"符号の初回取得 first acquisition of all codes: {found.first_codes_days:,.1f} 日 days")
