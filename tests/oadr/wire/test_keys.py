"""Which keys may sign, and which bytes are a signature of theirs (r514)."""

from typing import Final

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, padding, rsa

from oadr.wire import keys
from oadr.wire.errors import Forged
from tests.oadr.wire.sealing import DAY, NOW, certificate, key

DATA: Final = b"what is signed"
CURVES: Final = {ec.SECP256R1(): 64, ec.SECP384R1(): 96, ec.SECP521R1(): 132}
"""And how many bytes a signature has."""
OTHER_CURVES: Final = (ec.SECP224R1(), ec.SECP256K1(), ec.BrainpoolP256R1())


AnyKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | dsa.DSAPrivateKey


def refused(own: AnyKey) -> str:
    """Why a certificate of this key verifies nothing."""
    with pytest.raises(Forged) as caught:
        keys.public_key_of(certificate_of(own))
    return caught.value.why


def certificate_of(own: AnyKey) -> x509.Certificate:
    """Issued by another key, since not every key could."""
    name = x509.Name([])
    builder = x509.CertificateBuilder(name, name, own.public_key(), 1, NOW - DAY, NOW + DAY)
    return builder.sign(key("P-256"), hashes.SHA256())


@pytest.mark.proves("r514", "X13")
@pytest.mark.parametrize("size", [1024, 2047])
def test_a_short_rsa_key_is_none(size: int) -> None:
    assert "bits" in refused(rsa.generate_private_key(65_537, size))


@pytest.mark.proves("X13")
@pytest.mark.parametrize("curve", OTHER_CURVES, ids=lambda curve: curve.name)
def test_a_curve_that_nobody_asked_for_is_none(curve: ec.EllipticCurve) -> None:
    assert refused(ec.generate_private_key(curve)) == "a key that is not taken here"


@pytest.mark.proves("X13")
def test_a_key_of_another_kind_is_none() -> None:
    for own in (ed25519.Ed25519PrivateKey.generate(), dsa.generate_private_key(1024)):
        assert refused(own) == "a key that is not taken here"


@pytest.mark.parametrize(("curve", "width"), CURVES.items(), ids=lambda value: getattr(value, "name", ""))
def test_a_signature_is_as_wide_as_two_numbers_of_its_curve(curve: ec.EllipticCurve, width: int) -> None:
    own = ec.generate_private_key(curve)
    public = keys.public_key_of(certificate(own))
    signed = keys.sign(own, DATA)
    assert len(signed) == width
    assert keys.holds(public, signed, DATA)
    assert not keys.holds(public, signed, DATA + b".")
    half = width // 2
    wider = b"\0" + signed[:half] + b"\0" + signed[half:]
    for other in (
        b"",
        signed[:-1],
        signed[:-2],
        signed + b"\0\0",
        wider,
        own.sign(DATA, ec.ECDSA(hashes.SHA256())),
    ):
        with pytest.raises(Forged):
            keys.holds(public, other, DATA)


@pytest.mark.proves("X13")
def test_numbers_out_of_the_curves_range_are_no_signature() -> None:
    """Zero for both verified anything in some libraries."""
    public = keys.public_key_of(certificate(key("P-256")))
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    for r in (0, 1, order, 2**256 - 1):
        for s in (0, order, 2**256 - 1):
            assert not keys.holds(public, r.to_bytes(32, "big") + s.to_bytes(32, "big"), DATA)


@pytest.mark.proves("X13")
def test_an_rsa_signature_has_one_padding_one_hash_and_one_length() -> None:
    own = key("RSA")
    assert isinstance(own, rsa.RSAPrivateKey)
    public = keys.public_key_of(certificate(own))
    assert keys.holds(public, keys.sign(own, DATA), DATA)
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), hashes.SHA256.digest_size)
    for other in (
        own.sign(DATA, pss, hashes.SHA256()),
        own.sign(DATA, padding.PKCS1v15(), hashes.SHA384()),
        own.sign(DATA, padding.PKCS1v15(), hashes.SHA1()),
        b"\0" + keys.sign(own, DATA),
        keys.sign(own, DATA)[:-1],
        bytes(256),
        bytes(255) + b"\1",
        b"\xff" * 256,
        b"",
    ):
        assert not keys.holds(public, other, DATA)
