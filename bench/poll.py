"""What a poll with nothing to say costs the server, over mutual TLS on kept connections.

    python -m bench.poll

Counted is the server process's own processor time, since client and server share the machine. Three servers take
turns: ours, openleadr's, and aiohttp alone with the same parse and validation, which is the floor. Ours runs on uvloop
as `vtn serve` does; what it takes without, and aiohttp alone with it, is beside them. Then ours and openleadr's with
signed polls and signed answers, both verifying, with keys of P-256 and then of RSA-2048; ours of unsigned ones is
beside them. openleadr reads its RSA key anew for every answer, so it gets fewer of those polls.
"""

import asyncio
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import certs
from bench.figures import ROUNDS, tell
from bench.poll_servers import PATH, VEN, ven_name
from certs.authority import KeyType
from certs.folder import Folder
from oadr.wire import envelope
from oadr.wire.messages import Poll
from oadr.wire.signing import Signer

CONNECTIONS: Final = 8
POLLS: Final = 1600
"""On all connections together, in one round of one server."""
FEW: Final = 160
"""As many, where one takes long."""
POLL: Final = Poll(ven_id=VEN)
UNSIGNED: Final = {
    "ours": "ours",
    "openleadr": "openleadr",
    "bare aiohttp": "bare",
    "ours, without uvloop": "ours-asyncio",
    "bare aiohttp, with uvloop": "bare-uvloop",
}
"""The names of the contestants, and which server each of them is."""
KEYS: Final = {"ecc": ("P-256", KeyType.ECC), "rsa": ("RSA-2048", KeyType.RSA)}
"""What `bench.poll_servers` calls them, people, and the PKI."""
Question = Callable[[], bytes]


@dataclass(frozen=True, slots=True)
class Server:
    process: subprocess.Popen[str]
    port: int
    ven: Path
    """The certificate and key of its only VEN."""
    polls: int

    def processor_seconds(self) -> float:
        """Of all its threads. This is how Linux numbers a process's own clock, see clock_getcpuclockid(3)."""
        return time.clock_gettime((~self.process.pid << 3) | 2)


@contextmanager
def running(kind: str, pki: Folder, state: Path, key: str = "ecc", polls: int = POLLS) -> Iterator[Server]:
    command = [sys.executable, "-m", "bench.poll_servers", kind, str(pki.path), str(state), key]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            yield Server(process, int(process.stdout.readline()), pki.secret(ven_name(key)), polls)
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


def signed(ven: Path) -> Question:
    own = certs.identity(ven)
    signer = Signer(own.key, own.certificate)
    return lambda: request(signer.sign(POLL, datetime.now(UTC), secrets.token_hex(16)))


async def ask(server: Server, pki: Folder, question: Question, times: int) -> None:
    """So many polls on one connection, each after the answer to the one before."""
    context = certs.client_context(server.ven, pki.public("vtn-ca"))
    reader, writer = await asyncio.open_connection("localhost", server.port, ssl=context)
    for _ in range(times):
        writer.write(question())
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        assert head.startswith(b"http/1.1 200"), head
        body = await reader.readexactly(int(head.partition(b"content-length:")[2].split()[0]))
        assert b"responseCode>200<" in body, body  # a refusal costs less than an answer
    writer.close()


async def load(server: Server, pki: Folder, question: Question) -> None:
    await asyncio.gather(
        *(ask(server, pki, question, server.polls // CONNECTIONS) for _ in range(CONNECTIONS))
    )


def spent(server: Server, pki: Folder, question: Question) -> float:
    """Microseconds of the server's processor for each poll of one round."""
    before = server.processor_seconds()
    asyncio.run(load(server, pki, question))
    return (server.processor_seconds() - before) / server.polls * 1e6


def measure(figure: str, contestants: Mapping[str, tuple[Server, Question]], pki: Folder) -> None:
    rounds: dict[str, list[float]] = {name: [] for name in contestants}
    for number in range(ROUNDS + 1):
        for name, (server, question) in contestants.items():
            taken = spent(server, pki, question)
            if number:  # the first round only warms up
                rounds[name].append(taken)
    tell(f"{figure}, mutual TLS kept open, server processor time", "us", rounds)


def measure_unsigned(pki: Folder, state: Path) -> None:
    with ExitStack() as stack:
        servers = {
            name: (stack.enter_context(running(kind, pki, state / kind)), unsigned)
            for name, kind in UNSIGNED.items()
        }
        measure("oadrPoll, nothing to say", servers, pki)


def measure_signed(pki: Folder, state: Path, key: str) -> None:
    with ExitStack() as stack:
        ours = stack.enter_context(running("ours", pki, state, key))
        polls = POLLS if key == "ecc" else FEW
        openleadr = stack.enter_context(running("openleadr-signed", pki, state, key, polls))
        question = signed(ours.ven)
        contestants = {
            "ours": (ours, question),
            "openleadr": (openleadr, question),
            "ours, unsigned": (ours, unsigned),
        }
        measure(f"signed oadrPoll and signed answer, {KEYS[key][0]}", contestants, pki)


def main() -> None:
    with TemporaryDirectory() as folder:
        pki = Folder(Path(folder) / "pki")
        pki.init(("localhost", "127.0.0.1"), datetime.now(UTC))
        for key, (_, kind) in KEYS.items():
            pki.issue_ven(ven_name(key), kind, datetime.now(UTC))
        measure_unsigned(pki, Path(folder) / "unsigned")
        for key in KEYS:
            measure_signed(pki, Path(folder) / key, key)


if __name__ == "__main__":
    main()
