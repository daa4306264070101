"""`kumihimo counter` where it cannot work: one line that says why, and nothing started."""

import socket

import pytest

from kumihimo.kernel.entropy import SystemEntropy
from kumihimo.kernel.keys import new_master, save_master
from kumihimo.run import cli
from tests.hostile.terminal import BUG, typed

SOUND = {
    "office": '"lg-131032"',
    "key": '"a.key"',
    "officers": '"officers"',
    "notes": '"notes"',
    "terminal": '"terminal-1"',
    "oversight_key": f'"{"ab" * 32}"',
    "peers": '{ oversight = "http://127.0.0.1:1", cards = "http://127.0.0.1:1" }',
}


@pytest.fixture
def folder(tmp_path):
    save_master(tmp_path / "a.key", new_master(SystemEntropy()))
    for name, content in (("pass", "correct horse"), ("short", "1234567"), ("open", "x" * 9)):
        (tmp_path / name).touch(mode=0o644 if name == "open" else 0o600)
        (tmp_path / name).write_text(content)
    (tmp_path / "reader").mkdir()
    return tmp_path


@pytest.fixture
def write(folder):
    def make(**changes):
        values = SOUND | changes
        lines = [f"{name} = {value}\n" for name, value in values.items() if value]
        (folder / "counter.toml").write_text("".join(lines))
        return folder / "counter.toml"

    return make


@pytest.fixture
def officer(folder, write):
    """Let an officer in, who is in the file then."""
    told = typed(
        "counter", "officer", "sato", f"--config={write()}", f"--passcode-file={folder}/pass"
    )
    assert told.code == cli.DONE, told
    return folder / "officers"


def refused(told, code, words):
    assert told.code == code, told
    assert told.out == "", told
    assert words in told.err, told
    assert len(told.err.splitlines()) == 1, told
    assert not any(bug in told.err for bug in BUG), told


def run(config, *options):
    return typed("counter", "run", f"--config={config}", *options)


def tray(folder):
    return (f"--tray={folder}/reader", f"--passphrase-file={folder}/pass")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"listen": '"0.0.0.0:8480"'}, "listen"),
        ({"listen": '"example.com:8480"'}, "listen"),
        ({"listen": '"127.0.0.1"'}, "listen"),
        ({"office": '"jpki"'}, "office"),
        ({"officers": '"nobody"'}, "nobody: No such file"),
        ({"officers": '"open"'}, "others can read it"),
        ({"officers": '"pass"'}, "line 1 is no officer"),
        ({"key": '"other.key"'}, "other.key"),
        ({"peers": '{ oversight = "http://127.0.0.1:1" }'}, "address of cards"),
        ({"peers": '{ cards = "http://127.0.0.1:1" }'}, "oversight's address"),
        ({"terminal": ""}, "terminal: this key is missing"),
        ({"terminal": r'"\u001b"'}, "terminal"),
        ({"oversight_key": '"ab"'}, "oversight_key"),
        ({"database": '{ file = "dsn" }'}, "database: unknown key"),
    ],
)
@pytest.mark.usefixtures("officer")
def test_settings_that_cannot_be_are_told_by_key(folder, write, changes, words):
    refused(run(write(**changes), *tray(folder)), cli.BAD_INPUT, words)


@pytest.mark.usefixtures("officer")
def test_a_counter_has_one_reader(folder, write):
    refused(run(write()), cli.BAD_INPUT, "--reader NAME or --tray FOLDER")
    both = run(write(), "--reader=x", *tray(folder))
    refused(both, cli.BAD_INPUT, "--reader NAME or --tray FOLDER")
    refused(run(write(), f"--tray={folder}/none"), cli.BAD_INPUT, "no such folder")
    refused(run(write(), f"--tray={folder}/reader"), cli.BAD_INPUT, "passphrase-file")
    refused(run(folder / "none.toml", *tray(folder)), cli.BAD_INPUT, "none.toml")


@pytest.mark.usefixtures("officer")
def test_a_port_that_is_taken_is_told(folder, write):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        listen = f'"127.0.0.1:{taken.getsockname()[1]}"'
        refused(run(write(listen=listen), *tray(folder)), cli.BAD_INPUT, "listen")


def test_an_officer_is_let_in_by_a_file_that_holds_no_passcode_and_another_stays(
    folder, officer, write
):
    before = officer.read_text()
    told = typed(
        "counter", "officer", "suzuki", f"--config={write()}", f"--passcode-file={folder}/pass"
    )
    assert told.code == cli.DONE
    after = officer.read_text()
    assert after.startswith(before)
    assert after.splitlines()[1].startswith("suzuki ")
    assert "correct horse" not in after
    assert officer.stat().st_mode & 0o077 == 0
    assert len({line.split()[2] for line in after.splitlines()}) == 2  # salted


@pytest.mark.parametrize(
    ("name", "file", "words"),
    [
        ("Sato", "pass", "small letters"),
        ("sa to", "pass", "small letters"),
        ("", "pass", "small letters"),
        ("sato", "short", "8 signs or more"),
        ("sato", "open", "others can read it"),
        ("sato", "none", "none"),
    ],
)
def test_an_officer_or_a_passcode_that_cannot_be_is_refused(folder, write, name, file, words):
    told = typed(
        "counter", "officer", name, f"--config={write()}", f"--passcode-file={folder}/{file}"
    )
    refused(told, cli.BAD_INPUT, words)
    assert not (folder / "officers").exists()


def test_what_opens_new_cards_is_told_to_who_runs_cards_and_is_another_for_each_office(
    folder, write
):
    rooms = 'key = "a.key"\ncard_keys = "keys"\ntray = "tray"\ndatabase = { file = "dsn" }\npeers = {}\n'
    config = folder / "cards.toml"
    config.write_text(f'{rooms}oversight_key = "{"ab" * 32}"\n')
    told = [
        typed("cards", "passphrase", o, f"--config={config}") for o in ("lg-131032", "lg-271004")
    ]
    assert [one.code for one in told] == [cli.DONE, cli.DONE]
    assert len({one.out for one in told}) == 2
    assert all(len(one.out.strip()) == 64 for one in told)
    refused(
        typed("cards", "passphrase", "131032", f"--config={config}"), cli.BAD_INPUT, "lg-131032"
    )
    config.write_text(config.read_text().replace("a.key", "b.key"))
    refused(typed("cards", "passphrase", "lg-131032", f"--config={config}"), cli.BAD_INPUT, "b.key")
