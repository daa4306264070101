"""A settings file is read strictly, says where it is wrong, and never quotes what stands there."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kumihimo.kernel import settings
from kumihimo.kernel.settings import BadSettings, SecretFile, debugging, environment_with, load


class Inner(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    host: str
    port: int = 1


class Form(msgspec.Struct, frozen=True):
    name: str
    count: int = 3
    inner: Inner | None = None
    secret: SecretFile | None = None


@pytest.fixture
def write(tmp_path):
    def make(content, name="room.toml"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return make


def test_a_good_file_gives_its_values_also_with_a_byte_order_mark(write):
    text = 'name = "a"\n[inner]\nhost = "h"\n'
    expected = Form("a", inner=Inner("h"))
    assert load(write(text), Form) == expected
    assert load(write(b"\xef\xbb\xbf" + text.encode()), Form) == expected


@pytest.mark.parametrize(
    ("content", "pointer", "words"),
    [
        ("", "name", "missing"),
        ('name = "a"\nnam_e = "hunter2"', "nam_e", "unknown key"),
        ("name = 12345678", "name", "Expected `str`"),
        ('name = "a"\ncount = "hunter2"', "count", "Expected `int`"),
        ('name = "a"\n[inner]\nhots = "hunter2"', "inner.hots", "unknown key"),
        ('name = "a"\n[inner]\nport = 2', "inner.host", "missing"),
        ('name = "a"\nsecret = "hunter2"', "secret", "Expected `object"),
        ('name = "hunter2', "end of document", "not valid TOML"),
        ('name = "a"\nname = "hunter2"', "end of document", "not valid TOML"),
        (b'name = "hunter2\xff"', "", "not UTF-8"),
        ("a = " + "[" * 5_000, "", "nested too deeply"),
        ("count = " + "9" * 5_000, "", "a number is too long"),
    ],
)
def test_a_bad_file_is_refused_with_its_place_and_without_its_value(write, content, pointer, words):
    path = write(content)
    with pytest.raises(BadSettings) as refused:
        load(path, Form)
    said = refused.value
    assert str(path) in said.detail
    assert words in said.detail
    assert pointer in {said.pointer, "end of document"}
    assert "hunter2" not in said.detail + said.pointer
    assert "12345678" not in said.detail


def test_a_file_that_is_too_large_is_not_read_to_its_end(write, monkeypatch):
    monkeypatch.setattr(settings, "FILE_BYTES_MAX", 20)
    assert load(write('name = "1234567"'), Form).name == "1234567"
    with pytest.raises(BadSettings, match="larger than 20 bytes"):
        load(write('name = "123456789012345"'), Form)


def test_a_file_that_is_not_there_or_is_none_is_refused(tmp_path):
    for path in (tmp_path / "none.toml", tmp_path, tmp_path / "\0"):
        with pytest.raises(BadSettings):
            load(path, Form)


@given(st.text(), st.integers(-(2**62), 2**62))
def test_what_was_written_is_what_is_read(tmp_path_factory, name, count):
    quoted = "".join(f"\\U{ord(c):08x}" for c in name)
    path = tmp_path_factory.mktemp("toml") / "room.toml"
    path.write_text(f'name = "{quoted}"\ncount = {count}\n')
    assert load(path, Form) == Form(name, count)


def test_a_secret_stands_in_another_file_beside_and_loses_one_line_break(write):
    beside = write("")
    for content, expected in ((b"s\n", b"s"), (b"s\r\n", b"s"), (b"s\n\n", b"s\n"), (b"s", b"s")):
        write(content, "secret").chmod(0o600)
        read = SecretFile("secret").read(beside=beside)
        assert read.reveal() == expected
        assert "s" not in repr(read).removeprefix("Withheld(<withheld>)")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o610])
def test_a_secret_that_others_can_read_is_refused(write, mode):
    write(b"hunter2", "secret").chmod(mode)
    with pytest.raises(BadSettings, match="others can read") as refused:
        SecretFile("secret").read(beside=write(""))
    assert "hunter2" not in refused.value.detail


@pytest.mark.parametrize("content", [b"", b"\n", b"\r\n", b"x" * (settings.SECRET_BYTES_MAX + 1)])
def test_an_empty_secret_and_one_without_end_are_refused(write, content):
    write(content, "secret").chmod(0o600)
    with pytest.raises(BadSettings):
        SecretFile("secret").read(beside=write(""))


def test_a_secret_that_is_missing_is_named_by_its_path(write):
    with pytest.raises(BadSettings, match="no-such-secret"):
        SecretFile("no-such-secret").read(beside=write(""))


@pytest.mark.parametrize(("value", "told"), [("1", True), ("yes", True), ("0", False), ("", False)])
def test_tracebacks_are_shown_only_to_who_asks_for_them(monkeypatch, value, told):
    monkeypatch.setenv("KUMIHIMO_DEBUG", value)
    assert debugging() is told


def test_a_child_gets_our_environment_with_what_was_changed(monkeypatch):
    monkeypatch.setenv("KUMIHIMO_TEST_OLD", "1")
    found = environment_with(KUMIHIMO_TEST_NEW="2")
    assert (found["KUMIHIMO_TEST_OLD"], found["KUMIHIMO_TEST_NEW"]) == ("1", "2")
