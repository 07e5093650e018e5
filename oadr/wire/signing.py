"""Signing an envelope, in the profile's own form (r514).

The canonical form takes in the namespaces around an element, so the signature grows inside the finished
envelope, and the bytes that come out are the ones to send: parsed and written again they might not verify.
"""

from base64 import b64encode
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from re import fullmatch
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree
from signxml.algorithms import CanonicalizationMethod, DigestAlgorithm, SignatureMethod

from oadr.wire import envelope, scalars
from oadr.wire import signature as names
from oadr.wire.codec import Message
from oadr.wire.errors import Misuse
from oadr.wire.namespaces import qualified

Key = RSAPrivateKey | EllipticCurvePrivateKey

BODY: Final = "oadrSignedObject"
PROPERTY: Final = "prop"

_C14N: Final = CanonicalizationMethod.CANONICAL_XML_1_0.value
_DIGEST: Final = DigestAlgorithm.SHA256.value
_NONCE: Final = r"[!-~]{1,64}"


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs with a key that was loaded once: loading an RSA key takes 40 ms, a signature less than one.

    `certificate` should be the one of the sender's TLS, since that is what the peer knows.
    """

    key: Key
    certificate: x509.Certificate

    def __post_init__(self) -> None:
        """Raises `Misuse` when the certificate is of another key."""
        if self.key.public_key() != self.certificate.public_key():
            raise Misuse("the certificate belongs to another key")

    def sign(self, message: Message, now: datetime, nonce: str) -> bytes:
        """`message` in its envelope, signed at `now`, UTF-8. Raises `Misuse` for what has no form on the wire.

        A `nonce` is random and used once, also when a message is repeated: 1 to 64 printable ASCII characters.
        """
        if not fullmatch(_NONCE, nonce):
            raise Misuse("a nonce is 1 to 64 printable ASCII characters")
        root = envelope.build(message)
        (body,) = root
        body.set(names.BODY_ID, BODY)
        signature = etree.Element(names.SIGNATURE)
        root.insert(0, signature)
        signed_info = _child(signature, "ds:SignedInfo")
        value = _child(signature, "ds:SignatureValue")
        self._append_key_info(signature)
        properties = _append_properties(signature, now, nonce)
        self._fill(signed_info, ((BODY, body), (PROPERTY, properties)))
        value.text = _base64(self._signature_of(_canonical(signed_info)))
        return etree.tostring(root, xml_declaration=True, encoding="UTF-8")

    def _fill(self, signed_info: etree._Element, parts: tuple[tuple[str, etree._Element], ...]) -> None:
        rsa = isinstance(self.key, RSAPrivateKey)
        method = SignatureMethod.RSA_SHA256 if rsa else SignatureMethod.ECDSA_SHA256
        _child(signed_info, "ds:CanonicalizationMethod", Algorithm=_C14N)
        _child(signed_info, "ds:SignatureMethod", Algorithm=method.value)
        for name, element in parts:
            reference = _child(signed_info, "ds:Reference", URI=f"#{name}")
            _child(_child(reference, "ds:Transforms"), "ds:Transform", Algorithm=_C14N)
            _child(reference, "ds:DigestMethod", Algorithm=_DIGEST)
            _child(reference, "ds:DigestValue").text = _base64(sha256(_canonical(element)).digest())

    def _append_key_info(self, signature: etree._Element) -> None:
        data = _child(_child(signature, "ds:KeyInfo"), "ds:X509Data")
        _child(data, "ds:X509Certificate").text = _base64(self.certificate.public_bytes(Encoding.DER))

    def _signature_of(self, data: bytes) -> bytes:
        if isinstance(self.key, RSAPrivateKey):
            return self.key.sign(data, PKCS1v15(), SHA256())
        size = (self.key.key_size + 7) // 8
        numbers = decode_dss_signature(self.key.sign(data, ECDSA(SHA256())))
        return b"".join(number.to_bytes(size, "big") for number in numbers)  # not DER: XML wants r, then s


def _append_properties(signature: etree._Element, now: datetime, nonce: str) -> etree._Element:
    properties = _child(signature, "ds:Object", Id=PROPERTY)
    one = _child(
        _child(properties, "ds:SignatureProperties"), "ds:SignatureProperty", Id="replayProtect", Target=""
    )
    guard = etree.SubElement(one, names.REPLAY_PROTECT, nsmap={"dsp": names.PROPERTIES})
    etree.SubElement(guard, names.TIMESTAMP).text = scalars.write_date_time(now)
    etree.SubElement(guard, names.NONCE).text = nonce
    return properties


def _child(parent: etree._Element, name: str, **attributes: str) -> etree._Element:
    return etree.SubElement(parent, qualified(name), attributes)


def _canonical(element: etree._Element) -> bytes:
    return etree.tostring(element, method="c14n")


def _base64(raw: bytes) -> str:
    return b64encode(raw).decode()
