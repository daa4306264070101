"""What stands in `deploy/` is what the program takes and what the trial runs with."""

import re
import shlex
import shutil
import subprocess

import pytest
import yaml
from cyclopts import CycloptsError

from kumihimo.run.cli import build
from kumihimo.run.cluster import texts
from kumihimo.run.serving import ROOMS
from kumihimo.run.system_packages import ensure_servers
from tests.meta.project import ROOT

DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
OURS = [path for path in UNITS if path.name.startswith("kumihimo")]
COMPOSE = yaml.safe_load((DEPLOY / "compose.yml").read_text("utf-8"))
NAMES = ("one", "two", "three")
PROGRAM = "/opt/kumihimo/.venv/bin/kumihimo "
# As `systemd-analyze security` counts, of ten: ours are at 1.4, one without any hardening at 9.6.
EXPOSED_AT_MOST = 2.0


def unit(path):
    """Return a unit's text with every %i filled in by a room that it may be for."""
    return path.read_text("utf-8").replace("%i", "linkage")


def command_of(text):
    [line] = re.findall(r"^ExecStart=(.*)$", text, re.MULTILINE)
    assert line.startswith(PROGRAM)
    return shlex.split(line.removeprefix(PROGRAM))


def understood(words):
    """Let the real command line read words; returns what it would do with them."""
    _, bound, _ = build().parse_args(words, exit_on_error=False, print_error=False)
    return bound.arguments


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.name)
def test_the_command_of_a_unit_is_one_that_the_program_takes(path):
    words = command_of(unit(path))
    told = understood(words)
    assert str(told["config"]).startswith("/etc/kumihimo/")
    if words[0] == "serve":
        assert told["room"] in ROOMS
    with pytest.raises(CycloptsError):
        understood([*words, "--no-such-option"])


@pytest.fixture
def root(tmp_path):
    """Make a machine on which the units' programs are."""
    for program in (PROGRAM.strip(), "/opt/patroni/bin/patroni", "/bin/kill"):
        path = tmp_path / program.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("#!/bin/sh\n")
        path.chmod(0o755)
    (tmp_path / "usr/lib").mkdir(parents=True)
    (tmp_path / "lib").symlink_to("usr/lib")
    shutil.copytree("/usr/lib/systemd/system", tmp_path / "usr/lib/systemd/system", symlinks=True)
    (tmp_path / "etc/systemd/system").mkdir(parents=True)
    for path in UNITS:
        shutil.copy(path, tmp_path / "etc/systemd/system")
    return tmp_path


def analyze(root, what, *words):
    done = subprocess.run(
        ["systemd-analyze", what, f"--root={root}", *words],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr


INSTANCES = [path.name.replace("@", "@linkage") for path in UNITS]


def test_systemd_finds_nothing_wrong_with_any_unit_and_says_what_is_wrong_with_a_broken_one(root):
    assert analyze(root, "verify", "--man=no", *INSTANCES) == ""
    broken = root / "etc/systemd/system/patroni.service"
    broken.write_text(broken.read_text().replace("ProtectHome=yes", "ProtectHome=perhaps"))
    assert "perhaps" in analyze(root, "verify", "--man=no", "patroni.service")


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.name)
def test_a_room_as_a_unit_is_shut_in(path, root):
    def exposed():
        told = analyze(root, "security", "--offline=true", path.name.replace("@", "@linkage"))
        return float(re.findall(r"exposure level for .*: ([\d.]+)", told)[0])

    assert exposed() <= EXPOSED_AT_MOST
    bare = root / "etc/systemd/system" / path.name
    bare.write_text(
        re.sub(
            r"^(NoNew|Capab|Protect|Private|Restrict|System).*\n",
            "",
            bare.read_text(),
            flags=re.MULTILINE,
        )
    )
    assert exposed() > EXPOSED_AT_MOST


def without_comments(name):
    lines = (DEPLOY / "etc" / name).read_text("utf-8").splitlines()
    return "\n".join(line for line in lines if not line.startswith(("#", ";"))) + "\n"


def test_the_servers_are_told_what_the_trials_are_told():
    change = "change-me"
    told = texts.patroni(
        "one",
        etcd=[f"db-{name}:2379" for name in NAMES],
        rest="db-one:8008",
        postgres="db-one:5432",
        data="/var/lib/postgresql/kumihimo",
        programs="/usr/lib/postgresql/17/bin",
        accounts={
            "superuser": ("kumihimo_admin", change),
            "replication": ("replicator", change),
            "rewind": ("rewinder", change),
        },
        networks=["10.20.0.0/24"],
        parameters={"unix_socket_directories": "/run/postgresql"},
    )
    found = yaml.safe_load((DEPLOY / "etc/patroni.yml").read_text("utf-8"))
    assert found == {**told, "watchdog": {"mode": "automatic"}}
    servers = {name: (f"db-{name}:5432", 8008) for name in NAMES}
    assert without_comments("haproxy.cfg") == texts.haproxy("127.0.0.1:5432", servers)
    assert without_comments("pgbouncer.ini") == texts.pgbouncer(
        ("127.0.0.1", 6432), ("127.0.0.1", 5432), "/etc/pgbouncer/userlist.txt"
    )


def test_haproxy_takes_its_file(tmp_path):
    # It looks names up when it starts, and nobody here is called db-one.
    text = re.sub(r"db-\w+", "127.0.0.1", without_comments("haproxy.cfg"))
    (tmp_path / "haproxy.cfg").write_text(text)
    program = ensure_servers()["haproxy"]
    done = subprocess.run(
        [program.path, "-c", "-f", tmp_path / "haproxy.cfg"],
        env={"LD_LIBRARY_PATH": program.libraries},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_each_container_of_a_room_runs_a_command_that_the_program_takes():
    rooms = {
        name: service
        for name, service in COMPOSE["services"].items()
        if service["image"] == "kumihimo-rooms"
    }
    assert len(rooms) > len(NAMES)
    for name, service in rooms.items():
        told = understood(service["command"])
        assert told["room"] == ("gateway" if name.startswith("gateway-") else name)
        assert str(told["config"]) == f"/etc/kumihimo/{name}.toml"
        assert f"./settings/{name}:/etc/kumihimo:ro" in service["volumes"]


def test_the_containers_stand_on_one_another_and_on_nothing_else():
    services = COMPOSE["services"]
    containerfile = (DEPLOY / "Containerfile").read_text("utf-8")
    for name, service in services.items():
        assert set(service.get("depends_on", ())) <= set(services), name
        assert set(service["networks"]) <= set(COMPOSE["networks"]), name
        assert f" AS {service['build']['target']}\n" in containerfile, name
        assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"]), name
        for port in service.get("ports", ()):
            assert port.startswith("127.0.0.1:"), name
        for volume in service.get("volumes", ()):
            source = volume.partition(":")[0]
            assert source.startswith("./settings/") or source in COMPOSE["volumes"], name
    assert {f"{what}-{name}" for what in ("etcd", "database") for name in NAMES} <= set(services)


def test_etcd_is_told_of_the_same_three_machines():
    lines = without_comments("etcd").splitlines()
    settings = {line.partition("=")[0]: line.partition("=")[2] for line in lines}
    together = [one.partition("=") for one in settings["ETCD_INITIAL_CLUSTER"].split(",")]
    members = {name: at for name, _, at in together}
    assert members == {name: f"http://db-{name}:2380" for name in NAMES}
    hosts = yaml.safe_load((DEPLOY / "etc/patroni.yml").read_text("utf-8"))["etcd3"]["hosts"]
    assert hosts == [f"db-{name}:2379" for name in NAMES]
    assert settings["ETCD_LISTEN_CLIENT_URLS"] == f"http://{hosts[0]}"
