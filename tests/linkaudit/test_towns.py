"""The towns that addresses begin with are read once, by whoever meets them first."""

import polars as pl
import pytest

from kumihimo.linkaudit.towns import keep, learn, towns
from kumihimo.people.columns import addresses
from kumihimo.people.columns.distinct import Memory

WRITTEN = pl.Series(["東京都千代田区霞が関2-1-2", "青森県八戸市大字市川町1番地", "八戸市市川町5"])


@pytest.fixture
def somebody(monkeypatch):
    """Return what another process is: it has read nothing; and what makes one, with what it reads."""

    def begins():
        read = []
        memory = Memory(lambda heads: read.extend(heads) or addresses._read_heads(heads), 100)
        monkeypatch.setattr(addresses, "_HEADS", memory)
        return read

    return begins


def test_what_one_process_read_of_towns_another_reads_no_more(tmp_path, somebody):
    folder = towns(tmp_path)
    read = somebody()
    told = [addresses.address_columns(WRITTEN[:2])]
    keep(folder, "one")
    assert len(read) == 2
    read = somebody()
    told.append(addresses.address_columns(WRITTEN[1:]))
    keep(folder, "two")
    assert towns(tmp_path) == folder
    assert len(list(folder.glob("*.arrow"))) == 1
    read = somebody()
    learn(folder)
    assert addresses.address_columns(WRITTEN[:2]).equals(told[0])
    assert addresses.address_columns(WRITTEN[1:]).equals(told[1])
    assert not read
    keep(folder, "three")
    assert not (folder / "three.arrow").exists()


def test_towns_that_nobody_kept_are_read(tmp_path, somebody):
    read = somebody()
    learn(towns(tmp_path))
    addresses.address_columns(WRITTEN)
    assert len(read) == 3
