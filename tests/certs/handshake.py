"""Two ends of TLS in one process, with memory between them in place of a network."""

import ssl
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from certs.authority import Issued


@dataclass(frozen=True, slots=True)
class Met:
    """Both ends after their handshake."""

    client: ssl.SSLObject
    server: ssl.SSLObject

    @property
    def suite(self) -> str:
        cipher = self.client.cipher()
        assert cipher is not None
        return cipher[0]

    def say(self, words: bytes) -> bytes:
        """What the server reads of the client's words."""
        self.client.write(words)
        return self.server.read()

    def close(self) -> None:
        for end in (self.client, self.server, self.client):
            with suppress(ssl.SSLWantReadError):
                end.unwrap()


def shake(
    server: ssl.SSLContext,
    client: ssl.SSLContext,
    host: str = "localhost",
    session: ssl.SSLSession | None = None,
) -> Met:
    """Raises the `ssl.SSLError` of the end that refuses first."""
    upwards, downwards = ssl.MemoryBIO(), ssl.MemoryBIO()
    met = Met(
        client.wrap_bio(downwards, upwards, server_hostname=host, session=session),
        server.wrap_bio(upwards, downwards, server_side=True),
    )
    waiting = [met.client, met.server]
    for _ in range(6):
        waiting = [end for end in waiting if not _finished(end)]
    assert waiting == [], "the handshake hangs"
    return met


def _finished(end: ssl.SSLObject) -> bool:
    try:
        end.do_handshake()
    except ssl.SSLWantReadError:
        return False
    return True


def stranger(trust: Path, chain: Path | None = None, *, suites: str = "ALL:@SECLEVEL=0") -> ssl.SSLContext:
    """A client that is not ours and accepts nearly everything."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.set_ciphers(suites)
    context.load_verify_locations(trust)
    if chain is not None:
        context.load_cert_chain(chain)
    return context


def save(path: Path, issued: Issued) -> Path:
    """Key and chain in one file."""
    path.write_bytes(issued.key_pem + issued.chain_pem)
    return path
