"""A PostgreSQL of our own for one run of the tests: in a folder that goes away, behind a socket that nobody else sees.

It keeps its promises, fsync included; where there is memory for it the folder is no disk, so that costs nothing.
"""

import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Final, Self

USER: Final = "feederguard"
ROOM: Final = 1 << 30
"""Bytes that must be free where it lies; a run takes a third of that."""
Database = Callable[[bool], str | None]
"""Gives the URL of a database for one test, empty or built; None: SQLite in the folder of the state."""
MEMORY: Final = Path("/dev/shm")
SETTINGS: Final = {"listen_addresses": "", "max_connections": "60", "shared_buffers": "32MB", "jit": "off"}


@cache
def programs() -> Path | None:
    """Where the server's programs are; None where there are none of version 15 or newer."""
    beside = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    if config := shutil.which("pg_config"):
        said = subprocess.run([config, "--bindir"], capture_output=True, text=True, check=True)
        beside.insert(0, Path(said.stdout.strip()))
    return next((path for path in reversed(beside) if _serves(path)), None)


def _serves(path: Path) -> bool:
    if not (path / "initdb").exists():
        return False
    said = subprocess.run([path / "postgres", "--version"], capture_output=True, text=True, check=True)
    return int(said.stdout.split()[2].partition(".")[0]) >= 15


class Cluster:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def url(self, name: str) -> str:
        return f"postgresql://{USER}@/{name}?host={self.folder}"

    @classmethod
    def of(cls, url: str) -> Self:
        return cls(Path(url.partition("?host=")[2]))

    def make(self) -> str:
        """The name of a new database."""
        name = f"test_{secrets.token_hex(4)}"
        self.run("createdb", name)
        return name

    @contextmanager
    def closed(self, url: str) -> Iterator[None]:
        """Nobody gets into this database meanwhile."""
        change = f"ALTER DATABASE {url.partition('?')[0].rpartition('/')[2]} ALLOW_CONNECTIONS"
        self.run("psql", "--quiet", "--command", f"{change} false")
        yield
        self.run("psql", "--quiet", "--command", f"{change} true")

    def drop(self, name: str) -> None:
        """With all who are still connected."""
        self.run("dropdb", "--force", name)

    def start(self, **settings: str) -> None:
        options = " ".join(f"-c {name}='{value}'" for name, value in {**SETTINGS, **settings}.items())
        self._control(
            "start", "--options", f"{options} -k '{self.folder}'", "--log", str(self.folder / "log")
        )

    def stop(self) -> None:
        self._control("stop", "--mode", "fast")

    def run(self, program: str, *words: str) -> str:
        """One of PostgreSQL's own programs, as ourselves; what it says."""
        path = found / program if (found := programs()) else Path(program)
        ours = {**os.environ, "PGHOST": str(self.folder), "PGUSER": USER, "PGDATABASE": "postgres"}
        return _said([path, *words], env=ours)

    def _control(self, what: str, *words: str) -> None:
        _as_server("pg_ctl", what, "--pgdata", str(self.folder / "data"), "--wait", "--silent", *words)


@contextmanager
def running(at: Path | None = None) -> Iterator[Cluster]:
    """In memory where there is enough, or in a folder `at` which others may enter."""
    if at is None and MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM:
        at = MEMORY
    with tempfile.TemporaryDirectory(prefix="feederguard-", dir=at) as name:
        folder = Path(name)
        if other := _other():
            shutil.chown(folder, other)
        _as_server(
            "initdb", "--pgdata", str(folder / "data"), "--no-sync", "--username", USER, "--auth", "trust",
            "--encoding", "UTF8", "--locale", "C.UTF-8", "--locale-provider", "icu", "--icu-locale", "en",
            "--wal-segsize", "4",
        )  # fmt: skip
        cluster = Cluster(folder)
        cluster.start()
        try:
            yield cluster
        finally:
            cluster._control("stop", "--mode", "immediate")


def _other() -> str | None:
    """The server does not run as root."""
    return "postgres" if os.geteuid() == 0 else None


def _as_server(program: str, *words: str) -> None:
    path = programs()
    assert path
    _said([path / program, *words], user=_other(), cwd="/", env={"PATH": os.environ.get("PATH", "")})


def _said(command: list[Any], env: Mapping[str, str], **options: Any) -> str:
    with tempfile.TemporaryFile("w+") as out:  # a pipe would stay open with the server, and be waited for
        ended = subprocess.run(command, stdout=out, stderr=out, check=False, env=env, **options)
        out.seek(0)
        said = out.read()
    assert ended.returncode == 0, said
    return said
