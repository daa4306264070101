"""What the register itself said of rows, where an institution may not hold a snapshot of it.

A row is asked about once: what was asked is on the disk before it leaves, under the id with which
it is asked again if no answer came, and each answer is kept until the audit's folder is deleted.
"""

import io
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

import attrs
import numpy as np
import polars as pl

from kumihimo.kernel.files import write_new
from kumihimo.kernel.withheld import Withheld
from kumihimo.linkaudit.canonical import fingerprints
from kumihimo.linkaudit.patterns import PLACES, encode
from kumihimo.linkaudit.schema import ATTRIBUTES, Others
from kumihimo.linkaudit.setting import Table
from kumihimo.linkaudit.workers import Progress
from kumihimo.people.address_levels import SAME_PLACE, AddressLevel
from kumihimo.people.levels import SAME_NAME, NameLevel

STAGE: Final = "asking"
# One line for each row that was asked about. `question` is a fingerprint of what was asked.
ANSWERS: Final = {"question": pl.UInt64, "inquiry": pl.String, "pattern": pl.Int32}
COLUMNS: Final = ("number", *ATTRIBUTES)
_FOLDER: Final = "answers"
_CHUNK: Final = 100_000  # rows read at a time
_PLACES: Final = {place: tuple(map(str, words)) for place, words in PLACES}
_HERE: Final = SAME_PLACE | {AddressLevel.FORMER}
_NEARLY: Final = (AddressLevel.OTHER_ROOM, AddressLevel.NO_CITY)
_WHOLE: Final = (NameLevel.EQUAL, NameLevel.CANONICAL)


@attrs.frozen
class Question:
    """One row to ask about: `held` is number and attributes as written, "" where there is none."""

    inquiry: str
    held: Withheld[Mapping[str, str]]


@attrs.frozen
class Answer:
    """What the register says: how far each attribute agrees, as words of `schema`.

    `known` is False for a number that is nobody's. `homonym`: whether somebody else has reading and
    birth date of the person of the number; None where that cannot be said.
    """

    inquiry: str
    known: bool
    levels: Mapping[str, str]
    homonym: bool | None


class IdsSpent(Exception):
    """The register has logged these ids for what it held then, and holds something else now."""


# Asks about one batch; an answer for every question, or it raises. `IdsSpent` asks for new ids.
Ask = Callable[[Sequence[Question]], Awaitable[Sequence[Answer]]]


@attrs.frozen
class Answers:
    """The answers of an audit's folder. `about` is for whom and what for they were asked."""

    folder: Path
    about: str

    @classmethod
    def of(cls, audit: Path, about: str) -> "Answers":
        """Return the answers in the folder of an audit."""
        folder = audit / _FOLDER
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return cls(folder, about)

    def known(self) -> pl.DataFrame:
        """Return `ANSWERS` so far."""
        files = sorted(self.folder.glob("answered-*.parquet"))
        parts = [pl.read_parquet(file) for file in files]
        return pl.concat([pl.DataFrame(schema=ANSWERS), *parts])

    def unanswered(self) -> dict[int, str]:
        """Return the ids of questions that may have left, and whose answer did not come."""
        found: dict[int, str] = {}
        for file in sorted(self.folder.glob("asked-*.parquet")):
            if not file.with_name(file.name.replace("asked", "answered")).exists():
                found |= dict(pl.read_parquet(file).select("question", "inquiry").iter_rows())
        return found

    def questions(self, rows: pl.DataFrame) -> pl.Series:
        """Return the fingerprint of each row's question; null where too little is held to ask."""
        prints = fingerprints(rows.with_columns(about=pl.lit(self.about)), [*COLUMNS, "about"])
        return rows.select(
            pl.when((_held("name") | _held("kana")) & _held("birth")).then(prints)
        ).to_series()

    def keep(self, place: int, questions: pl.DataFrame, answers: Sequence[Answer]) -> None:
        """Keep the answers of a batch."""
        patterns = {one.inquiry: pattern_of(one) for one in answers}
        table = questions.with_columns(
            pattern=pl.Series([patterns[i] for i in questions["inquiry"]], dtype=pl.Int32)
        )
        self._write(f"answered-{place:08}", table.select(list(ANSWERS)))

    def note(self, questions: pl.DataFrame) -> int:
        """Note what is about to be asked; returns the place of the batch."""
        place = len(list(self.folder.glob("asked-*.parquet")))
        self._write(f"asked-{place:08}", questions.select("question", "inquiry"))
        return place

    def _write(self, name: str, table: pl.DataFrame) -> None:
        content = io.BytesIO()
        table.write_parquet(content)
        write_new(self.folder / f"{name}.parquet", content.getvalue())


async def ask_all(
    answers: Answers,
    rows: Table,
    ask: Ask,
    *,
    batch: int,
    new_id: Callable[[], str],
    progress: Progress,
) -> None:
    """Ask about every row that has no answer yet, `batch` at a time; raises what `ask` raises."""
    total = rows.rows()
    known, before = answers.known()["question"], answers.unanswered()
    done = 0
    progress(STAGE, done, total)
    for first in range(0, total, _CHUNK):
        part = load(rows, first, _CHUNK)
        part = part.with_columns(question=answers.questions(part))
        wanted = part.drop_nulls("question").unique("question", maintain_order=True)
        wanted = wanted.filter(~pl.col("question").is_in(known.implode()))
        for some in wanted.iter_slices(batch):
            try:
                await _ask(answers, some, ask, lambda q: before.get(q) or new_id())
            except IdsSpent:
                await _ask(answers, some, ask, lambda _: new_id())
            done += len(some)
            progress(STAGE, done, total)
        known = pl.concat([known, wanted["question"]])
        done = first + len(part)
        progress(STAGE, done, total)


async def _ask(answers: Answers, some: pl.DataFrame, ask: Ask, id_of: Callable[[int], str]) -> None:
    ids = [id_of(question) for question in some["question"]]
    asked = some.with_columns(inquiry=pl.Series(ids, dtype=pl.String))
    place = answers.note(asked)
    answers.keep(place, asked, await ask(_questions(asked)))


def load(rows: Table, first: int, count: int) -> pl.DataFrame:
    """Return some rows with `COLUMNS`; null where the file has no such column."""
    part = rows.part(first, count)
    lacking = [one for one in COLUMNS if one not in part.columns]
    return part.with_columns(pl.lit(None, pl.String).alias(one) for one in lacking)


def _questions(asked: pl.DataFrame) -> list[Question]:
    held = asked.select("inquiry", *(pl.col(one).fill_null("") for one in COLUMNS))
    return [
        Question(row["inquiry"], Withheld({one: row[one] for one in COLUMNS}))
        for row in held.iter_rows(named=True)
    ]


def _held(column: str) -> pl.Expr:
    return pl.col(column).fill_null("").str.strip_chars() != ""


def pattern_of(answer: Answer) -> int:
    """Return the pattern of an answer."""
    return pattern({**answer.levels, "others": _others(answer)})


def _others(answer: Answer) -> Others:
    """Say what an answer is worth as a certificate of uniqueness, on the safe side.

    The register looks by reading only, and does not say where a namesake lives. So nobody of the
    reading is nobody of the name only for a row whose own reading agrees; and a namesake
    counts as one elsewhere only where address and characters tell the two apart.
    """
    if not answer.known:
        return Others.NO_PERSON
    name, kana, address = (answer.levels[one] for one in ("name", "kana", "address"))
    here, nearly = address in _HERE, address in _NEARLY
    if answer.homonym is False:
        return Others.NOBODY if kana in SAME_NAME or here or nearly else Others.NAME
    if answer.homonym is None or nearly:
        return Others.NAME
    return Others.NAME if here and name not in _WHOLE else Others.ELSEWHERE


def pattern(words: Mapping[str, str]) -> int:
    """Return the pattern of some levels, by place; raises `ValueError` for a word of no level."""
    codes = {
        place: np.array([known.index(words[place])], np.uint8) for place, known in _PLACES.items()
    }
    return int(encode(codes)[0])


# A row that holds too little to be asked about: everything is missing, and nothing clears it.
UNASKED: Final = pattern({**dict.fromkeys(ATTRIBUTES, "missing"), "others": Others.NAME})
