"""Records as offices keep them: the person in the office's own words, under the office's own number.

Amounts and shares are our choice, except the child allowance, which follows the amounts in force
from October 2024. `truth` says whose record it is and how it was written; no office has it.
"""

from datetime import date
from typing import Final, TypeAlias

import attrs
import numpy as np
import polars as pl

from kumihimo.world import notation
from kumihimo.world.families import NEVER, YEAR, People, Role
from kumihimo.world.histories import Block
from kumihimo.world.institutions import EMPLOYEES_INSURER, PENSION, SOCIETY
from kumihimo.world.lives import EPOCH, Lives
from kumihimo.world.streams import Chance, Flags, Floats, Ints, key_of, record_ids

Styles: TypeAlias = dict[str, Ints]

OFFICE_TABLES: Final = (
    "resident_record", "local_tax", "child_allowance", "pension", "medical_insurance",
)  # fmt: skip
WRITTEN: Final = ("name", "name_kana", "birth_date", "sex", "address")
_STYLES: Final = {
    "name": notation.NAME_STYLES,
    "kana": notation.KANA_STYLES,
    "birth": notation.BIRTH_STYLES,
    "sex": notation.SEX_STYLES,
    "address": notation.ADDRESS_STYLES,
}
_OWN_HAND: Final = 0.06  # a record that departs from its office's house style
_STALE: Final = {"pension": 0.05, "medical_insurance": 0.04}
_ADULT, _PENSION_AGE, _ELDERLY = 20, 65, 75
_FISCAL_APRIL, _TAX_JUNE = 4, 6


@attrs.frozen(eq=False)
class Written:
    """Rows of one kind of office record: who, at which office, from which dwelling, and what."""

    table: str
    rows: Ints  # people of the block
    institution: pl.Series
    dwelling: Ints
    stale: Flags
    fields: pl.DataFrame


def office_records(
    block: Block, today: pl.DataFrame, on: date, chance: Chance
) -> dict[str, pl.DataFrame]:
    """Return the tables of `OFFICE_TABLES` and `truth` for a block, as of the day `on`."""
    income = _income(block.people, on, chance)
    kinds = [
        _resident_record(block, today),
        _local_tax(block, on, income),
        _child_allowance(block, today, on),
        _pension(block, today, on, income, chance),
        _medical_insurance(block, today, on, income, chance),
    ]
    tables: dict[str, pl.DataFrame] = {}
    truths: list[pl.DataFrame] = []
    for kind in kinds:
        tables[kind.table], truth = _written(block, today, kind, chance)
        truths.append(truth)
    return tables | {"truth": pl.concat(truths)}


def income_year(on: date) -> int:
    """Return the calendar year whose income is the latest that was assessed (from June)."""
    return on.year - 1 if on.month >= _TAX_JUNE else on.year - 2


def _resident_record(block: Block, today: pl.DataFrame) -> Written:
    rows = np.flatnonzero(_residents(today))
    fields = today.select("household", "relation", "individual_number")[rows.tolist()]
    return _current(block, today, "resident_record", rows, fields)


def _local_tax(block: Block, on: date, income: Ints) -> Written:
    year = income_year(on)
    day = (date(year + 1, 1, 1) - EPOCH).days
    lives, people = block.lives, block.people
    here = (lives.starts <= day) & (lives.died > day) & ~_away(lives, day)
    rows = np.flatnonzero(here & (day - people.born >= _ADULT * YEAR))
    slot = np.clip(
        (block.moved.into[people.household] <= day).sum(1), lives.slot_first, lives.slot_last
    )
    dwelling = block.homes.rows(people.household, slot)[rows]
    young = (day - people.born < 16 * YEAR) & (people.role == Role.CHILD)
    per_home = np.bincount(people.household, weights=young).astype(np.int64)
    dependants = np.where(people.role == Role.HEAD, per_home[people.household], 0)[rows]
    taxed = np.maximum(income[rows] - 430_000 - 330_000 * dependants, 0)
    fields = pl.DataFrame(
        {
            "income_year": np.full(len(rows), year),
            "total_income": income[rows],
            "dependants": dependants,
            "income_levy": taxed // 1000 * 60,
        }
    )
    # Keyed by where the person lived on 1 January, which a move since does not change.
    codes = block.addresses["municipality"].gather(dwelling.tolist())
    stale = dwelling != block.homes.rows(people.household, lives.slot_last)[rows]
    return Written("local_tax", rows, _local(codes), dwelling, stale, fields)


def _child_allowance(block: Block, today: pl.DataFrame, on: date) -> Written:
    people = block.people
    fiscal = on.year if on.month >= _FISCAL_APRIL else on.year - 1
    # Until 31 March after the eighteenth birthday.
    first_born = (date(fiscal - 18, 4, 2) - EPOCH).days
    third_birthday = (date(on.year - 3, on.month, min(on.day, 28)) - EPOCH).days
    living = _residents(today)
    child = living & (people.role == Role.CHILD) & (people.born >= first_born)
    order = _count_before(people.household, child)
    rate = np.where(people.born > third_birthday, 15_000, 10_000)
    rate = np.where(order >= 2, 30_000, rate)  # noqa: PLR2004
    number = np.bincount(people.household, weights=child).astype(np.int64)
    amount = np.bincount(people.household, weights=np.where(child, rate, 0)).astype(np.int64)
    claims = living & (people.role == Role.HEAD) & (number[people.household] > 0)
    rows = np.flatnonzero(claims)
    home = people.household[rows]
    fields = pl.DataFrame({"children": number[home], "monthly_amount": amount[home]})
    return _current(block, today, "child_allowance", rows, fields)


def _pension(block: Block, today: pl.DataFrame, on: date, income: Ints, chance: Chance) -> Written:
    age = _age(block.people, on)
    rows = np.flatnonzero(_residents(today) & (age >= _ADULT))
    old = age[rows] >= _PENSION_AGE
    employed = income[rows] > 1_300_000  # noqa: PLR2004
    spouse = block.people.role[rows] == Role.SPOUSE
    insured = np.where(employed, 2, np.where(spouse, 3, 1))
    paid = 400_000 + chance.below(len(rows), 430_000)
    months = np.minimum((age[rows] - _ADULT) * 12, 480).astype(np.int64)
    fields = pl.DataFrame(
        {
            "insured_category": np.where(old, 0, insured),
            "months_paid": np.where(old, 480 - chance.below(len(rows), 120), months),
            "yearly_amount": np.where(old, paid // 100 * 100, 0),
        }
    )
    at, stale = _dwelling(block, rows, "pension", chance)
    office = pl.repeat(PENSION, len(rows), eager=True)
    return Written("pension", rows, office, at, stale, fields)


def _medical_insurance(
    block: Block, today: pl.DataFrame, on: date, income: Ints, chance: Chance
) -> Written:
    people = block.people
    rows = np.flatnonzero(_residents(today))
    # The household goes with the employment of its highest earner; the old go by themselves.
    best = np.zeros(int(people.household[-1]) + 1, dtype=np.int64)
    np.maximum.at(best, people.household, income)
    employed = (best > 1_800_000) & chance.flag(len(best), 0.85)  # noqa: PLR2004
    society = chance.flag(len(best), 0.4)
    home = people.household[rows]
    codes = today["municipality"].gather(rows.tolist())
    own = pl.Series(np.where(society[home], SOCIETY, EMPLOYEES_INSURER).astype(np.str_))
    office = own.zip_with(pl.Series(employed[home]), _local(codes))
    union = pl.select("kouiki-" + codes.str.slice(0, 2)).to_series()
    elderly = _age(people, on)[rows] >= _ELDERLY
    office = union.zip_with(pl.Series(elderly), office)
    fields = pl.DataFrame(
        {
            "insured_since": today["birth_date"].gather(rows.tolist()),
            "is_dependent": pl.Series(employed[home] & (income[rows] < best[home]) & ~elderly),
            "copayment_percent": pl.Series(np.where(elderly, 10, 30)),
        }
    )
    since = pl.max_horizontal("insured_since", pl.lit(date(2008, 4, 1)))
    fields = fields.with_columns(insured_since=since)
    at, stale = _dwelling(block, rows, "medical_insurance", chance)
    return Written("medical_insurance", rows, office, at, stale, fields)


def _written(
    block: Block, today: pl.DataFrame, kind: Written, chance: Chance
) -> tuple[pl.DataFrame, pl.DataFrame]:
    offices = kind.institution.unique(maintain_order=True)
    keys = [key_of(block.seed, "record", kind.table, str(one)) for one in offices]
    index = offices.to_frame("o").with_row_index("n")
    at = kind.institution.to_frame("o").join(index, on="o", how="left", maintain_order="left")["n"]
    where = at.to_numpy().astype(np.int64)
    numbers = record_ids(block.person[kind.rows], np.asarray(keys, dtype=np.uint64)[where])
    styles = _styles(block.seed, kind.table, [str(one) for one in offices], where, chance)
    picked = kind.rows.tolist()
    source = today.select("name", "name_kana", "birth_date", "sex")[picked].hstack(
        block.homes.table.drop("municipality", "postal_code")[kind.dwelling.tolist()]
    )
    source = source.with_columns(**{f"s_{name}": pl.Series(v) for name, v in styles.items()})
    head = pl.DataFrame(
        {
            "institution": kind.institution,
            "record_id": pl.Series(numbers).cast(pl.String).str.zfill(10),
        }
    )
    written = source.select(
        name=notation.written_name(pl.col("s_name")),
        name_kana=notation.written_kana(pl.col("s_kana")),
        birth_date=notation.written_birth(pl.col("s_birth")),
        sex=notation.written_sex(pl.col("s_sex")),
        address=notation.written_address(pl.col("s_address")),
    )
    differs = (written["name"] != source["name"]) & pl.Series(styles["name"] == 4)  # noqa: PLR2004
    truth = pl.DataFrame(
        {
            "table": pl.repeat(kind.table, len(picked), eager=True),
            **head.to_dict(),
            "person": block.person[kind.rows],
            **{f"{n}_style": pl.Series(_STYLES[n]).gather(v) for n, v in styles.items()},
            "stale_address": kind.stale,
            "name_differs": differs,
        }
    )
    return pl.concat([head, written, kind.fields], how="horizontal"), truth


def _styles(seed: int, table: str, offices: list[str], where: Ints, chance: Chance) -> Styles:
    """Return style indexes: the office's own, and for a few records another hand's."""
    styles: Styles = {}
    if table == "resident_record":
        # The register is what the others depart from.
        return {name: np.zeros(len(where), dtype=np.int64) for name in _STYLES}
    for name, listed in _STYLES.items():
        # A mistaken character is never a house style: it is a slip of one record.
        usual = len(listed) - 1 if name == "name" else len(listed)
        own = np.asarray([key_of(seed, "style", table, o, name) % usual for o in offices])
        other = chance.below(len(where), len(listed))
        departs = chance.flag(len(where), _OWN_HAND)
        styles[name] = np.where(departs, other, own.astype(np.int64)[where])
    return styles


def _current(
    block: Block, today: pl.DataFrame, table: str, rows: Ints, fields: pl.DataFrame
) -> Written:
    office = _local(today["municipality"].gather(rows.tolist()))
    at = block.homes.rows(block.people.household, block.lives.slot_last)[rows]
    return Written(table, rows, office, at, np.zeros(len(rows), dtype=np.bool_), fields)


def _dwelling(block: Block, rows: Ints, table: str, chance: Chance) -> tuple[Ints, Flags]:
    """Return where the office believes people live; some moved without telling it."""
    last = block.lives.slot_last
    stale = (last > block.lives.slot_first) & chance.flag(len(last), _STALE[table])
    at = block.homes.rows(block.people.household, last - stale)
    return at[rows], stale[rows]


def _residents(today: pl.DataFrame) -> Flags:
    return (today["standing"] == "resident").to_numpy()


def _away(lives: Lives, day: int) -> Flags:
    return (lives.left <= day) & ((lives.back == NEVER) | (lives.back > day))


def _age(people: People, on: date) -> Floats:
    return ((on - EPOCH).days - people.born) / YEAR


def _income(people: People, on: date, chance: Chance) -> Ints:
    """Return yearly income in yen: a bell of logarithms, by age; our choice."""
    count = len(people)
    age = _age(people, on)
    bell = sum((chance.unit(count) for _ in range(4)), -2.0) * np.sqrt(3.0)
    middle = np.where(age >= _PENSION_AGE, 1_200_000.0, 2_600_000.0)
    works = chance.flag(count, np.where(people.role == Role.SPOUSE, 0.7, 0.93))
    earned = (middle * np.exp(0.55 * bell)).astype(np.int64) // 1000 * 1000
    return np.where((age >= _ADULT) & works, earned, 0)


def _count_before(household: Ints, counted: Flags) -> Ints:
    running = np.cumsum(counted) - counted
    starts = np.flatnonzero(np.diff(household, prepend=-1))
    return running - running[starts][household]


def _local(codes: pl.Series) -> pl.Series:
    return pl.select("lg-" + codes).to_series()
