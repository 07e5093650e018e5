"""Keys, certificates, and sealing: signing whatever stands there, right or wrong."""

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID
from lxml import etree
from signxml.algorithms import CanonicalizationMethod

from oadr.wire.namespaces import qualified
from oadr.wire.signing import Signer

Element = etree._Element
Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

NOW: Final = datetime(2026, 1, 31, 18, tzinfo=UTC)
DAY: Final = timedelta(days=1)
KEYS: Final = ("RSA", "P-256")

C14N: Final = CanonicalizationMethod.CANONICAL_XML_1_0.value
EXCLUSIVE: Final = CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0.value


# --- keys and certificates ----------------------------------------------------------------------------------


def key(kind: str, owner: str = "victim") -> Key:
    """Made once for each owner and run."""
    return _key(kind, owner)


@cache
def _key(kind: str, owner: str) -> Key:
    assert owner
    return (
        rsa.generate_private_key(65_537, 2_048) if kind == "RSA" else ec.generate_private_key(ec.SECP256R1())
    )


def certificate(
    of: Key,
    owner: str = "victim",
    since: datetime = NOW - DAY,
    until: datetime = NOW + DAY,
    usage: x509.KeyUsage | None = None,
) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, owner)])
    builder = x509.CertificateBuilder(name, name, of.public_key(), 1, since, until)
    if usage:
        builder = builder.add_extension(usage, critical=True)
    return builder.sign(of, hashes.SHA256())


def signer(kind: str, owner: str = "victim") -> Signer:
    return _signer(kind, owner)


@cache
def _signer(kind: str, owner: str) -> Signer:
    return Signer(key(kind, owner), certificate(key(kind, owner), owner))


# --- sealing: signing whatever stands there -------------------------------------------------------------------


def seal(root: Element, by: Key) -> bytes:
    """Digests and signature made anew, by the algorithms and references that the message itself names."""
    info = one(root, "ds:SignedInfo")
    for reference in info.iter(qualified("ds:Reference")):
        target = _target(root, reference.get("URI") or "")
        method = next((step.get("Algorithm") for step in reference.iter(qualified("ds:Transform"))), C14N)
        digest = one(reference, "ds:DigestMethod").get("Algorithm") or ""
        data = _canonical(target, str(method), _prefixes(reference)) if target is not None else b""
        one(reference, "ds:DigestValue").text = base64(hashlib.new(_hash_name(digest), data).digest())
    step = one(info, "ds:CanonicalizationMethod")
    data = _canonical(info, step.get("Algorithm") or "", _prefixes(step))
    method = one(info, "ds:SignatureMethod").get("Algorithm") or ""
    one(root, "ds:SignatureValue").text = base64(_signature(method, by, data))
    return etree.tostring(root)


def one(root: Element, name: str) -> Element:
    found = next(root.iter(qualified(name)), None)
    assert found is not None
    return found


def _target(root: Element, uri: str) -> Element | None:
    if uri == "":
        return root
    found = (e for e in root.iter("*") for name, value in e.items() if f"#{value}" == uri and _is_id(name))
    return next(found, None)


def _is_id(name: object) -> bool:
    return str(name).rpartition("}")[2].lower() == "id"


def _prefixes(step: Element) -> list[str] | None:
    for inclusive in step.iter(f"{{{EXCLUSIVE}}}InclusiveNamespaces"):
        return (inclusive.get("PrefixList") or "").split()
    return None


def _canonical(element: Element, method: str, prefixes: list[str] | None) -> bytes:
    alone = etree.fromstring(etree.tostring(element, with_tail=False))
    return etree.tostring(
        alone,
        method="c14n",
        exclusive="exc-c14n" in method,
        with_comments=method.endswith("#WithComments"),
        inclusive_ns_prefixes=prefixes if "exc-c14n" in method else None,
    )


def _hash_name(algorithm: str) -> str:
    name = algorithm.rpartition("#")[2]
    return name.replace("-", "_") if name.startswith("sha3") else name if name.startswith("sha") else "sha256"


def _signature(method: str, by: Key, data: bytes) -> bytes:
    """By the method that is named, as far as this key can; a PSS or DSA name gets what the key can do."""
    words = method.rpartition("#")[2].lower()
    named = (make for word, make in _HASHES.items() if word in words.replace("-", "_"))
    kind = next(named, hashes.SHA256)()
    if "hmac" in words:  # the old trick: the public key as the shared secret
        public = by.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        return hmac.new(public, data, kind.name).digest()
    if isinstance(by, rsa.RSAPrivateKey):
        pss = padding.PSS(padding.MGF1(kind), kind.digest_size)
        return by.sign(data, pss if "mgf1" in words else padding.PKCS1v15(), kind)
    return b"".join(n.to_bytes(32, "big") for n in decode_dss_signature(by.sign(data, ec.ECDSA(kind))))


_HASHES: Final[dict[str, Callable[[], hashes.HashAlgorithm]]] = {
    "sha3_224": hashes.SHA3_224,
    "sha3_256": hashes.SHA3_256,
    "sha3_384": hashes.SHA3_384,
    "sha3_512": hashes.SHA3_512,
    "sha224": hashes.SHA224,
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
    "sha1": hashes.SHA1,
}


def base64(raw: bytes) -> str:
    return b64encode(raw).decode()
