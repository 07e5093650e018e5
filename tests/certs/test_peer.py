"""What a peer shows is read or refused, whatever it is."""

import base64
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from certs import CertificateError, peer
from certs import authority as authorities
from certs.authority import KeyType
from certs.certificate import load
from certs.folder import VEN_CA, Folder
from tests.pki import VEN_ECC, VEN_RSA


@pytest.fixture(scope="module")
def der(pki: Folder) -> bytes:
    return base64.b64decode(pki.public(VEN_ECC).read_text(encoding="ascii").split("-----")[2])


def changed(der: bytes, changes: Iterable[tuple[int, int]]) -> bytes:
    changing = bytearray(der)
    for position, value in changes:
        changing[position % len(changing)] = value
    return bytes(changing)


@given(st.binary(max_size=300))
def test_garbage_is_refused_by_one_error(garbage: bytes) -> None:
    with pytest.raises(CertificateError, match="not a readable certificate"):
        peer(garbage)


@given(st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), min_size=1, max_size=8))
def test_a_changed_certificate_is_read_or_refused_by_one_error(
    der: bytes, changes: list[tuple[int, int]]
) -> None:
    altered = changed(der, changes)
    with suppress(CertificateError):
        assert (peer(altered) == peer(der)) == (altered == der)


def test_a_certificate_cut_short_or_with_something_behind_it_is_refused(der: bytes) -> None:
    for broken in (*(der[:length] for length in range(0, len(der), 37)), der + b"\0"):
        with pytest.raises(CertificateError):
            peer(broken)


def test_a_version_that_does_not_exist_is_refused(der: bytes) -> None:
    assert der.count(b"\xa0\x03\x02\x01\x02") == 1  # version 3, r68
    with pytest.raises(CertificateError):
        peer(der.replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x09"))


def test_the_hash_of_the_key_outlives_a_renewal(pki: Folder, now: datetime) -> None:
    issuer = pki.issuer(VEN_CA)
    before = authorities.leaf(issuer, "ven", KeyType.ECC, now)
    renewed = x509.CertificateBuilder(
        issuer.certificate.subject,
        before.certificate.subject,
        before.key.public_key(),
        x509.random_serial_number(),
        before.certificate.not_valid_before_utc,
        before.certificate.not_valid_after_utc,
    ).sign(issuer.key, hashes.SHA256())
    old, new = (peer(one.public_bytes(Encoding.DER)) for one in (before.certificate, renewed))
    assert (old.key_sha256 == new.key_sha256, old.sha256 == new.sha256) == (True, False)


def test_two_vens_have_two_keys(pki: Folder) -> None:
    one, other = (peer(load(pki.public(name)).public_bytes(Encoding.DER)) for name in (VEN_ECC, VEN_RSA))
    assert one.key_sha256 != other.key_sha256
