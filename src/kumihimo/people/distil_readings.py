"""Make `data/readings.tsv.gz` and `data/words.tsv.gz` from the package named in `data/SOURCES.md`.

Run by hand when a source is renewed. Same input, same bytes. Holds words, and nobody who bears them.
"""

import gzip
import re
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from kumihimo.people.kana import canonical_kana
from kumihimo.people.names import canonical_name

# s: a surname, g: a given name, u: the dictionary does not say which.
KINDS: Final = {"surname": "s", "fem": "g", "masc": "g", "given": "g", "unclass": "u"}
_IDEOGRAPHS: Final = "\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U000323af"
_SPELLED: Final = re.compile(f"[{_IDEOGRAPHS}ァ-ヺーぁ-ゖ]+")
_HAS_IDEOGRAPH: Final = re.compile(f"[{_IDEOGRAPHS}]")
_READ: Final = re.compile("[ァ-ヺー]+")
# The end of a verb in the dictionary and the end it has inside a name: とお.る, とおり.
_NOUN_ENDS: Final = str.maketrans("ウクグスツヌブムル", "イキギシチニビミリ")


def distil(jamdict: Path, out: Path) -> None:
    """Write both files into `out` from jamdict-data's `jamdict.db`."""
    with sqlite3.connect(jamdict) as dictionary:
        write(out / "readings.tsv.gz", reading_rows(_of_kanji(dictionary)))
        write(out / "words.tsv.gz", word_rows(_of_words(dictionary)))


def write(path: Path, rows: Iterable[Sequence[str]]) -> None:
    """Write rows as gzip-compressed TSV without a time stamp, so that bytes repeat."""
    text = "".join("\t".join(row) + "\n" for row in rows)
    path.write_bytes(gzip.compress(text.encode(), compresslevel=9, mtime=0))


def reading_rows(read: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return (character, readings) from pairs as KANJIDIC2 writes a reading: `なが.い`, `-ぶ`."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for character, reading in read:
        found[character].update(forms_of(reading))
    return [(c, " ".join(sorted(readings))) for c, readings in sorted(found.items()) if readings]


def forms_of(reading: str) -> set[str]:
    """Return the forms in which a reading stands in a name: whole, stem, and as a noun."""
    stem, _, end = reading.strip("-").partition(".")
    whole = canonical_kana(stem + end)
    forms = {canonical_kana(stem), whole}
    if end:
        forms.add(whole[:-1] + whole[-1:].translate(_NOUN_ENDS))
    return {form for form in forms if _READ.fullmatch(form)}


def word_rows(words: Iterable[tuple[str, str, str]]) -> list[tuple[str, str]]:
    """Return (spelling, readings) in canonical form, each reading with its kinds: `ハナコ:g`.

    From (spelling, reading, what the dictionary calls it).
    """
    found: defaultdict[str, defaultdict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for spelling, reading, called in words:
        kind = KINDS.get(called)
        name, kana = canonical_name(spelling), canonical_kana(reading)
        if (
            kind
            and _SPELLED.fullmatch(name)
            and _HAS_IDEOGRAPH.search(name)
            and _READ.fullmatch(kana)
        ):
            found[name][kana].add(kind)
    return [
        (name, " ".join(f"{kana}:{_kinds(kinds)}" for kana, kinds in sorted(readings.items())))
        for name, readings in sorted(found.items())
    ]


def _kinds(kinds: set[str]) -> str:
    known = kinds - {"u"}
    return "".join(sorted(known or kinds))


def _of_kanji(dictionary: sqlite3.Connection) -> Iterator[tuple[str, str]]:
    yield from dictionary.execute(
        "SELECT c.literal, r.value FROM character c JOIN rm_group g ON g.cid = c.ID"
        " JOIN reading r ON r.gid = g.ID WHERE r.r_type IN ('ja_on', 'ja_kun')"
    )
    yield from dictionary.execute(
        "SELECT c.literal, n.value FROM character c JOIN nanori n ON n.cid = c.ID"
    )


def _of_words(dictionary: sqlite3.Connection) -> Iterator[tuple[str, str, str]]:
    yield from dictionary.execute(
        "SELECT DISTINCT k.text, r.text, y.text FROM NEKanji k JOIN NEKana r ON r.idseq = k.idseq"
        " JOIN NETranslation t ON t.idseq = k.idseq JOIN NETransType y ON y.tid = t.ID"
    )
