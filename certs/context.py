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


SUITES: Final = {
    Profile.OPENADR: "ECDHE-ECDSA-AES128-SHA256:AES128-SHA256",
    Profile.MODERN: "ECDHE+AESGCM:ECDHE+CHACHA20",
}
KEY_LENGTHS: Final = "@SECLEVEL=2"
"""RSA from 2048 bits, ECC from 224: what r68 demands, whatever this machine's OpenSSL has as its default."""


def server_context(
    chains: tuple[Path, ...], trust: Path, profile: Profile = Profile.OPENADR
) -> ssl.SSLContext:
    """For a VTN. `chains` are PEM files with key and chain, one RSA and one ECC (r68); each suite finds its own.

    `trust` holds the CAs of the VENs; nobody else gets through the handshake. Raises `CertificateError`.

    Tickets are off: a session lives in this context's memory and ends with it. Within a context TLS 1.2 may
    resume one, which verifies no chain again but still shows the peer's certificate. So look at its identity
    and dates in every request.
    """
    context = _context(ssl.PROTOCOL_TLS_SERVER, chains, trust, profile)
    context.options |= ssl.OP_CIPHER_SERVER_PREFERENCE | ssl.OP_NO_TICKET
    context.num_tickets = 0
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
    context.set_ciphers(f"{KEY_LENGTHS}:{SUITES[profile]}")
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    for chain in chains:
        with _using(chain, "a private key without a password, then its certificates"):
            context.load_cert_chain(chain, password="")  # or OpenSSL would ask at the terminal and wait
    with _using(trust, "the certificates of those to trust"):
        context.load_verify_locations(trust)
    # The trusted CA is itself under a root, and the root must not be trusted: it is above VTNs and VENs alike.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.verify_mode = ssl.CERT_REQUIRED
    return context


@contextmanager
def _using(path: Path, wanted: str) -> Iterator[None]:
    try:
        yield
    except ssl.SSLError as error:
        raise CertificateError(f"{path} must hold {wanted}, in PEM form ({error})") from error
    except FileNotFoundError as error:
        raise CertificateError(f"{path} does not exist") from error
    except OSError as error:
        raise CertificateError(f"{path} cannot be read: {error.strerror}") from error
