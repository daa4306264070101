import pytest

from kumihimo.kernel.clock import SystemClock
from kumihimo.kernel.entropy import SystemEntropy
from kumihimo.kernel.keys import KeyFileUnsafe, new_master, save_master
from kumihimo.kernel.settings import BadSettings, load
from kumihimo.rooms.ledger.settings import Settings

GOOD = """
key = "master.key"
oversight_key = "{oversight}"
database = {{ file = "dsn" }}
database_connections = {connections}

[peers]
linkage = "http://127.0.0.1:8001"
oversight = "http://127.0.0.1:8002"
"""


def write(folder, *, oversight="ab" * 32, connections=2, more=""):
    path = folder / "ledger.toml"
    path.write_text(GOOD.format(oversight=oversight, connections=connections) + more)
    return path


def ledger_of(path):
    settings = load(path, Settings)
    settings.book()
    return settings.ledger(beside=path, clock=SystemClock(), entropy=SystemEntropy())


@pytest.fixture
def secrets(tmp_path):
    save_master(tmp_path / "master.key", new_master(SystemEntropy()))
    (tmp_path / "dsn").write_text("host=127.0.0.1 dbname=none\n")
    (tmp_path / "dsn").chmod(0o600)
    return tmp_path


def test_a_settings_file_gives_a_ledger_with_the_keys_beside_it(secrets, monkeypatch):
    monkeypatch.chdir("/")
    ledger = ledger_of(write(secrets))
    assert ledger.keys.party == "ledger"
    assert ledger.keys.public == ledger_of(write(secrets)).keys.public


@pytest.mark.parametrize(
    "changes",
    [{"oversight": "zz"}, {"oversight": "ab"}, {"connections": 0}, {"more": "\n[nonsense]\n"}],
)
def test_a_setting_that_cannot_be_is_refused(secrets, changes):
    with pytest.raises(BadSettings):
        ledger_of(write(secrets, **changes))


def test_a_key_that_others_can_read_is_refused(secrets):
    (secrets / "master.key").chmod(0o644)
    with pytest.raises(KeyFileUnsafe):
        ledger_of(write(secrets))


def test_a_missing_database_secret_is_refused(secrets):
    (secrets / "dsn").unlink()
    with pytest.raises(BadSettings):
        ledger_of(write(secrets))
