import pytest

from kumihimo.kernel.clock import SystemClock
from kumihimo.kernel.entropy import SystemEntropy
from kumihimo.kernel.keys import KeyFileUnsafe, new_master, save_master
from kumihimo.kernel.settings import BadSettings, load
from kumihimo.people.check_digits import NumberSpace
from kumihimo.rooms.register.domain.quota import Limits
from kumihimo.rooms.register.settings import Settings

GOOD = """
key = "master.key"
oversight_key = "{oversight}"
database = {{ file = "dsn" }}
inquiries_per_day = {per_day}
acquisitions_per_minute = {acquisitions}

[peers]
linkage = "http://127.0.0.1:8001"
"""


def write(folder, *, oversight="ab" * 32, per_day=50, acquisitions=1_000, more=""):
    path = folder / "register.toml"
    good = GOOD.format(oversight=oversight, per_day=per_day, acquisitions=acquisitions)
    path.write_text(good + more)
    return path


def register_of(path):
    settings = load(path, Settings)
    return settings.register(
        beside=path, book=settings.book(), clock=SystemClock(), entropy=SystemEntropy()
    )


@pytest.fixture
def secrets(tmp_path):
    save_master(tmp_path / "master.key", new_master(SystemEntropy()))
    (tmp_path / "dsn").write_text("host=127.0.0.1 dbname=none\n")
    (tmp_path / "dsn").chmod(0o600)
    return tmp_path


def test_a_settings_file_gives_a_register_in_the_test_space(secrets):
    register = register_of(write(secrets))
    assert register.space is NumberSpace.TEST
    assert register.limits.per_day == 50
    assert register.acquisition_limits == Limits(per_minute=1_000, per_day=100_000)
    assert "b081" in register.affairs


@pytest.mark.parametrize(
    "changes",
    [
        {"oversight": "zz"},
        {"oversight": "ab"},
        {"per_day": 0},
        {"acquisitions": 999},
        {"more": "\n[nonsense]\n"},
    ],
)
def test_a_setting_that_cannot_be_is_refused(secrets, changes):
    with pytest.raises(BadSettings):
        register_of(write(secrets, **changes))


def test_a_key_that_others_can_read_is_refused(secrets):
    (secrets / "master.key").chmod(0o644)
    with pytest.raises(KeyFileUnsafe):
        register_of(write(secrets))
