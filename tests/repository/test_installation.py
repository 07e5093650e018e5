"""What an installation brings: little for a chargepoint maker, and nothing with a known hole."""

import re
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
from lxml import etree
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LOCKS = {
    "ven": ("daemon",),
    "vtn": ("vtn",),
    "dev": ("daemon", "vtn", "plugfest", "test", "dev"),
    "signxml5": ("vtn", "test"),
}

FORBIDDEN = (
    "click",
    "openleadr",
    "pydantic",
    "rich",
    "sqlalchemy",
    "structlog",
    "typer",
    "uvloop",
    "xmltodict",
)

IMPORT_WITHOUT_EXTRAS = f"""
import importlib, sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {FORBIDDEN!r}:
            raise ModuleNotFoundError(name + " is not installed", name=name)

sys.meta_path.insert(0, Missing())
for module in sys.argv[1:]:
    importlib.import_module(module)
"""


def library_modules() -> list[str]:
    """What a chargepoint maker may import; programs and drivers name the extra that they need."""
    programs = {"cli", "__main__", "daemon", "drivers"}
    paths = (path for name in ("oadr", "certs", "ven") for path in sorted((ROOT / name).rglob("*.py")))
    parts = (path.relative_to(ROOT).with_suffix("").parts for path in paths)
    return [
        ".".join(part for part in each if part != "__init__") for each in parts if programs.isdisjoint(each)
    ]


def locked(lock: str) -> dict[str, tuple[str, int]]:
    """Version and number of hashes for each name of a lock file."""
    text = (ROOT / "requirements" / f"{lock}.txt").read_text(encoding="utf-8")
    entries = re.findall(r"^([\w.-]+)==(\S+)(.*(?:\n    .*)*)", text, re.MULTILINE)
    return {name: (pinned, rest.count("--hash=sha256:")) for name, pinned, rest in entries}


def required(extras: tuple[str, ...]) -> list[Requirement]:
    optional = PROJECT["optional-dependencies"]
    lines = PROJECT["dependencies"] + [line for extra in extras for line in optional[extra]]
    return [requirement for line in lines if (requirement := Requirement(line)).name != PROJECT["name"]]


def test_the_library_needs_three_packages() -> None:
    assert {requirement.name for requirement in required(())} == {"aiohttp", "cryptography", "lxml"}


def test_the_library_imports_without_any_extra() -> None:
    command = [sys.executable, "-c", IMPORT_WITHOUT_EXTRAS, *library_modules()]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (0, "")


@pytest.mark.proves("C02")
@pytest.mark.parametrize("requirement", required(()), ids=lambda requirement: requirement.name)
def test_nothing_is_installed_below_the_floor_of_its_known_holes(requirement: Requirement) -> None:
    floors = {"lxml": "6.1.3", "cryptography": "50.0.0", "aiohttp": "3.14.1"}
    assert Version(version(requirement.name)) >= Version(floors[requirement.name])
    assert str(requirement.specifier) == f">={floors[requirement.name]}"


@pytest.mark.proves("C02")
def test_lxml_brings_a_libxml2_without_known_holes() -> None:
    assert etree.LIBXML_VERSION >= (2, 14, 6)


@pytest.mark.proves("C01")
@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_version_has_its_hash(lock: str) -> None:
    assert [name for name, (_, hashes) in locked(lock).items() if hashes == 0] == []


@pytest.mark.proves("C01")
def test_make_installs_only_what_has_its_hash() -> None:
    commands = [
        line for line in (ROOT / "Makefile").read_text(encoding="utf-8").splitlines() if " -r " in line
    ]
    assert len(commands) == 2
    assert all("--require-hashes" in command for command in commands)


@pytest.mark.parametrize("lock", LOCKS)
def test_the_lock_keeps_what_the_project_asks_for(lock: str) -> None:
    versions = {name: pinned for name, (pinned, _) in locked(lock).items()}
    unmet = [
        str(requirement)
        for requirement in required(LOCKS[lock])
        if not requirement.specifier.contains(versions.get(requirement.name, "0"))
    ]
    assert unmet == []


def test_signxml_is_all_that_is_another_version_where_its_next_one_is_tried() -> None:
    dev, tried = (
        {name: pinned for name, (pinned, _) in locked(lock).items()} for lock in ("dev", "signxml5")
    )
    assert [name for name in tried if tried[name] != dev.get(name)] == ["signxml"]
    assert Version(dev["signxml"]) < Version("5") <= Version(tried["signxml"])
