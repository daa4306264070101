"""Whatever is typed, a command does its work or says in one line what is wrong, and ends.

The commands and their parameters come from the table, so a new one is tried as soon as it exists.
"""

from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Literal

import polars as pl
import pytest

from kumihimo.card.keeping import create
from kumihimo.kernel.entropy import SystemEntropy
from kumihimo.kernel.keys import new_master, save_master
from kumihimo.kernel.withheld import Withheld
from kumihimo.linkaudit.review_files import write_table
from kumihimo.linkaudit.sampling import SAMPLE
from kumihimo.run import cli
from tests.hostile.files import unusable
from tests.hostile.terminal import BUG, leaves, typed
from tests.rooms.ledger.domain.made import SIGNERS, Maker, written
from tests.run.audits import make_audit
from tests.tlog.keys import LOG

LEAVES = leaves()
DRAWN = pl.DataFrame([("r1", "", "person", 9, 0.1, 0.1, False)], schema=SAMPLE, orient="row")
# These would start a country or all tests: only what is refused while the line is read is tried.
LONG = {"demo", "bench", "chaos", "cluster", "test"}
# What lets a line get past its other parameters, by the parameter's name; a word for the rest.
FITTING = {
    "--room": "linkage",
    "--requester": "lg-131032",
    "--affair": "b081",
    "--provider": "lg-271004",
    "--item": "local-tax.total-income",
    "--municipality": "lg-131032",
    "--from": "2026-01-01",
    "--to": "2026-06-01",
    "--residents": "1",
    "--office": "lg-131032",
    "--which": "auth",
    "--role": "signature_verifier",
    "--file": str(files("kumihimo.statute") / "data" / "sample_ordinances.tsv"),
}
# What only the commands of one name take.
FITTING_FOR: dict[tuple[str, str], str] = {}
WORDS = {
    "empty": "",
    "blank": " \t\u3000",
    "not-utf8": "\udcff",
    "steering": "a\nb\x1b[2J\u202ec",
    "long": "x" * 100_000,
    "path": "../../../etc/passwd",
    "dashes": "--",
    "markup": "[bold]%s{0}[/]",
    "arabic-digits": "٣٤",
}
NO_NUMBERS = ("", " ", "x", "1e400", "NaN", "0x", "--", "9" * 5_000, "\udcff")
NUMBERS = ("-1", "0", "-0", str(2**31), str(2**63), str(2**64), "1" + "0" * 4_000)


# One of them is required and the other then refused: the first stands in every other line.
ONE_OF = ("--snapshot", "--register")


def usual(leaf, but):
    """Return words for the required parameters of a command, all `but` one."""
    words = []
    for one in leaf.parameters:
        needed = one.required or (one.name == ONE_OF[0] and but not in ONE_OF)
        if needed and one.name != but:
            fitting = FITTING_FOR.get((leaf.words[0], one.name)) or FITTING.get(one.name)
            words += one.typed(
                fitting or ("2" if one.kind is int else "0.5" if one.kind is float else "x")
            )
    return words


def about_the_log(folder):
    """Return what `witness` and `verify` take."""
    history = folder / "history.json"
    history.write_bytes(written(Maker().history([])))
    return {
        ("witness", "--log-key"): LOG.key.vkey(),
        ("witness", "--name"): "example.org/witness",
        ("witness", "--key"): str(folder / "a.key"),
        ("witness", "--out"): str(folder / "seen"),
        ("witness", "--log"): "http://127.0.0.1:1",
        ("verify", "--export"): str(history),
        ("verify", "--log-key"): SIGNERS.log[0].vkey(),
        ("verify", "--witness-key"): SIGNERS.witness.vkey(),
        ("verify", "--earlier"): str(history),
    }


@pytest.fixture(scope="module", autouse=True)
def fitting_files(tmp_path_factory):
    """Write what the commands of oversight and card read first, so that the line gets to what they read next."""
    folder = tmp_path_factory.mktemp("fitting")
    save_master(folder / "a.key", new_master(SystemEntropy()))
    (folder / "dsn").touch(mode=0o600)
    (folder / "dsn").write_text("host=127.0.0.1 port=1 dbname=none")
    (folder / "oversight.toml").write_text(
        'key = "a.key"\ndatabase = { file = "dsn" }\npeers = {}\n'
        f'oversight_key = "{"ab" * 32}"\n'
    )
    (folder / "portal.toml").write_text(
        'key = "a.key"\ndatabase = { file = "dsn" }\norigin = "http://127.0.0.1:1"\n'
        'jpki = "http://127.0.0.1:1"\njpki_token = { file = "dsn" }\n'
        'ledger = "http://127.0.0.1:1"\n'
    )
    (folder / "counter.toml").write_text(
        'office = "lg-131032"\nkey = "a.key"\nofficers = "officers"\nnotes = "notes"\n'
        'terminal = "t"\npeers = { oversight = "http://x", cards = "http://x" }\n'
        f'oversight_key = "{"ab" * 32}"\n'
    )
    (folder / "review.toml").write_text(
        'database = { file = "dsn" }\nkey = "a.key"\nofficers = "desk-officers"\n'
        'gateway = "http://x"\ngateway_token = { file = "dsn" }\n'
    )
    create(folder / "a.card", {"card/carrier": b"card"}, Withheld(b"x"), entropy=SystemEntropy())
    audit = make_audit(folder / "insurer", rows=100)
    FITTING_FOR["audit", "--mapping"] = str(audit.parent / "mapping.toml")
    FITTING_FOR["audit", "--rows"] = str(audit.parent / "sample" / "insurer.xlsx")
    FITTING_FOR["audit", "--snapshot"] = str(audit.parent / "sample" / "register.xlsx")
    for name in ("--old", "--new", "--folder", "--original"):
        FITTING_FOR["audit", name] = str(audit)
    (folder / "sown.csv").write_text("row,record_id,mechanism\n1,1001-1,random\n")
    write_table(folder / "drawn.csv", DRAWN)
    (folder / "looks.csv").write_text("record_id,reviewer,answer\nr1,a,own\n")
    FITTING_FOR["audit", "--sample"] = str(folder / "drawn.csv")
    FITTING_FOR["audit", "--looks"] = str(folder / "looks.csv")
    FITTING_FOR["audit", "--budget"] = "50"
    FITTING_FOR["audit", "--sown"] = str(folder / "sown.csv")
    FITTING_FOR["audit", "--each"] = "1"
    FITTING_FOR["portal", "--config"] = str(folder / "portal.toml")
    FITTING_FOR["card", "--card"] = str(folder / "a.card")
    FITTING_FOR["card", "--portal"] = "http://127.0.0.1:1"
    FITTING_FOR["counter", "--config"] = str(folder / "counter.toml")
    FITTING_FOR["counter", "--name"] = "sato"
    FITTING_FOR["audit", "--config"] = str(folder / "review.toml")
    FITTING_FOR["audit", "--name"] = "sato"
    FITTING_FOR["audit", "--role"] = "reviewer"
    FITTING_FOR["oversight", "--config"] = str(folder / "oversight.toml")
    FITTING_FOR["oversight", "--operator"] = str(folder / "a.key")
    FITTING_FOR.update(about_the_log(folder))
    (folder / "notices.csv").write_text("reference,addressee,affair,category,title,text\n")
    FITTING_FOR["gateway", "--file"] = str(folder / "notices.csv")
    for room in ("ledger", "agency"):
        FITTING_FOR[room, "--config"] = FITTING_FOR["oversight", "--config"]


def plain(told, *line):
    """Hold what is true of every line: an exit code that is documented, and words for a person."""
    said = f"{line}"[:300], told
    assert told.code in {cli.DONE, cli.FAILED, cli.BAD_INPUT}, said
    assert not any(words in told.out + told.err for words in BUG), said
    lines = told.err.splitlines()
    if told.code == cli.BAD_INPUT or (told.code and not told.out):
        assert len(lines) == 1, said
        assert lines[0].startswith("kumihimo"), said
        assert len(lines[0]) < 600, said
        assert lines[0].isprintable() or "\u3000" in lines[0], said
    return told


def shown(path):
    """Return how a line may name a file: what could steer a terminal stands there in letters."""
    return "".join(one if one.isprintable() else f"\\u{ord(one):04x}" for one in str(path))


def refused(told, *line):
    """Hold that a line was not done, and why stands there."""
    assert plain(told, *line).code != cli.DONE, (f"{line}"[:300], told)
    return told


def tries(wanted):
    """Return every parameter that is `wanted` as a case, named by the line."""
    return [
        pytest.param(leaf, one, id=f"{leaf} {one.name}".replace(" ", "_"))
        for leaf in LEAVES
        for one in leaf.parameters
        if wanted(leaf, one)
    ]


@pytest.fixture(scope="session")
def bad_files(tmp_path_factory):
    return unusable(tmp_path_factory.mktemp("unusable"))


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_the_table_has_commands_with_files_numbers_and_words_to_try():
    assert {str(leaf).split()[0] for leaf in LEAVES} == {one.name for one in cli.COMMANDS}
    kinds = {str(one.kind) for leaf in LEAVES for one in leaf.parameters}
    assert {"<class 'int'>", "<class 'str'>", "<class 'pathlib.Path'>"} <= kinds


@pytest.mark.parametrize("leaf", LEAVES, ids=str)
def test_a_command_without_its_required_parameters_says_which_is_missing(leaf):
    required = [one for one in leaf.parameters if one.required]
    if required:
        told = refused(typed(*leaf.words))
        assert told.code == cli.BAD_INPUT
        assert any(one.name in told.err for one in required)


@pytest.mark.parametrize("leaf", [one for one in LEAVES if str(one) != "test"], ids=str)
def test_an_option_or_a_word_that_no_command_knows_is_refused(leaf):
    # `test` hands everything on to pytest.
    for words in (["--no-such-option"], ["--no-such-option=1"], ["-Ö"], ["--help=maybe"]):
        assert refused(typed(*leaf.words, *words, *usual(leaf, None))).code == cli.BAD_INPUT
    if not any(one.many for one in leaf.parameters):
        more = ["one", "more", "word", "\udcff", "than", "asked"]
        assert refused(typed(*leaf.words, *usual(leaf, None), *more)).code == cli.BAD_INPUT


@pytest.mark.parametrize("word", WORDS.values(), ids=WORDS)
def test_a_word_that_is_no_command_is_refused(word):
    groups = {leaf.words[:1] for leaf in LEAVES if len(leaf.words) > 1}
    for before in ((), *groups):
        # Two dashes and nothing are no command: what there is, is shown.
        told = plain(typed(*before, word), *before, word)
        assert told.code == cli.BAD_INPUT or word == "--"


@pytest.mark.parametrize(("leaf", "one"), tries(lambda _, one: not one.many))
def test_an_option_given_twice_is_refused_and_not_one_of_the_two_taken(leaf, one):
    value = {int: "2", bool: "true"}.get(one.kind, "x")
    words = [*usual(leaf, one.name), *one.typed(value), *one.typed(value)]
    assert refused(typed(*leaf.words, *words), str(leaf), words).code == cli.BAD_INPUT


@pytest.mark.parametrize(("leaf", "one"), tries(lambda _, one: one.kind in {int, float}))
def test_what_is_no_number_is_refused_where_one_is_asked_for(leaf, one):
    for value in NO_NUMBERS:
        words = [*usual(leaf, one.name), *one.typed(value)]
        told = refused(typed(*leaf.words, *words), str(leaf), words)
        assert told.code == cli.BAD_INPUT
        assert one.name in told.err


@pytest.mark.parametrize(
    ("leaf", "one"), tries(lambda leaf, one: one.kind in {int, float} and str(leaf) not in LONG)
)
def test_a_number_out_of_all_range_is_refused_or_does_the_work(leaf, one):
    for value in NUMBERS:
        words = [*usual(leaf, one.name), *one.typed(value)]
        plain(typed(*leaf.words, *words), str(leaf), words)


@pytest.mark.parametrize("value", NUMBERS)
def test_a_nation_for_the_demo_has_bounds(value):
    assert refused(typed("demo", "--residents", value), value).code == cli.BAD_INPUT


@pytest.mark.parametrize(("leaf", "one"), tries(lambda _, one: one.kind in {bool, Literal}))
def test_what_is_none_of_the_choices_is_refused(leaf, one):
    for value in ("", "perhaps", "\udcff", "9" * 5_000):
        words = [*usual(leaf, one.name), *one.typed(value)]
        assert refused(typed(*leaf.words, *words), str(leaf), words).code == cli.BAD_INPUT


@pytest.mark.parametrize(
    ("leaf", "one"), tries(lambda leaf, one: one.kind in {str, date} and str(leaf) != "test")
)
def test_any_word_at_all_is_refused_or_does_the_work(leaf, one):
    for value in WORDS.values():
        words = [*usual(leaf, one.name), *one.typed(value)]
        plain(typed(*leaf.words, *words), str(leaf), words)


def test_every_type_of_a_parameter_is_one_that_is_tried_here():
    for leaf in LEAVES:
        for one in leaf.parameters:
            assert one.kind in {bool, int, float, str, date, Path, Literal}, f"{leaf} {one.name}"


@pytest.mark.parametrize(("leaf", "one"), tries(lambda _, one: one.kind is Path and not one.writes))
def test_a_file_that_cannot_be_used_is_refused_and_nothing_waits_for_it(leaf, one, bad_files):
    for name, path in bad_files.items():
        words = [*usual(leaf, one.name), *one.typed(str(path))]
        told = refused(typed(*leaf.words, *words), str(leaf), one.name, name)
        if told.err:
            assert shown(path)[:200] in told.err, told
