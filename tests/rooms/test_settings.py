"""The settings of the rooms: a good file gives a room, and a bad one says which key is wrong."""

import pytest

from kumihimo.kernel.clock import SystemClock
from kumihimo.kernel.entropy import SystemEntropy
from kumihimo.kernel.keys import KeyFileUnsafe, new_master, save_master
from kumihimo.kernel.refusal import BadInput
from kumihimo.kernel.settings import BadSettings
from kumihimo.kernel.tracing import tracing_of
from kumihimo.run.serving import compose

ROOMS = ("agency", "cards", "gateway", "jpki", "ledger", "linkage", "oversight", "register")
KEY = "ab" * 32


def never(where, error):
    raise AssertionError(where) from error


@pytest.fixture
def folder(tmp_path):
    save_master(tmp_path / "master.key", new_master(SystemEntropy()))
    (tmp_path / "dsn").write_text("host=127.0.0.1 dbname=none\n")
    (tmp_path / "dsn").chmod(0o600)
    return tmp_path


def write(folder, room, **changes):
    lines = {
        "database": '{ file = "dsn" }',
        "oversight_key": f'"{KEY}"',
        "listen": '"127.0.0.1:8401"',
        "key": '"master.key"',
    }
    tail = '[peers]\noversight = "http://127.0.0.1:8400"\n'
    if room == "gateway":
        del lines["key"]
        tail += '[tenants]\n"lg-131032" = "master.key"\n'
    if room == "cards":
        lines |= {"card_keys": '"keys"', "tray": '"tray"'}
    if room == "jpki":
        lines |= {"authority_keys": '"authorities"', "ocsp_url": '"http://127.0.0.1/ocsp"'}
    tail = changes.pop("tail", tail)
    lines |= changes
    path = folder / f"{room}.toml"
    text = "".join(f"{key} = {value}\n" for key, value in lines.items() if value)
    path.write_text(text + tail)
    return path


def composed(room, path):
    return compose(room, path, clock=SystemClock(), entropy=SystemEntropy(), report=never)


@pytest.mark.parametrize("room", ROOMS)
def test_a_good_file_gives_the_room(folder, room):
    service = composed(room, write(folder, room))
    assert (service.room, service.host, service.port) == (room, "127.0.0.1", 8401)


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_is_traced_where_its_file_names_a_collector_and_only_there(folder, room):
    assert tracing_of(composed(room, write(folder, room)).app) is None
    to = '"http://127.0.0.1:1/v1/traces"'
    tracing = tracing_of(composed(room, write(folder, room, traces=to)).app)
    assert tracing is not None
    tracing.close()


@pytest.mark.parametrize("room", ROOMS)
@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"oversight_key": '"zz"'}, "oversight_key"),
        ({"oversight_key": ""}, "oversight_key"),
        ({"listen": '"8401"'}, "listen"),
        ({"listen": '"127.0.0.1:0"'}, "listen"),
        ({"listen": '"127.0.0.1:99999"'}, "listen"),
        ({"database": '"postgres://me:secret@db"'}, "database"),
        ({"database": '{ file = "nowhere" }'}, "nowhere"),
        ({"database_connections": "0"}, "database_connections"),
        ({"colour": '"red"'}, "colour"),
        ({"traces": '"collector:4318"'}, "traces"),
        ({"traces_one_in": "0"}, "traces_one_in"),
        ({"tail": '[peers]\noversight = "ftp://x"\n[tenants]\n"lg-1" = "master.key"\n'}, ""),
    ],
    ids=lambda value: str(value)[:40] if isinstance(value, dict) else "",
)
def test_a_bad_key_is_named_and_its_value_is_not_quoted(folder, room, changes, words):
    with pytest.raises(BadSettings) as refusal:
        composed(room, write(folder, room, **changes))
    assert words in refusal.value.detail
    assert "secret" not in refusal.value.detail


@pytest.mark.parametrize("room", ROOMS)
def test_keys_and_dsn_that_others_can_read_are_refused(folder, room):
    path = write(folder, room)
    for name in ("dsn", "master.key"):
        (folder / name).chmod(0o644)
        with pytest.raises((BadSettings, KeyFileUnsafe)):
            composed(room, path)
        (folder / name).chmod(0o600)
    composed(room, path)


def test_a_gateway_hosts_somebody_and_keeps_results_for_a_day_at_least(folder):
    peers = '[peers]\noversight = "http://127.0.0.1:8400"\n[tenants]\n'
    with pytest.raises(BadSettings, match="tenants"):
        composed("gateway", write(folder, "gateway", tail=peers))
    with pytest.raises(BadSettings, match="result_days"):
        composed("gateway", write(folder, "gateway", result_days="0"))


def test_a_ministry_is_in_charge_of_affairs_that_there_are(folder):
    tail = '[peers]\noversight = "http://127.0.0.1:8400"\n[in_charge]\nmhlw = [{}]\n'
    assert composed("agency", write(folder, "agency", tail=tail.format('"b081"'))).room == "agency"
    with pytest.raises(BadSettings, match=r"in_charge\.mhlw"):
        composed("agency", write(folder, "agency", tail=tail.format('"b081", "b999"')))


@pytest.mark.parametrize("content", ["{", '{"institutions": [{"x": 1}]}', "\udcff"])
def test_a_deployment_that_cannot_be_read_is_refused(folder, content):
    (folder / "more.json").write_text(content, errors="surrogateescape")
    for room in ("linkage", "gateway"):
        with pytest.raises(BadInput, match=r"more\.json"):
            composed(room, write(folder, room, law='"more.json"'))


def test_a_room_that_is_none_is_refused(folder):
    with pytest.raises(BadInput, match="no such room"):
        composed("palace", folder / "x.toml")


@pytest.mark.parametrize("url", ["http://jpki/ocsp", "ftp://ocsp.test/", "http://", "日本"])
def test_an_address_that_no_certificate_can_carry_is_refused_at_the_start(folder, url):
    composed("jpki", write(folder, "jpki"))
    with pytest.raises(BadSettings, match="ocsp_url"):
        composed("jpki", write(folder, "jpki", ocsp_url=f'"{url}"'))


def test_the_authorities_keys_are_in_one_place(folder):
    token = '{ module = "/nowhere.so", label = "jpki", pin = { file = "dsn" } }'
    for changes in ({"authority_keys": ""}, {"token": token}):
        with pytest.raises(BadSettings, match="authority_keys"):
            composed("jpki", write(folder, "jpki", **changes))
    with pytest.raises(KeyFileUnsafe, match="token jpki"):
        composed("jpki", write(folder, "jpki", authority_keys="", token=token))


@pytest.mark.parametrize("where", ["8406", "127.0.0.1:0", ":8406", "a:b"])
def test_a_place_where_nobody_can_listen_for_questions_about_status_is_refused(folder, where):
    composed("jpki", write(folder, "jpki", ocsp_listen='"127.0.0.1:8406"', share_port="true"))
    with pytest.raises(BadSettings, match="ocsp_listen"):
        composed("jpki", write(folder, "jpki", ocsp_listen=f'"{where}"'))
