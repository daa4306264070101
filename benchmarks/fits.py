"""How often a reading is said to fit its own name, and how often another's: `kumihimo.people.fits`.

Run as `.venv/bin/python benchmarks/fits.py`. Names come from `japanese-personal-name-dataset` by way of
the world's data, which is apart from the dictionary that the grades come from. Surnames weigh as
many people as bear them. A false pair takes a random reading of another name, by the same weight.
"""

import json
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np

from kumihimo.people.fits import Grade, fit
from kumihimo.people.kana import canonical_kana
from kumihimo.people.names import canonical_name
from kumihimo.world.reference import foreign_names, generations, given_names, surnames

Named = Sequence[tuple[str, str, float]]
SEED = 1
DRAWN = 5  # false readings for each name


def people() -> Named:
    """Return surnames with their readings, weighing as many people as bear them."""
    names = surnames()
    return list(zip(names.kanji, names.kana, names.weights.tolist(), strict=True))


def given() -> Named:
    """Return given names of both sexes."""
    found: dict[tuple[str, str], float] = {}
    for sex in (1, 2):
        names = given_names(generations()[0], sex)
        found |= dict.fromkeys(zip(names.kanji, names.kana, strict=True), 1.0)
    return [(kanji, kana, weight) for (kanji, kana), weight in found.items()]


def foreign() -> Named:
    """Return words of foreign residents' names in the Latin alphabet."""
    words = {
        (alphabet, kana)
        for one in foreign_names()
        for part in (one.family, one.male, one.female)
        for alphabet, kana in part.select("alphabet", "kana").iter_rows()
        if alphabet
    }
    return [(alphabet, kana, 1.0) for alphabet, kana in sorted(words)]


def of_others(names: Named) -> Named:
    """Return each name with readings of others that are not also its own."""
    known: defaultdict[str, set[str]] = defaultdict(set)
    for name, kana, _ in names:
        known[canonical_name(name)].add(canonical_kana(kana))
    weights = np.asarray([weight for *_, weight in names])
    chance = weights / weights.sum()
    drawn: list[int] = (
        np.random.default_rng(SEED).choice(len(names), size=len(names) * DRAWN, p=chance).tolist()
    )
    pairs = zip([one for one in names for _ in range(DRAWN)], drawn, strict=True)
    return [
        (name, names[other][1], weight)
        for (name, _, weight), other in pairs
        if canonical_kana(names[other][1]) not in known[canonical_name(name)]
    ]


def shares(pairs: Named, whole: tuple[str, str]) -> dict[str, float]:
    """Return the share of each grade by weight; `whole` makes a full name of each half."""
    found: defaultdict[Grade, float] = defaultdict(float)
    for name, kana, weight in pairs:
        found[fit(whole[0].format(name), whole[1].format(kana)).grade] += weight
    total = sum(found.values())
    return {grade.value: round(found[grade] / total, 5) for grade in Grade}


def measured() -> Iterable[dict[str, object]]:
    """Yield the rows of the table."""
    kinds = (
        ("surname", people(), ("{}　花子", "{}　ハナコ")),
        ("given", given(), ("高橋　{}", "タカハシ　{}")),
        ("foreign", foreign(), ("{}", "{}")),
    )
    for name, names, whole in kinds:
        fit("高橋　花子", "タカハシ　ハナコ")  # the dictionary is read before the clock starts
        began = time.process_time()
        own = shares(names, whole)
        micros = (time.process_time() - began) / len(names) * 1e6
        yield {
            "names": name,
            "readings": "own",
            "of": len(names),
            **own,
            "us_each": round(micros, 1),
        }
        others = of_others(names)
        yield {"names": name, "readings": "of others", "of": len(others), **shares(others, whole)}


if __name__ == "__main__":
    for row in measured():
        print(json.dumps(row))
