"""What a poll with nothing to say costs the server, over mutual TLS on kept connections.

    python -m bench.poll

Counted is the server process's own processor time, since client and server share the machine. Three servers take
turns: ours, openleadr's, and aiohttp alone with the same parse and validation, which is the floor. Then ours and
openleadr's with signed polls and signed answers, P-256, both verifying; ours of unsigned ones is beside them.
"""

import asyncio
import os
import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
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
from oadr.wire.signing import Signer

CONNECTIONS: Final = 8
POLLS: Final = 1500
"""On all connections together, in one round of one server."""
POLL: Final = Poll(ven_id=VEN)
TICK: Final = 1 / os.sysconf("SC_CLK_TCK")
UNSIGNED: Final = {"ours": "ours", "openleadr": "openleadr", "bare aiohttp": "bare"}
SIGNED: Final = {"ours": "ours", "openleadr": "openleadr-signed"}
"""The names of the contestants, and which server each of them is."""
Question = Callable[[], bytes]


@dataclass(frozen=True, slots=True)
class Server:
    process: subprocess.Popen[str]
    port: int

    def processor_seconds(self) -> float:
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) * TICK


@contextmanager
def running(kind: str, pki: Folder, state: Path) -> Iterator[Server]:
    command = [sys.executable, "-m", "bench.poll_servers", kind, str(pki.path), str(state)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            yield Server(process, int(process.stdout.readline()))
        finally:
            process.terminate()


def request(body: bytes) -> bytes:
    head = (
        f"POST {PATH} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/xml\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def unsigned() -> bytes:
    return request(envelope.write(POLL))


def signed(pki: Folder) -> Question:
    own = certs.identity(pki.secret("bench"))
    signer = Signer(own.key, own.certificate)
    return lambda: request(signer.sign(POLL, datetime.now(UTC), secrets.token_hex(16)))


async def ask(server: Server, pki: Folder, question: Question, times: int) -> None:
    """So many polls on one connection, each after the answer to the one before."""
    context = certs.client_context(pki.secret("bench"), pki.public("vtn-ca"))
    reader, writer = await asyncio.open_connection("localhost", server.port, ssl=context)
    for _ in range(times):
        writer.write(question())
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        assert head.startswith(b"http/1.1 200"), head
        body = await reader.readexactly(int(head.partition(b"content-length:")[2].split()[0]))
        assert b"responseCode>200<" in body, body  # a refusal costs less than an answer
    writer.close()


async def load(server: Server, pki: Folder, question: Question) -> None:
    await asyncio.gather(*(ask(server, pki, question, POLLS // CONNECTIONS) for _ in range(CONNECTIONS)))


def spent(server: Server, pki: Folder, question: Question) -> float:
    """Microseconds of the server's processor for each poll of one round."""
    before = server.processor_seconds()
    asyncio.run(load(server, pki, question))
    return (server.processor_seconds() - before) / POLLS * 1e6


def measure(figure: str, contestants: Mapping[str, tuple[Server, Question]], pki: Folder) -> None:
    rounds: dict[str, list[float]] = {name: [] for name in contestants}
    for number in range(ROUNDS + 1):
        for name, (server, question) in contestants.items():
            taken = spent(server, pki, question)
            if number:  # the first round only warms up
                rounds[name].append(taken)
    tell(f"{figure}, mutual TLS kept open, server processor time", "us", rounds)


def main() -> None:
    with TemporaryDirectory() as folder:
        pki = Folder(Path(folder) / "pki")
        pki.init(("localhost", "127.0.0.1"), datetime.now(UTC))
        pki.issue_ven("bench", KeyType.ECC, datetime.now(UTC))
        state = Path(folder) / "state"
        with ExitStack() as stack:
            servers = {
                kind: stack.enter_context(running(kind, pki, state))
                for kind in (*UNSIGNED.values(), "openleadr-signed")
            }
            plain = {name: (servers[kind], unsigned) for name, kind in UNSIGNED.items()}
            measure("oadrPoll, nothing to say", plain, pki)
            with_signatures = {name: (servers[kind], signed(pki)) for name, kind in SIGNED.items()}
            beside = {"ours, unsigned": (servers["ours"], unsigned)}
            measure("signed oadrPoll and signed answer", with_signatures | beside, pki)


if __name__ == "__main__":
    main()
