"""The commands of the certification authority's operator; what makes keys is a process."""

import json
import subprocess
import sys

import pytest

from kumihimo.kernel.entropy import SystemEntropy
from kumihimo.kernel.keys import new_master, save_master
from kumihimo.run import cli
from tests.hostile.terminal import typed


def kumihimo(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "kumihimo", *arguments],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.fixture
def config(tmp_path, new_room):
    _, reached = new_room("jpki")
    save_master(tmp_path / "jpki.key", new_master(SystemEntropy()))
    dsn = tmp_path / "jpki.dsn"
    dsn.touch(mode=0o600)
    dsn.write_text(reached.runtime.reveal())
    path = tmp_path / "jpki.toml"
    lines = {
        "database": '{ file = "jpki.dsn" }',
        "oversight_key": json.dumps("ab" * 32),
        "key": '"jpki.key"',
        "authority_keys": '"authority-keys"',
        "ocsp_url": '"http://127.0.0.1:8406/ocsp"',
        "peers": "{}",
    }
    path.write_text("".join(f"{key} = {value}\n" for key, value in lines.items()))
    return path


def of_a_ceremony(config, transcript, *witnesses):
    named = [part for name in witnesses for part in ("--witness", name)]
    common = ["--config", str(config), "--transcript", str(transcript)]
    return "jpki", "ceremony", *common, "--operator", "運用 一郎", *named


def test_a_ceremony_leaves_two_authorities_and_a_transcript_without_secrets(config, tmp_path):
    transcript = tmp_path / "ceremony.txt"
    done = kumihimo(*of_a_ceremony(config, transcript, "立会 花子", "立会 次郎"))
    assert done.returncode == 0, done.stderr
    text = transcript.read_text()
    for word in ("運用 一郎", "立会 花子", "立会 次郎", "encrypted files", "pkilint, no error"):
        assert word in text
    assert text.count("certificate, SHA-256: ") == 2
    assert text.count("signature of ") == 3
    for secret in ("PRIVATE", "BEGIN", (tmp_path / "jpki.key").read_text().strip()):
        assert secret not in text
    keys = sorted((tmp_path / "authority-keys").iterdir())
    assert len(keys) == 2
    assert all(key.stat().st_mode & 0o77 == 0 for key in keys)


def test_nobody_holds_a_ceremony_alone(config, tmp_path):
    transcript = tmp_path / "ceremony.txt"
    for witnesses in (("立会 花子",), ("立会 花子", "立会 花子"), ("運用 一郎", "立会 花子")):
        told = typed(*of_a_ceremony(config, transcript, *witnesses))
        assert told.code == cli.BAD_INPUT
        assert "witnesses" in told.err
    assert not transcript.exists()
    assert not (tmp_path / "authority-keys").exists()


def test_a_transcript_is_never_written_over(config, tmp_path):
    transcript = tmp_path / "ceremony.txt"
    transcript.write_text("of another day")
    told = typed(*of_a_ceremony(config, transcript, "立会 花子", "立会 次郎"))
    assert told.code == cli.FAILED
    assert transcript.read_text() == "of another day"


def test_a_recall_names_what_is_broken_and_can_be_resumed(config):
    recall = ("jpki", "recall", "--config", str(config))
    done = typed(*recall, "--carrier", "card", "--issued-to", "2026-12-31")
    assert done.code == cli.DONE, done.err
    begun = done.out.partition(":")[0]
    again = typed(*recall, "--resume", begun)
    assert again.code == cli.DONE, again.err
    for bad in (
        [],
        ["--weakness", "old-age"],
        ["--resume", begun, "--carrier", "card"],
        ["--resume", "x" * 22],
    ):
        refused = typed(*recall, *bad)
        assert refused.code in {cli.FAILED, cli.BAD_INPUT}
        assert len(refused.err.splitlines()) == 1


def test_a_drill_ends_with_every_card_rekeyed_once():
    done = kumihimo("jpki", "drill", "--cards", "4")
    assert done.returncode == 0, done.stderr
    assert "8 certificates: good" in done.stdout
    assert "8 certificates: revoked keyCompromise" in done.stdout
    assert "cut off after 2 cards, and resumed" in done.stdout


def test_a_drill_needs_a_card():
    assert typed("jpki", "drill", "--cards", "0").code == cli.BAD_INPUT


def verifier(config, *words):
    return typed("jpki", "verifier", *words, "--config", str(config))


def test_a_verifier_is_registered_with_a_token_shown_once_suspended_and_readmitted(config):
    added = verifier(config, "add", "bank", "--role", "signature_verifier")
    assert added.code == cli.DONE, added.err
    token = added.out.strip()
    assert len(token) == 43
    for words, standing in (((), "active"), (("suspend",), "suspended"), (("readmit",), "active")):
        if words:
            assert verifier(config, *words, "bank").code == cli.DONE
        listed = verifier(config, "list")
        [line] = listed.out.splitlines()
        name, stands, roles, uses, platform, _ = line.split("\t")
        assert (name, roles, uses, platform) == ("bank", "signature_verifier", "-", "-")
        assert standing in stands
        assert token not in listed.out


def test_who_receives_attributes_is_registered_with_uses_and_the_key_of_its_key_file(
    config, tmp_path
):
    save_master(tmp_path / "bank.key", new_master(SystemEntropy()))
    key = typed("keys", "payload", "bank", str(tmp_path / "bank.key")).out.strip()
    wanted = ("add", "bank", "--role", "signature_verifier", "--role", "attribute_receiver")
    use = ("--use", "address-change")
    for bad in (use, ("--payload-key", key), (*use, "--payload-key", "zz")):
        assert verifier(config, *wanted, *bad).code == cli.BAD_INPUT
    done = verifier(config, *wanted, *use, "--payload-key", key)
    assert done.code == cli.DONE, done.err
    assert "address-change" in verifier(config, "list").out


def test_a_service_provider_is_registered_under_a_platform_operator_and_under_nobody_else(config):
    provider = ("add", "shop", "--role", "service_provider", "--platform", "hub")
    assert verifier(config, *provider).code in {cli.FAILED, cli.BAD_INPUT}
    assert verifier(config, "add", "hub", "--role", "platform_operator").code == cli.DONE
    assert verifier(config, *provider).code == cli.DONE
    assert "shop" in verifier(config, "list").out


def test_what_no_verifier_can_be_is_refused_in_one_line(config):
    assert verifier(config, "add", "bank", "--role", "signature_verifier").code == cli.DONE
    for bad in (
        ("add", "bank", "--role", "signature_verifier"),
        ("add", "Bank", "--role", "signature_verifier"),
        ("add", "shop", "--role", "everything"),
        ("add", "shop"),
        ("add", "shop", "--role", "service_provider"),
        ("suspend", "nobody"),
        ("readmit", "nobody"),
    ):
        refused = verifier(config, *bad)
        assert refused.code in {cli.FAILED, cli.BAD_INPUT}, bad
        assert refused.out == ""
        assert len(refused.err.splitlines()) == 1, refused.err
