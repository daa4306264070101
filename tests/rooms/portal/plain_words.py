"""What a person reads in やさしい日本語 at the portal, and what in it is not easy to read.

Length, negation and the list of words are rules of ours, by hand: no guideline and no law counts so.
`hard_words.tsv` has the words, an easier one for each, and why (`WHY`).
"""

import ast
import csv
import re
from functools import cache
from pathlib import Path

import attrs
from jinja2 import Environment, nodes

from kumihimo.rooms.portal import mail
from kumihimo.rooms.portal.helper import telling
from tests.meta.project import PACKAGE, tree

PORTAL = PACKAGE / "rooms/portal"
SHARED = [PACKAGE / "pages/templates" / f"{one}.html" for one in ("base", "room", "components")]
SENTENCE_MAX = 50  # characters, blanks between words too
WHY = {
    "noun": "checklists of plain Japanese turn a noun of this kind into a verb",
    "law": "checklists of plain Japanese leave out what it rests on",
    "office": "a word of offices (our choice)",
    "loan": "a loan word that not everybody knows (our choice)",
    "polite": "a form more polite than です and ます (our choice)",
}
# Languages stand under their own names; names of bodies, laws and tables are theirs.
OWN_NAMES = {"日本語", "ふりがな", "やさしい日本語"}
NAMED = ("body", "law")
LETTER = re.compile("[ぁ-んァ-ヶ一-龥々]")
KANJI = re.compile("[一-龥々]")
READ_ALIKE = "見"  # read み wherever it stands here
_END = re.compile("[。？！\n]")
# After these the clause goes on: ことは、ないと、なければ.
_CLAUSE = re.compile("(?<!は)(?<!も)(?<!ば)(?<!ないと)、|[：（）「」]")
_NEGATION = re.compile("ません|ない|なけれ|なく|ずに")
_QUOTED = re.compile("「([^「」]*)」")


@attrs.frozen
class Text:
    """A text in Japanese, and in easy words ("" where it has none)."""

    place: str
    japanese: str
    easy: str


@cache
def hard_words():
    text = Path(__file__).with_name("hard_words.tsv").read_text("utf-8")
    return list(csv.DictReader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE))


def hard(easy):
    """Return what in a text is not easy: a line for each fault."""
    sentences = [one.strip() for one in _END.split(easy)]
    clauses = [part for one in _CLAUSE.split(easy.replace(" ", "")) for part in _END.split(one)]
    return [
        *(f"{len(one)} characters: {one}" for one in sentences if len(one) > SENTENCE_MAX),
        *(f"negated twice: {one}" for one in clauses if len(_NEGATION.findall(one)) > 1),
        *(_easier(row) for row in hard_words() if _begins(row["term"], easy)),
        *(f"kanji: {one}" for one in KANJI.findall(easy) if one not in READ_ALIKE),
    ]


def _easier(row):
    return f"{row['term']}: say {row['easier']} ({row['why']})"


def _begins(term, easy):
    """Say whether a word begins so: kana stand with blanks between words; かいし is not in かいしゃ."""
    return re.search(f"(?<![ぁ-んァ-ヶー]){term}(?![ゃゅょ])", easy) is not None


def lacks(text):
    """Say whether a text has letters of Japanese, and no easy words."""
    return bool(LETTER.search(text.japanese)) and not text.easy


def unnamed(texts):
    """Return the buttons and pages that easy words name in 「」, and that no text is."""
    known = {one.easy for one in texts}
    return {name for one in texts for name in _QUOTED.findall(one.easy) if name not in known}


def in_template(place, source):
    """Return every text that a template says; Japanese outside `t` has no easy words."""
    parsed = Environment(autoescape=True).parse(source)
    said = [
        one
        for one in parsed.find_all(nodes.Call)
        if isinstance(one.node, nodes.Name) and one.node.name == "t"
    ]
    inside = {id(leaf) for one in said for leaf in one.find_all(nodes.Const)}
    for one in said:
        easy = _words(one.args[2]) if len(one.args) > 2 else ""
        yield Text(place, _words(one.args[0]), easy)
    for leaf in parsed.find_all((nodes.Const, nodes.TemplateData)):
        bare = leaf.data if isinstance(leaf, nodes.TemplateData) else str(leaf.value)
        if id(leaf) not in inside and LETTER.search(bare) and bare not in OWN_NAMES:
            yield Text(place, bare.strip(), "")


def _words(node):
    """Return the words of an argument of `t`; what is filled in stands as `%s` or `%d`."""
    node = node.left if isinstance(node, nodes.Mod) else node
    assert isinstance(node, nodes.Const), "a text is said in whole words"
    return node.value


def _templates():
    own = (PORTAL / one / "templates" for one in ("pages", "helper"))
    for path in (*SHARED, *(path for folder in own for path in sorted(folder.glob("*.html")))):
        yield from in_template(path.name, path.read_text("utf-8"))


def in_table(place, table):
    """Return the rows of a table of words but for names that stand as they are."""
    for row in csv.DictReader(table.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE):
        if row["kind"] not in NAMED or row["easy"]:
            yield Text(f"{place} {row['name']}", row["japanese"] or row["name"], row["easy"])


def _at_the_reader():
    """Return what the helper says that went wrong; what the portal says of it stands in the table."""
    for code, said in {**telling._TOLD, "bug": telling._BUG}.items():
        yield Text(code, said[0], said[4])
        yield Text(code, said[2], said[5])


def _in_code():
    """Return the `Words` that stand in the code itself."""
    for path in sorted(PORTAL.rglob("*.py")):
        for one in ast.walk(tree(path)):
            if isinstance(one, ast.Call) and ast.unparse(one.func).split(".")[-1] == "Words":
                words = [str(arg.value) for arg in one.args if isinstance(arg, ast.Constant)]
                if len(words) == 3:
                    yield Text(path.name, words[0], words[1])


def _mails():
    for _, text in (mail.waits(), mail.with_code("12345678")):
        japanese, easy, *_ = text.split("\n\n")
        yield Text("mail", japanese, easy)


def texts():
    """Return every text that somebody may read in easy words."""
    table = (PORTAL / "data/plain.tsv").read_text("utf-8")
    return [*_templates(), *in_table("plain.tsv", table), *_at_the_reader(), *_in_code(), *_mails()]
