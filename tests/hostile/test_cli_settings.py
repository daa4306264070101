"""A settings file with any value in any place is refused in one line, before a room starts.

Rooms and keys come from their `Settings`, so a new key is tried as soon as it exists.
"""

import json
import os
import socket

import msgspec
import pytest

from kumihimo.kernel.entropy import SystemEntropy
from kumihimo.kernel.keys import new_master, save_master
from kumihimo.pages.officers import SALT_BYTES, Passcode, save_officer
from kumihimo.rooms.oversight.client import RoomSettings
from kumihimo.run import cli
from kumihimo.run.check_config_cli import rooms, settings_form
from tests.hostile.files import unusable
from tests.hostile.terminal import BUG, typed

# What every room takes; the port is in use, so that none of them ever starts.
SOUND = {
    "database": '{ file = "dsn" }',
    "oversight_key": f'"{"ab" * 32}"',
    "peers": '{ oversight = "http://127.0.0.1:1", ledger = "http://127.0.0.1:1" }',
    "party": '"lg-131032-desk"',
    "key": '"master.key"',
    "tenants": '{ lg-131032 = "master.key" }',
    "authority_keys": '"authorities"',
    "ocsp_url": '"http://127.0.0.1:1/ocsp"',
    "card_keys": '"card-keys"',
    "tray": '"tray"',
    "officers": '"officers.json"',
    "gateway": '"http://127.0.0.1:1"',
    "gateway_token": '{ file = "token" }',
    "origin": '"http://127.0.0.1:1"',
    "jpki": '"http://127.0.0.1:1"',
    "jpki_token": '{ file = "token" }',
    "ledger": '"http://127.0.0.1:1"',
}
VALUES = (
    "0",
    "-1",
    "1" + "0" * 18,
    "1" + "0" * 40,
    "9" * 5_000,
    "-0.0",
    "1e999",
    "nan",
    "true",
    "2026-01-01",
    "1979-05-27T07:32:00Z",
    '""',
    '" "',
    r'"\u0000"',
    r'"\u001b[2J\u202e"',
    '"' + "x" * 5_000 + '"',
    '"' + "9" * 5_000 + '"',
    '"' + "f" * 63 + 'é"',
    '"../../../../../../etc/passwd"',
    '"https://[::1"',
    '"127.0.0.1:' + "9" * 5_000 + '"',
    '"127.0.0.1:٣"',
    r'"\u0000:1"',
    '"x' * 100 + '"',
    '":1"',
    '"' + "x" * 300 + ':1"',
    "[]",
    '[""]',
    "{}",
    '{ "" = "" }',
    r'{ "\u0000" = "\u0000" }',
    '{ file = "" }',
    r'{ file = "\u0000" }',
    '{ file = "." }',
    '{ file = "dsn", file2 = "dsn" }',
    '{ oversight = "ftp://x" }',
    '{ oversight = "http://" }',
    '{ oversight = "http://[" }',
    r'{ oversight = "http://\u0000\ud7ff" }',
    '{ oversight = "http://x:99999999" }',
    '{ lg-131032 = "" }',
    '{ "../x" = "master.key" }',
    '{ "' + "x" * 5_000 + '" = "master.key" }',
    '{ "日本\\n" = "master.key" }',
)


@pytest.fixture(scope="module")
def taken():
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield listening.getsockname()[1]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("settings")
    save_master(made / "master.key", new_master(SystemEntropy()))
    (made / "dsn").write_text("host=127.0.0.1 port=1 dbname=none\n")
    (made / "token").write_text("token\n")
    for name in ("dsn", "token"):
        (made / name).chmod(0o600)
    passcode = Passcode.of("correct horse", b"s" * SALT_BYTES)
    save_officer(made / "officers.json", "ito", passcode, role="reviewer")
    return made


@pytest.fixture(scope="module")
def bad_files(tmp_path_factory):
    made = tmp_path_factory.mktemp("unusable")
    found = unusable(made)
    for file in made.iterdir():
        if not file.is_symlink():
            file.chmod(0o600)  # or that others can read it would be all that is said
    return found


@pytest.fixture
def write(folder, taken):
    def make(room, **values):
        names = [field.encode_name for field in msgspec.structs.fields(settings_form(room))]
        chosen = {"listen": f'"127.0.0.1:{taken}"', **SOUND, **values}
        path = folder / f"{room}.toml"
        lines = [f"{name} = {chosen[name]}\n" for name in names if name in chosen]
        path.write_text("".join(lines), "utf-8")
        return str(path)

    return make


def keys():
    """Return every key of every room, those that all rooms share once."""
    shared = {field.encode_name for field in msgspec.structs.fields(RoomSettings)}
    return [
        pytest.param(room, field.encode_name, id=f"{room}-{field.encode_name}")
        for room in rooms()
        for field in msgspec.structs.fields(settings_form(room))
        if field.encode_name not in shared or room == rooms()[0]
    ]


def refused(told, what):
    """Hold that a file was not used, and that one line says why without quoting what stood there."""
    assert told.code in {cli.FAILED, cli.BAD_INPUT}, (what, told)
    assert told.out == "", (what, told)
    assert not any(words in told.err for words in BUG), (what, told)
    assert len(told.err.splitlines()) == 1, (what, told)
    assert told.err.startswith("kumihimo: "), (what, told)
    return told


@pytest.mark.parametrize("room", rooms())
def test_a_sound_file_gets_as_far_as_the_port_that_is_in_use(room, write):
    path = write(room)
    assert typed("check-config", path, "--room", room).code == cli.DONE
    assert "listen" in refused(typed("serve", room, "--config", path), room).err


@pytest.mark.parametrize(("room", "key"), keys())
def test_any_value_in_any_place_is_refused_in_one_line(room, key, write):
    for value in VALUES:
        path = write(room, **{key: value})
        what = f"{room}: {key} = {value}"[:200]
        refused(typed("serve", room, "--config", path), what)
        checked = typed("check-config", path, "--room", room)
        if checked.code != cli.DONE:
            refused(checked, what)


@pytest.mark.parametrize(
    "address", ["", "x", "ftp://x", "http://", "http:///x", "http://x:0", "https://x:65536"]
)
def test_an_address_that_leads_nowhere_is_refused_before_anybody_calls(address, write):
    path = write("oversight", peers=f'{{ oversight = "{address}" }}')
    assert "peers.oversight" in refused(typed("serve", "oversight", "--config", path), address).err


@pytest.mark.parametrize("key", ["database", "key", "law", "tenants"])
def test_a_file_named_in_the_settings_that_cannot_be_used_is_refused(key, write, bad_files):
    room = "gateway" if key == "tenants" else "linkage"
    form = {"database": "{{ file = {} }}", "tenants": "{{ lg-131032 = {} }}"}.get(key, "{}")
    for name, file in bad_files.items():
        path = write(room, **{key: form.format(json.dumps(os.fsencode(file).decode("latin-1")))})
        told = refused(typed("serve", room, "--config", path), name)
        assert "listen" not in told.err, name
        if room == "gateway":
            refused(typed("gateway", "add-client", "lg-131032", "x", "--config", path), name)


def test_a_password_in_a_damaged_dsn_is_not_quoted(write, folder):
    damaged = folder / "damaged"
    for content in (b"host=a hunter2 secret", b"postgresql://u:hunter2@[", b"hunter2=\xff"):
        damaged.write_bytes(content)
        damaged.chmod(0o600)
        path = write("ledger", database='{ file = "damaged" }')
        told = refused(typed("serve", "ledger", "--config", path), content)
        assert "no DSN" in told.err
        assert "hunter2" not in told.err
