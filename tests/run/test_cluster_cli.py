"""`kumihimo cluster`: what ended starts again, and who leads is told; a folder of somebody is left alone."""

import attrs
import pytest

from kumihimo.kernel.refusal import BadInput, Unavailable
from kumihimo.run.cli import build, run
from kumihimo.run.cluster_cli import AGAIN_S, Watch, _place


@attrs.define
class Piece:
    """A part or a room that runs until somebody ends it."""

    name: str
    runs: bool = True
    starts: int = 0

    @property
    def process(self):
        return self

    def poll(self):
        return None if self.runs else -9

    def alive(self):
        return self.runs

    def start(self):
        self.runs = True
        self.starts += 1


@attrs.define
class Pieces:
    """Servers and rooms, one of each."""

    leads: str | None = "one"
    part: Piece = attrs.field(factory=lambda: Piece("one"))
    room: Piece = attrs.field(factory=lambda: Piece("linkage"))

    @property
    def rooms(self):
        return {"linkage": self.room}

    def parts(self):
        return [self.part]

    def leader(self):
        if self.leads is None:
            raise Unavailable("no server leads")
        return Piece(self.leads)


@pytest.fixture
def pieces():
    return Pieces()


@pytest.fixture
def watch(pieces):
    told = []
    return Watch(pieces, pieces, told.append), told


def test_who_leads_next_is_told_with_the_seconds_in_which_nobody_did(pieces, watch):
    look, told = watch[0].look, watch[1]
    look(1.0)
    assert told == []
    pieces.leads = None
    look(2.0)
    look(3.0)
    pieces.leads = "two"
    look(24.5)
    look(25.0)
    assert told == [
        "誰も主ではありません。 No server leads",
        "PostgreSQL two: leader, after 22.5 s",
    ]


@pytest.mark.parametrize("name", ["part", "room"])
def test_what_ended_is_started_again_once_and_not_at_once(pieces, watch, name):
    piece, (watching, told) = getattr(pieces, name), watch
    watching.look(1.0)
    piece.runs = False
    watching.look(2.0)
    watching.look(2.0 + AGAIN_S / 2)
    assert piece.starts == 0
    watching.look(2.0 + AGAIN_S)
    watching.look(3.0 + AGAIN_S)
    assert piece.starts == 1
    assert told == [f"{piece.name} ended; it starts again in 5 s", f"{piece.name} started again"]


def test_what_runs_is_left_alone(pieces, watch):
    for second in range(20):
        watch[0].look(float(second))
    assert (pieces.part.starts, pieces.room.starts) == (0, 0)


def test_a_folder_in_which_something_is_stays_as_it_is(tmp_path, capsys):
    (tmp_path / "hers").touch()
    assert run(build(), ["cluster", "--out", str(tmp_path)]) == 2
    assert "not a new folder" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["hers"]


def test_a_folder_that_the_servers_cannot_reach_is_refused_before_anything_starts(
    tmp_path, monkeypatch
):
    monkeypatch.setattr("kumihimo.run.cluster_cli.unprivileged", lambda: "postgres")
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(BadInput, match="may not pass"), _place(closed / "new"):
        pytest.fail("it began")


def test_a_temporary_folder_is_gone_afterwards():
    with _place(None) as place:
        assert place.is_dir()
    assert not place.exists()
