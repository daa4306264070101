"""The institutions of a world: its municipalities, their prefectures, and the national bodies.

Ids are those of `statute`: `lg-` and six digits for local governments, names for the others.
The health insurance society is invented and comes to `statute` with a deployment.
"""

from typing import Final

import numpy as np
import polars as pl

from kumihimo.people.check_digits import municipality_check_digit
from kumihimo.world import reference
from kumihimo.world.streams import Chance

PENSION: Final = "nenkin"
EMPLOYEES_INSURER: Final = "kyokai-kenpo"
SOCIETY: Final = "kenpo-kumihimo"


def chosen_municipalities(number: int, chance: Chance) -> list[str]:
    """Return codes of `number` municipalities, ascending; the larger the likelier."""
    listed = reference.municipalities()
    weights = listed["weight"].to_numpy()
    # Efraimidis and Spirakis: the largest u^(1/w) are a weighted sample without replacement.
    keys = np.log(chance.unit(len(weights)) + np.finfo(np.float64).tiny) / weights
    best = np.sort(np.argsort(-keys, kind="stable")[:number])
    return [str(code) for code in listed["code"].gather(best.tolist())]


def local_government(code: str) -> str:
    """Return the institution id of a municipality or prefecture."""
    return f"lg-{code}"


def prefecture_code(municipality: str) -> str:
    """Return the six-digit code of a municipality's prefecture."""
    body = municipality[:2] + "000"
    return f"{body}{municipality_check_digit(body)}"


def elderly_union(municipality: str) -> str:
    """Return the id of the prefecture's union for the insurance of people of 75 and over."""
    return f"kouiki-{municipality[:2]}"


def institutions(codes: list[str]) -> pl.DataFrame:
    """Return institution, kind, name, code (local governments only, else empty)."""
    listed = reference.municipalities().filter(pl.col("code").is_in(codes))
    rows: list[tuple[str, str, str, str]] = []
    prefectures: dict[str, str] = {}
    for code, prefecture, name in listed.select("code", "prefecture", "name").iter_rows():
        rows.append((local_government(code), "municipality", f"{prefecture}{name}", code))
        prefectures[prefecture_code(code)] = prefecture
    for code, prefecture in sorted(prefectures.items()):
        rows.append((local_government(code), "prefecture", prefecture, code))
        union = f"{prefecture}後期高齢者医療広域連合"
        rows.append((elderly_union(code), "elderly-union", union, ""))
    rows += [
        (PENSION, "pension", "日本年金機構", ""),
        (EMPLOYEES_INSURER, "insurer", "全国健康保険協会", ""),
        (SOCIETY, "insurer", "くみひも健康保険組合", ""),
    ]
    return pl.DataFrame(rows, schema=["institution", "kind", "name", "code"], orient="row")
