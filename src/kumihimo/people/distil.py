"""Make `data/variants.tsv` from the packages named in `data/SOURCES.md`. Same input, same bytes.

Run by hand when a source is renewed. Which fold is which key, and why one hop, is told in
`docs/decisions/0007-one-hop.md`.
"""

import hashlib
import re
import sqlite3
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

import attrs

Edges = dict[
    str, dict[str, tuple[int, int]]
]  # written -> folded -> (order of evidence, rank in it)

# Evidence, the strongest first, with the letter that stands for it in the file. The tables of
# key A are official: the coded character sets and the notices on the family register.
_OFFICIAL: Final = {
    "JIS包摂規準UCS統合規則": "u",
    "戸籍統一文字情報_親字正字": "k",
    "民一2842号通達別表_誤字俗字正字一覧表_俗字": "n",
    "民一2842号通達別表_誤字俗字正字一覧表_無印": "n",
    "民二5202号通知別表_正字俗字等対照表": "n",
}
_HINTS: Final = {
    "法務省告示582号別表第四_一": "i",
    "法務省告示582号別表第四_二": "i",
    "読み字形による類推": "a",
    "民一2842号通達別表_誤字俗字正字一覧表_別字": "b",
}
CONFUSABLE: Final = "c"
_LEFT_OVER: Final = "o"  # official, but of two targets, of no shared reading, or of two hops
_NO_LEVEL: Final = 5
_KATAKANA: Final = re.compile("[ァ-ヺ]")


@attrs.frozen
class VariantEvidence:
    """What is read from the packages: evidence rows, on-readings, how common a character is."""

    rows: Sequence[tuple[str, str, str, int]]  # written, folded, table, hops or rank
    readings: Sequence[Mapping[str, frozenset[str]]]  # the first that knows both characters decides
    levels: Mapping[str, int]  # JIS level 1 to 4; 5 is none
    names: Mapping[str, int]  # spellings of person names that hold the character
    confusables: Sequence[tuple[str, str]]

    def rank(self, character: str) -> tuple[int, int, str]:
        """Return what sorts common characters first: JIS level, then names, then code point."""
        level = self.levels.get(character, _NO_LEVEL)
        return (level, -self.names.get(character, 0), character)

    def share_a_reading(self, one: str, other: str) -> bool:
        """Say whether an on-reading is common to both; where one has none, nothing is against it."""
        for readings in self.readings:
            if readings.get(one) and readings.get(other):
                return bool(readings[one] & readings[other])
        return True


def read(*, moji: Path, jamdict: Path, confusables: Path) -> VariantEvidence:
    """Read mojidata's `moji.db`, jamdict-data's `jamdict.db` and our own table."""
    groups = rows_of(confusables.read_text("utf-8").splitlines())
    with sqlite3.connect(moji) as mojidata, sqlite3.connect(jamdict) as dictionary:
        rows, levels, readings = _read_moji(mojidata)
        return VariantEvidence(
            rows=rows,
            readings=(_read_kanjidic(dictionary), readings),
            levels=levels,
            names=_read_names(dictionary),
            confusables=[(taken, first) for first, others, _ in groups for taken in others],
        )


def distil(source: VariantEvidence, *, version: str) -> str:
    """Return the file: a heading that says what it is of, then (key, evidence, written, folded)."""
    official, left = _official(source)
    strict = fold(official, source)
    hints = _hints(source, strict, left)
    weak = fold(hints, source)
    kinds = [*_OFFICIAL.values(), *_HINTS.values(), _LEFT_OVER, CONFUSABLE]
    lines = [
        f"{key}\t{kinds[edges[written][folded][0]]}\t{written}\t{folded}\n"
        for key, edges, folds in (("A", official, strict), ("B", hints, weak))
        for written, folded in sorted(folds.items())
    ]
    body = "".join(lines)
    digest = hashlib.sha256(body.encode()).hexdigest()
    return (
        f"# MJ縮退マップ by {version}: A {len(strict)} rows, B {len(weak)} rows, sha256 {digest}\n"
        + body
    )


def fold(edges: Edges, source: VariantEvidence) -> dict[str, str]:
    """Return one target for each character that has one: one hop, a target is never a source.

    A circle is cut so that the less common character folds into the more common. A character
    whose targets all fold on themselves, or of which two equally good ones stand, does not fold.
    """
    kept = _without_circles(edges, source)
    folds: dict[str, str] = {}
    for written in _targets_first(kept):
        fixed = {t: found for t, found in kept[written].items() if t not in folds}
        official = any(order < len(_OFFICIAL) for order, _ in fixed.values())
        if fixed and not (official and len(fixed) > 1):
            folds[written] = min((found, source.rank(t), t) for t, found in fixed.items())[-1]
    return folds


def _official(source: VariantEvidence) -> tuple[Edges, list[tuple[str, str]]]:
    """Return the edges of key A, and those that it leaves to key B."""
    order = {table: place for place, table in enumerate(_OFFICIAL)}
    edges: Edges = defaultdict(dict)
    left: list[tuple[str, str]] = []
    for written, folded, table, hops in source.rows:
        if table in order and hops <= 1 and source.share_a_reading(written, folded):
            known = edges[written].get(folded, (len(order), 0))
            edges[written][folded] = min(known, (order[table], 0))
        elif table in order:
            left.append((written, folded))
    return edges, left


def _hints(
    source: VariantEvidence, strict: Mapping[str, str], left: Sequence[tuple[str, str]]
) -> Edges:
    """Return the edges of key B, between characters as key A leaves them."""
    start = len(_OFFICIAL)
    order = {table: start + place for place, table in enumerate(_HINTS)}
    official = [(w, f) for w, f, table, _ in source.rows if table in _OFFICIAL]
    rest, confused = start + len(_HINTS), start + len(_HINTS) + 1
    found = [(w, f, (order[t], rank)) for w, f, t, rank in source.rows if t in order]
    found += [(w, f, (rest, 0)) for w, f in (*left, *official)]
    edges: Edges = defaultdict(dict)
    for written, folded, evidence in found:
        one, other = strict.get(written, written), strict.get(folded, folded)
        if one != other:
            edges[one][other] = min(edges[one].get(other, evidence), evidence)
    # Our own table decides alone about the characters in it: the first of a row stays itself.
    for one in {one for pair in source.confusables for one in pair}:
        edges.pop(one, None)
    for taken, first in source.confusables:
        edges[taken] = {first: (confused, 0)}
    return edges


def _without_circles(edges: Edges, source: VariantEvidence) -> Edges:
    circle = _circles(edges)
    return {
        written: {
            target: evidence
            for target, evidence in targets.items()
            if circle.get(target) != circle[written] or source.rank(target) < source.rank(written)
        }
        for written, targets in edges.items()
    }


def _circles(edges: Edges) -> dict[str, int]:
    """Return for each character the number of its circle (strongly connected component)."""
    back: defaultdict[str, list[str]] = defaultdict(list)
    for written, targets in edges.items():
        for target in targets:
            back[target].append(written)
    found: dict[str, int] = {}
    for number, start in enumerate(reversed(_targets_first(edges))):
        waiting = [start]
        while waiting:
            one = waiting.pop()
            if one not in found:
                found[one] = number
                waiting += back[one]
    return found


def _targets_first(edges: Edges) -> list[str]:
    """Return the sources, each after those of its targets that are no part of a circle with it."""
    order: list[str] = []
    seen: set[str] = set()
    for start in sorted(edges):
        path = [(start, iter(sorted(edges[start])))] if start not in seen else []
        seen.add(start)
        while path:
            one, targets = path[-1]
            target = next((t for t in targets if t not in seen and t in edges), None)
            if target is None:
                order.append(one)
                path.pop()
            else:
                seen.add(target)
                path.append((target, iter(sorted(edges[target]))))
    return order


def _read_moji(
    moji: sqlite3.Connection,
) -> tuple[list[tuple[str, str, str, int]], dict[str, int], dict[str, frozenset[str]]]:
    # A glyph that only a variation sequence writes is its base character: names lose the selector.
    glyphs: dict[str, str] = {}
    levels: dict[str, int] = {}
    for glyph, character, cell in moji.execute(
        'SELECT "MJ文字図形名", "実装したUCS", "X0213" FROM mji WHERE "実装したUCS" IS NOT NULL'
    ):
        glyphs[glyph] = character
        levels[character] = jis_level(cell)
    readings: defaultdict[str, set[str]] = defaultdict(set)
    for glyph, reading in moji.execute('SELECT "MJ文字図形名", "読み" FROM mji_reading'):
        if glyph in glyphs and reading and _KATAKANA.match(reading):
            readings[glyphs[glyph]].add(reading)
    # NFKC comes before the fold, so no compatibility ideograph may stand on either side.
    rows = [
        (_plain(glyphs[glyph]), _plain(folded), table, hops or rank or 1)
        for glyph, folded, table, rank, hops in moji.execute(
            'SELECT "MJ文字図形名", "縮退UCS", "表", "順位", "ホップ数" FROM mjsm'
        )
        if glyph in glyphs
    ]
    different = [row for row in rows if row[0] != row[1]]
    return different, levels, {c: frozenset(found) for c, found in readings.items()}


def _plain(character: str) -> str:
    return unicodedata.normalize("NFKC", character)


def jis_level(cell: str | None) -> int:
    """Return the JIS level of a cell of JIS X 0213 as `plane-row-cell`; 5 where there is none."""
    if not cell:
        return _NO_LEVEL
    plane, row, column = (int(part) for part in cell.split("-"))
    place = (row, column)
    if plane > 1:
        return 4
    if (16, 1) <= place <= (47, 51):
        return 1
    return 2 if (48, 1) <= place <= (84, 6) else 3


def _read_kanjidic(dictionary: sqlite3.Connection) -> dict[str, frozenset[str]]:
    readings: defaultdict[str, set[str]] = defaultdict(set)
    for character, reading in dictionary.execute(
        "SELECT c.literal, r.value FROM character c JOIN rm_group g ON g.cid = c.ID"
        " JOIN reading r ON r.gid = g.ID WHERE r.r_type = 'ja_on'"
    ):
        readings[character].add(reading.replace("-", ""))
    return {c: frozenset(found) for c, found in readings.items()}


def _read_names(dictionary: sqlite3.Connection) -> dict[str, int]:
    found: Counter[str] = Counter()
    for (spelling,) in dictionary.execute(
        "SELECT DISTINCT k.text FROM NEKanji k JOIN NETranslation t ON t.idseq = k.idseq"
        " JOIN NETransType y ON y.tid = t.ID"
        " WHERE y.text IN ('surname', 'fem', 'masc', 'given')"
    ):
        found.update(set(spelling))
    return found


def write(path: Path, text: str) -> None:
    """Write the file with the line ends that its digest was taken of."""
    path.write_bytes(text.encode())


def rows_of(lines: Iterable[str]) -> list[list[str]]:
    """Return the rows of a table of this folder, its comments left out."""
    return [line.rstrip("\n").split("\t") for line in lines if not line.startswith("#")]
