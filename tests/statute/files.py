"""Rows of given files, good until a test breaks one cell."""

from collections.abc import Mapping, Sequence

from kumihimo.statute import ordinances, quasi_affairs

ORDINANCE = {
    "municipality": "lg-131032",
    "ordinance": "港区の条例",
    "affair": "o131032-01",
    "corresponding": "b081",
    "informations": "local-tax",
    "providers": "municipality",
    "valid_from": "2026-04-01",
    "valid_to": "",
    "notified_on": "2026-02-02",
    "tax_consent": "yes",
    "basis": "令和八年条例第一号",
}
QUASI = {
    "affair": "q081-01",
    "name": "児童手当に準ずる事務",
    "row": "b081",
    "handlers": "",
    "ordinance": "主務省令",
    "valid_from": "2026-10-01",
    "valid_to": "",
    "basis": "別に定める",
}


def tsv(rows: Sequence[Mapping[str, str]], columns: Sequence[str]) -> bytes:
    """Return a file of the rows."""
    lines = ["\t".join(columns), *("\t".join(row[name] for name in columns) for row in rows)]
    return ("\n".join(lines) + "\n").encode()


def ordinance_file(*changes: Mapping[str, str]) -> bytes:
    """Return a file of one ordinance for each change."""
    return tsv([{**ORDINANCE, **change} for change in changes], ordinances.COLUMNS)


def quasi_file(*changes: Mapping[str, str]) -> bytes:
    """Return a file of one quasi affair for each change."""
    return tsv([{**QUASI, **change} for change in changes], quasi_affairs.COLUMNS)
