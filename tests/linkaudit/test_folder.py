"""A stage that was finished is taken as it is, unless a crash of the machine may have lost some of it."""

from pathlib import Path

import pytest

from kumihimo.linkaudit.folder import Stage, also_at, keep


def finished(audit, given="a"):
    stage = Stage.at(audit, "register", "rules", given)
    (stage.folder / "table").write_text(given)
    stage.finish("told")
    return stage.folder


def started_anew(stage):
    """Do what a start of the machine does: it is not the one since which the stage was begun."""
    (mark,) = stage.glob("boot-*")
    mark.rename(stage / "boot-0")


@pytest.fixture
def audit(tmp_path):
    return tmp_path / "audit"


def test_a_finished_stage_is_opened_as_it_is(audit):
    finished(audit)
    again = Stage.at(audit, "register", "rules", "a")
    assert again.is_done
    assert (again.folder / "table").read_text() == "a"


def test_what_was_not_on_the_disk_when_the_machine_went_down_is_made_anew(audit):
    started_anew(finished(audit))
    again = Stage.at(audit, "register", "rules", "a")
    assert not again.is_done
    assert not (again.folder / "table").exists()


def test_what_was_kept_outlives_a_crash_of_the_machine(audit):
    folder = finished(audit)
    keep(audit)
    started_anew(folder)
    again = Stage.at(audit, "register", "rules", "a")
    assert again.is_done
    assert (again.folder / "table").read_text() == "a"


@pytest.mark.parametrize("kept", [True, False])
def test_only_what_stands_is_taken_over_by_a_run_on_other_inputs(audit, kept):
    folder = finished(audit)
    if kept:
        keep(audit)
    started_anew(folder)
    other = Stage.at(audit, "register", "rules", "b")
    assert other.before == (folder if kept else None)
    assert folder.exists() == kept


def test_an_unfinished_stage_is_not_kept(audit):
    stage = Stage.at(audit, "register", "rules", "a")
    keep(audit)
    started_anew(stage.folder)
    (stage.folder / "table").write_text("half")
    assert not (Stage.at(audit, "register", "rules", "a").folder / "table").exists()


@pytest.mark.parametrize("linked", [True, False])
def test_a_file_that_stands_at_two_places_outlives_the_first(tmp_path, monkeypatch, linked):
    def no_links(*_):
        raise OSError

    if not linked:
        monkeypatch.setattr(Path, "hardlink_to", no_links)
    file, place = tmp_path / "file", tmp_path / "stage" / "place"
    file.write_text("told")
    also_at(file, place)
    assert file.samefile(place) is linked  # it takes no room twice
    file.unlink()
    assert place.read_text() == "told"
    file.write_text("another")
    also_at(file, place)  # a run that goes on finds what it had
    assert place.read_text() == "told"
