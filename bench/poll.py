"""What a poll with nothing to say costs the server, over mutual TLS on kept connections.

    python -m bench.poll

Counted is the server process's own processor time, since client and server share the machine. Three servers take
turns: ours, openleadr's, and aiohttp alone with the same parse and validation, which is the floor.
"""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import certs
from bench.figures import ROUNDS, tell
from bench.poll_servers import PATH, VEN
from certs.authority import KeyType
from certs.folder import Folder
from oadr.wire import envelope
from oadr.wire.messages import Poll

CONNECTIONS: Final = 8
POLLS: Final = 1500
"""On all connections together, in one round of one server."""
TICK: Final = 1 / os.sysconf("SC_CLK_TCK")
KINDS: Final = ("ours", "openleadr", "bare aiohttp")


@dataclass(frozen=True, slots=True)
class Server:
    process: subprocess.Popen[str]
    port: int

    def processor_seconds(self) -> float:
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) * TICK


@contextmanager
def running(kind: str, pki: Folder, state: Path) -> Iterator[Server]:
    command = [sys.executable, "-m", "bench.poll_servers", kind.split()[0], str(pki.path), str(state)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            yield Server(process, int(process.stdout.readline()))
        finally:
            process.terminate()


def question() -> bytes:
    body = envelope.write(Poll(ven_id=VEN))
    head = (
        f"POST {PATH} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/xml\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def ask(server: Server, pki: Folder, times: int) -> None:
    """So many polls on one connection, each after the answer to the one before."""
    context = certs.client_context(pki.secret("bench"), pki.public("vtn-ca"))
    reader, writer = await asyncio.open_connection("localhost", server.port, ssl=context)
    asked = question()
    for _ in range(times):
        writer.write(asked)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        assert head.startswith(b"http/1.1 200"), head
        await reader.readexactly(int(head.partition(b"content-length:")[2].split()[0]))
    writer.close()


async def load(server: Server, pki: Folder, polls: int) -> None:
    await asyncio.gather(*(ask(server, pki, polls // CONNECTIONS) for _ in range(CONNECTIONS)))


def main() -> None:
    with TemporaryDirectory() as folder:
        pki = Folder(Path(folder) / "pki")
        pki.init(("localhost", "127.0.0.1"), datetime.now(UTC))
        pki.issue_ven("bench", KeyType.ECC, datetime.now(UTC))
        state = Path(folder) / "state"
        with (
            running("ours", pki, state) as ours,
            running("openleadr", pki, state) as openleadr,
            running("bare", pki, state) as bare,
        ):
            servers = dict(zip(KINDS, (ours, openleadr, bare), strict=True))
            rounds: dict[str, list[float]] = {kind: [] for kind in KINDS}
            for number in range(ROUNDS + 1):
                for kind, server in servers.items():
                    before = server.processor_seconds()
                    asyncio.run(load(server, pki, POLLS))
                    if number:  # the first round only warms up
                        rounds[kind].append((server.processor_seconds() - before) / POLLS * 1e6)
    tell("oadrPoll, nothing to say, mutual TLS kept open, server processor time", "us", rounds)


if __name__ == "__main__":
    main()
