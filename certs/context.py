"""TLS as OpenADR 2.0b wants it: version 1.2, two cipher suites, certificates on both sides (r67, r68)."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Final

from certs.errors import CertificateError


class Profile(StrEnum):
    """`openadr` is exactly r67. `modern` is a deployment's own decision, at both ends, and breaks r67."""

    OPENADR = "openadr"
    MODERN = "modern"


OPENADR_SUITES: Final = "ECDHE-ECDSA-AES128-SHA256:AES128-SHA256"
MODERN_SUITES: Final = "ECDHE+AESGCM:ECDHE+CHACHA20"


def server_context(
    chains: tuple[Path, ...], trust: Path, profile: Profile = Profile.OPENADR
) -> ssl.SSLContext:
    """For a VTN. `chains` are PEM files with key and chain, one RSA and one ECC (r68); each suite finds its own.

    `trust` holds the CAs of the VENs; nobody else gets through the handshake. Raises `CertificateError`.
    """
    context = _context(ssl.PROTOCOL_TLS_SERVER, chains, trust, profile)
    context.options |= ssl.OP_CIPHER_SERVER_PREFERENCE
    context.num_tickets = 0  # a resumed session would skip the look at the peer's certificate
    context.options |= ssl.OP_NO_TICKET
    return context


def client_context(
    chain: Path, trust: Path, profile: Profile = Profile.OPENADR, *, check_hostname: bool = True
) -> ssl.SSLContext:
    """For a VEN. `trust` holds the CA of the VTN, never the system's store. Raises `CertificateError`."""
    context = _context(ssl.PROTOCOL_TLS_CLIENT, (chain,), trust, profile)
    context.check_hostname = check_hostname
    return context


def _context(protocol: int, chains: tuple[Path, ...], trust: Path, profile: Profile) -> ssl.SSLContext:
    context = ssl.SSLContext(protocol)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if profile is Profile.OPENADR:
        context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(OPENADR_SUITES if profile is Profile.OPENADR else MODERN_SUITES)
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    for chain in chains:
        with _using(chain):
            context.load_cert_chain(chain)
    with _using(trust):
        context.load_verify_locations(trust)
    context.verify_mode = ssl.CERT_REQUIRED
    return context


@contextmanager
def _using(path: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise CertificateError(f"{path} does not exist") from error
    except (OSError, ssl.SSLError) as error:
        raise CertificateError(f"{path} cannot be used: {error}") from error
