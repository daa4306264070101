"""Whoever ships Kumihimo may ship it: every dependency's licence allows it, all data is named."""

import hashlib
import re
import tomllib
from importlib import metadata

import pytest

from tests.meta.project import PACKAGE, ROOT, rows

PAGE = ROOT / "docs" / "decisions" / "0001-licence.md"
PERMISSIVE = re.compile(
    r"\b(?:MIT|BSD|0BSD|Apache|PSF-2\.0|ISC|Zlib|Python Software Foundation|Public Domain)\b",
    re.IGNORECASE,
)
COPYLEFT = re.compile(r"\b[AL]?GPL|\bMPL|\bEUPL|\bOFL|General Public|Mozilla Public", re.IGNORECASE)


def normal(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def licence(package):
    """Return what a package says of its licence, in whichever of three places it says it."""
    told = package.metadata
    classifiers = [c for c in told.get_all("Classifier") or [] if c.startswith("License")]
    short = (told.get("License") or "").strip().partition("\n")[0]
    return " ".join([told.get("License-Expression") or "", short, *classifiers])


def permissive(text):
    return bool(PERMISSIVE.search(text)) and not COPYLEFT.search(text)


def installed():
    """Return the packages of the lock file that this machine has."""
    locked = {one["name"] for one in tomllib.loads((ROOT / "uv.lock").read_text())["package"]}
    found = {normal(package.metadata["Name"]): package for package in metadata.distributions()}
    return {name: found[name] for name in locked & found.keys()}


def test_every_dependency_is_permissive_or_stands_in_the_decision_with_its_reason():
    named = {
        name for row in rows(PAGE.read_text("utf-8")) for name in re.findall("`(.+?)`", row[0])
    }
    others = {name for name, package in installed().items() if not permissive(licence(package))}
    assert others == named


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("MIT", True),
        ("BSD-3-Clause AND 0BSD AND MIT", True),
        ("GPL-2.0-only", False),
        ("LGPL License :: OSI Approved :: GNU Lesser General Public License v2", False),
        ("Mozilla Public License 2.0 (MPL 2.0)", False),
        ("MIT OR AGPL-3.0", False),
        ("", False),
    ],
)
def test_a_licence_that_binds_or_is_not_told_would_be_found(told, expected):
    assert permissive(told) is expected


def test_every_file_of_data_that_is_shipped_is_named_in_the_notice():
    notice = (ROOT / "NOTICE").read_text("utf-8")
    shipped = [
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("data/*")
        if path.is_file() and path.name != "SOURCES.md"
    ]
    assert len(shipped) > 10
    assert [name for name in shipped if name not in notice] == []


def test_the_second_engine_for_pages_is_as_npm_has_it_with_its_licence():
    folder = ROOT / "tests" / "browser" / "sniffer"
    # npm pack html_codesniffer@2.5.1: package/build/HTMLCS.js
    told = "bc9501382a35bff6acfc255945b1ed732fcec544cfcaeec17b5ac8d79a6c7967"
    assert hashlib.sha256((folder / "HTMLCS.js").read_bytes()).hexdigest() == told
    assert "Redistribution and use" in (folder / "HTMLCS.LICENSE").read_text("utf-8")


def test_the_foreign_specification_is_as_it_was_published_with_its_licence():
    folder = ROOT / "tests" / "tracker"
    # https://github.com/e-gov/AJ, commit 600c397b1ab9: doc/spetsifikatsioonid/dumonitor-openapi.yaml
    told = "c0b7b98da418fce718ef61aae615744652f25a18e85bf0b033c6f6f776180def"
    assert hashlib.sha256((folder / "dumonitor-openapi.yaml").read_bytes()).hexdigest() == told
    assert "MIT License" in (folder / "LICENSE").read_text("utf-8")


def test_the_design_tokens_are_the_agencys_as_npm_has_them_with_their_licence():
    static = PACKAGE / "pages" / "static"
    # npm pack @digital-go-jp/design-tokens@1.1.9: package/dist/tokens.css
    told = "ec3fb5b1e881d1bdf076feff29fe15a32269353c7a9cef40194f1eff0c3d7a90"
    assert hashlib.sha256((static / "tokens.css").read_bytes()).hexdigest() == told
    assert "MIT License" in (static / "tokens.LICENSE").read_text("utf-8")
    assert "pages/static/tokens.css" in (ROOT / "NOTICE").read_text("utf-8")
