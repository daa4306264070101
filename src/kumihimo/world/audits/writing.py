"""How an institution writes the people of its file: each row in a way of its own.

Spellings come from `data/audit_variants.tsv`, which is this world's own table. What was written
otherwise than the register stands in flags beside each row (`WRITTEN`).
"""

from functools import cache
from typing import Final

import numpy as np
import polars as pl

from kumihimo.world.audits import lots
from kumihimo.world.audits.plan import AuditPlan
from kumihimo.world.audits.register import Register, days
from kumihimo.world.audits.undated import without_day
from kumihimo.world.notation import written_birth, written_kana, written_sex
from kumihimo.world.reference import read_table
from kumihimo.world.streams import Chance, Flags, Ints

# What the flags beside each row say.
WRITTEN: Final = (
    "stale_address",
    "former_name",
    "variant",
    "confused_character",
    "lost_character",
    "birth_error",
    "no_birth_day",
    "sex_error",
)
_SPACES: Final = ("　", " ", "")
_SPACE_SHARES: Final = (0.7, 0.15, 0.15)
_BIRTH_SHARES: Final = (0.55, 0.15, 0.2, 0.1)
_SEX_SHARES: Final = (0.7, 0.2, 0.1)
_KANA_STYLES: Final = 5
_LOST: Final = ("●", "〓")
_SELECTOR: Final = "\U000e0100"  # a variation selector behind a character
_SELECTED: Final = 0.003  # of rows: our choice
_RECORDED_SHOWN: Final = 0.5  # of rows with a recorded former surname, show it: our choice


def write_rows(
    register: Register, person: Ints, plan: AuditPlan, chance: Chance, undated: Chance
) -> pl.DataFrame:
    """Return name, kana, birth, sex and address of these people as written, and `WRITTEN` flags.

    `undated` is chance of its own, for what came later than the rest.
    """
    shares, count = plan.writing, len(person)
    own = register.names[person.tolist()]
    renamed = pl.Series(register.renamed[person])
    former = _some(renamed, shares.former_name, chance)
    frame = own.select(
        "given",
        "given_kana",
        "alias",
        "alias_kana",
        "former",
        surname=own["former"].zip_with(former, own["surname"]),
        surname_kana=own["former_kana"].zip_with(former, own["surname_kana"]),
        latin=pl.col("surname") + " " + pl.col("given"),
        latin_turned=pl.col("given") + " " + pl.col("surname"),
        script=pl.col("kanji"),
    )
    frame, flags = _respelled(frame, ~pl.Series(register.foreign[person]), plan, chance)
    slot = register.last_slot[person]
    stale = _some(pl.Series(slot > 0), shares.stale_address, chance)
    at = slot - np.where(stale.to_numpy(), 1 + chance.below(count, np.maximum(slot, 1)), 0)
    rows = register.dwelt.rows(register.people.household[person], at)
    born, wrong_birth = _births(register.people.born[person], shares.birth_error, chance)
    wrong_sex = chance.flag(count, shares.sex_error)
    sex = np.where(wrong_sex, 3 - register.people.sex[person], register.people.sex[person])
    basics = pl.DataFrame({"birth_date": days(born), "sex": pl.Series(sex).cast(pl.String)})
    basics = basics.select(
        birth=written_birth(_drawn(count, _BIRTH_SHARES, chance)),
        sex=written_sex(_drawn(count, _SEX_SHARES, chance)),
    )
    no_day = undated.flag(count, shares.no_birth_day) & ~register.no_day[person]
    no_sex, no_kana = chance.flag(count, shares.no_sex), chance.flag(count, shares.no_kana)
    return pl.DataFrame(
        {
            "name": _names(frame, register, person, former, chance),
            "kana": _without(_kana(frame, register, person, shares.kana_style, chance), no_kana),
            "birth": without_day(basics["birth"], no_day | register.no_day[person]),
            "sex": _without(basics["sex"], no_sex),
            "address": lots.write(register.dwelt.table[rows.tolist()], plan.writing, chance),
            "stale_address": stale,
            "former_name": former,
            **flags,
            "birth_error": pl.Series(wrong_birth),
            "no_birth_day": pl.Series(no_day),
            "sex_error": pl.Series(wrong_sex),
        }
    )


@cache
def spellings(kind: str) -> pl.DataFrame:
    """Return `written` and `other` of a kind (variant, iteration, confusable), in both directions."""
    table = read_table("audit_variants.tsv").filter(pl.col("kind") == kind)
    turned = table.select(written="other", other="written")
    return pl.concat([table.select("written", "other"), turned])


def _respelled(
    frame: pl.DataFrame, japanese: pl.Series, plan: AuditPlan, chance: Chance
) -> tuple[pl.DataFrame, dict[str, pl.Series]]:
    """Return the frame with surname and given name spelled as the office spells, and flags."""
    shares = plan.writing
    table = pl.concat([spellings("variant"), spellings("iteration")])
    frame, variant = _replaced(frame, japanese, table, shares.variant, chance)
    frame, confused = _replaced(
        frame, japanese, spellings("confusable"), shares.confused_character, chance
    )
    count = len(frame)
    lost = japanese & pl.Series(chance.flag(count, shares.lost_character))
    mark = pl.Series(_LOST).gather(chance.below(count, len(_LOST)))
    first = mark + frame["surname"].str.slice(1)
    selected = japanese & pl.Series(chance.flag(count, _SELECTED))
    with_selector = frame["surname"].str.slice(0, 1) + _SELECTOR + frame["surname"].str.slice(1)
    surname = with_selector.zip_with(selected, frame["surname"])
    frame = frame.with_columns(first.zip_with(lost, surname).alias("surname"))
    return frame, {"variant": variant, "confused_character": confused, "lost_character": lost}


def _replaced(
    frame: pl.DataFrame, able: pl.Series, table: pl.DataFrame, share: float, chance: Chance
) -> tuple[pl.DataFrame, pl.Series]:
    """Replace characters in `share` of all rows, drawn from those that hold one of the table."""
    names = frame["surname"] + frame["given"]
    others = table.group_by("written", maintain_order=True).agg("other")
    characters = others["written"].to_list()
    holds = names.to_frame("n").select(pl.col("n").str.contains_any(characters))["n"]
    chosen = _some(holds & able, share, chance)
    most = int(others["other"].list.len().max())  # pyright: ignore[reportArgumentType]
    rows = np.flatnonzero(chosen)
    which = chance.below(len(rows), most)
    out = frame
    for n in range(most):
        to = others.select(pl.col("other").list.get(n % pl.col("other").list.len()))[
            "other"
        ].to_list()
        mine = rows[which == n]
        for column in ("surname", "given"):
            text = out[column].gather(mine).to_frame("t")
            text = text.select(pl.col("t").str.replace_many(characters, to))["t"]
            out = out.with_columns(out[column].scatter(mine, text))
    return out, chosen


def _names(
    frame: pl.DataFrame, register: Register, person: Ints, former: pl.Series, chance: Chance
) -> pl.Series:
    count = len(person)
    space = pl.Series(_SPACES).gather(chance.pick(count, _SPACE_SHARES))
    shown = pl.Series(register.recorded_former[person] & chance.flag(count, _RECORDED_SHOWN))
    bracketed = "\uff3b" + frame["former"] + "\uff3d　"  # 姓［旧氏］　名
    between = bracketed.zip_with(shown & ~former, space)
    japanese = frame["surname"] + between + frame["given"]
    foreign = np.flatnonzero(register.foreign[person])
    if not len(foreign):
        return japanese
    some = frame[foreign.tolist()]
    written = _foreign_names(some, pl.Series(register.has_alias[person][foreign]), chance)
    return japanese.scatter(foreign, written)


def _foreign_names(frame: pl.DataFrame, has_alias: pl.Series, chance: Chance) -> pl.Series:
    """Return names in the alphabet, a second script or as 通称, alone or beside each other."""
    alias, script = pl.lit(has_alias), pl.col("script") != ""
    opened, closed, underline = pl.lit("\uff08"), pl.lit("\uff09"), pl.lit("\uff3f")
    # A way that needs what the person does not have falls back to the alphabet.
    ways = (
        (alias, pl.col("alias"), 0.4),
        (alias, pl.concat_str("latin", opened, "alias", closed), 0.1),
        (alias, pl.concat_str("alias", opened, "latin", closed), 0.05),
        (script, pl.col("script"), 0.15),
        (script, pl.concat_str("latin", underline, "script"), 0.05),
        (pl.lit(value=True), pl.col("latin_turned"), 0.05),
        (pl.lit(value=True), pl.col("latin").str.to_titlecase(), 0.05),
        (pl.lit(value=True), pl.col("latin"), 0.15),
    )
    way = _drawn(len(frame), tuple(share for _, _, share in ways), chance)
    text = pl.col("latin")
    for number, (able, written, _) in enumerate(ways):
        text = pl.when(able & (way == number)).then(written).otherwise(text)
    return frame.select(name=text)["name"]


def _kana(
    frame: pl.DataFrame, register: Register, person: Ints, share: float, chance: Chance
) -> pl.Series:
    """Return readings; who is written by alias is read by it about as often."""
    count = len(person)
    foreign = pl.Series(register.foreign[person])
    by_alias = pl.Series(register.has_alias[person] & chance.flag(count, 0.45))
    space = pl.select(pl.when(foreign).then(pl.lit(" ")).otherwise(pl.lit("　"))).to_series()
    plain = frame["surname_kana"] + space + frame["given_kana"]
    kana = frame["alias_kana"].zip_with(by_alias, plain).to_frame("name_kana")
    other = chance.flag(count, share)
    style = pl.lit(pl.Series(np.where(other, 1 + chance.below(count, _KANA_STYLES), 0)))
    bank = pl.col("name_kana").str.replace_many(["ヲ", "ヰ", "ヱ", "ー"], ["オ", "イ", "エ", "-"])
    return kana.select(
        kana=pl.when(style == 4).then(pl.col("name_kana").str.replace_all("[　 ]", ""))  # noqa: PLR2004
        .when(style == 5).then(bank.str.replace_all("　", " "))  # noqa: PLR2004
        .otherwise(written_kana(style))
    )["kana"]  # fmt: skip


def _births(born: Ints, share: float, chance: Chance) -> tuple[Ints, Flags]:
    """Return birth days, some of them with a slip in year, month or day, or month and day swapped."""
    wrong = chance.flag(len(born), share)
    at = np.flatnonzero(wrong)
    parts = days(born[at]).to_frame("d").select(
        y=pl.col("d").dt.year().cast(pl.Int32),
        m=pl.col("d").dt.month().cast(pl.Int32),
        d=pl.col("d").dt.day().cast(pl.Int32),
        k=pl.Series(chance.below(len(at), 4)),
    )  # fmt: skip
    year, month, day = pl.col("y"), pl.col("m"), pl.col("d")
    swaps = (pl.col("k") == 3) & (day <= 12) & (day != month)  # noqa: PLR2004
    slipped = parts.select(
        pl.date(
            year + pl.when(pl.col("k") == 0).then(1).otherwise(0),
            pl.when(swaps).then(day).when(pl.col("k") == 1).then(month % 12 + 1).otherwise(month),
            pl.when(swaps).then(month).when(pl.col("k") >= 2).then(day % 28 + 1)  # noqa: PLR2004
            .otherwise(pl.min_horizontal(day, pl.lit(28))),
        )
    ).to_series()  # fmt: skip
    out = born.copy()
    out[at] = slipped.cast(pl.Int32).cast(pl.Int64).to_numpy()
    return out, wrong & (out != born)


def _some(able: pl.Series, share: float, chance: Chance) -> pl.Series:
    """Return flags for `share` of all rows, among those that are able."""
    count = int(able.sum())
    chosen = chance.flag(len(able), min(share * len(able) / max(count, 1), 1.0))
    return able & pl.Series(chosen)


def _drawn(count: int, shares: tuple[float, ...], chance: Chance) -> pl.Expr:
    return pl.lit(pl.Series(chance.pick(count, shares)))


def _without(text: pl.Series, missing: Flags) -> pl.Series:
    nothing = pl.repeat(None, len(text), dtype=pl.String, eager=True)
    return nothing.zip_with(pl.Series(missing), text)
