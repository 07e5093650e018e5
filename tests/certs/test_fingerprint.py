"""Names computed from a certificate, against values from elsewhere."""

import base64
import hashlib
import re
from dataclasses import replace

import pytest

from certs import Sha256, describe, fingerprint, peer
from certs.folder import Folder
from tests.pki import VEN_ECC, VEN_RSA

# The examples of FIPS 180-2, appendix B, for SHA-256; the fingerprint is the last twenty digits in pairs.
VECTORS = (
    (
        b"abc",
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        "7A:9C:B4:10:FF:61:F2:00:15:AD",
    ),
    (
        b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
        "21:67:F6:EC:ED:D4:19:DB:06:C1",
    ),
)


@pytest.mark.parametrize(("der", "whole", "short"), VECTORS)
def test_the_fingerprint_is_the_end_of_the_hash(der: bytes, whole: str, short: str) -> None:
    assert (fingerprint.sha256(der), fingerprint.openadr(der)) == (whole, short)


@pytest.mark.parametrize("ven", [VEN_ECC, VEN_RSA])
def test_a_certificate_has_the_fingerprint_that_its_text_gives_by_hand(pki: Folder, ven: str) -> None:
    blocks = re.findall(
        "-----BEGIN CERTIFICATE-----(.*?)-----END CERTIFICATE-----",
        pki.secret(ven).read_text(encoding="ascii"),
        re.DOTALL,
    )
    der = base64.b64decode("".join(blocks[0].split()), validate=True)
    digits = hashlib.sha256(der).hexdigest()
    by_hand = re.sub("(..)(?=.)", r"\1:", digits[-20:].upper())
    shown = peer(der)
    assert (shown.sha256, shown.fingerprint, len(shown.fingerprint)) == (digits, by_hand, 29)


def test_file_and_handshake_give_the_same_names(pki: Folder) -> None:
    now = peer(_der(pki, VEN_ECC)).not_before
    described = describe(pki.public(VEN_ECC), now)
    shown = peer(_der(pki, VEN_ECC))
    assert (described.sha256, described.fingerprint) == (shown.sha256, shown.fingerprint)


@pytest.mark.proves("X15")
def test_two_certificates_with_one_short_fingerprint_are_two_peers(pki: Folder) -> None:
    one = peer(_der(pki, VEN_ECC))
    flipped = f"{int(one.sha256[0], 16) ^ 1:x}{one.sha256[1:]}"
    other = replace(one, sha256=Sha256(flipped))
    assert one.fingerprint == other.fingerprint
    assert one != other


def _der(pki: Folder, name: str) -> bytes:
    text = pki.public(name).read_text(encoding="ascii").split("-----")[2]
    return base64.b64decode(text)
