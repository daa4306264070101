"""`kumihimo check-config`: read a settings file as its room would, and start nothing."""

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from pkgutil import iter_modules

import msgspec
from cyclopts import App

import kumihimo.rooms
from kumihimo.kernel.refusal import BadInput
from kumihimo.kernel.settings import load

app = App(
    name="check-config",
    help="設定ファイルを確かめる。 Check a settings file without starting anything.",
)


def rooms() -> list[str]:
    """Return the names of the rooms that can be configured: those with a `settings` module."""
    found = sorted(module.name for module in iter_modules(kumihimo.rooms.__path__))
    return [name for name in found if find_spec(f"kumihimo.rooms.{name}.settings") is not None]


def settings_form(room: str) -> type[msgspec.Struct]:
    """Return a room's `Settings`; raises `BadInput` for a room that is not there."""
    known = rooms()
    if room not in known:
        names = ", ".join(known) or "none in this version"
        raise BadInput(f"--room: no such room; rooms with settings: {names}", pointer="room")
    form = import_module(f"kumihimo.rooms.{room}.settings").Settings
    assert issubclass(form, msgspec.Struct), f"{room}: Settings must be a msgspec.Struct"
    return form


@app.default
def check_config(file: Path, *, room: str) -> None:
    """設定ファイルを確かめる。 Check a settings file without starting anything.

    Parameters
    ----------
    file
        設定ファイル（TOML）。 The settings file, TOML.
    room
        どの機関のものか。 The room that it is for, such as linkage or gateway.
    """
    load(file, settings_form(room))
    print(f"{file}: 正しい {room} の設定です。 OK for {room}.")
