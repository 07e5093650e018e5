"""A second opinion on signatures: signxml, which knows all forms of them, behind rules of shape.

Ours knows one form. Whatever ours accepts signxml accepts, and reads the same; tests ask both about everything.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any, Final, cast

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from lxml import etree
from signxml.algorithms import CanonicalizationMethod, DigestAlgorithm, SignatureMethod
from signxml.exceptions import SignXMLException
from signxml.verifier import SignatureConfiguration, VerifyResult, XMLVerifier

from oadr.wire.namespaces import qualified
from oadr.wire.signature import (
    BODY_ID,
    KEY_INFO,
    NONCE,
    PAYLOAD,
    REPLAY_PROTECT,
    SIGNATURE,
    SIGNED_OBJECT,
    TIMESTAMP,
)

CANONICAL: Final = {
    CanonicalizationMethod.CANONICAL_XML_1_0.value,
    CanonicalizationMethod.CANONICAL_XML_1_0_WITH_COMMENTS.value,
    CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0.value,
}
_WANTED: Final = SignatureConfiguration(
    require_x509=True,
    location="./",
    expect_references=2,
    signature_methods=frozenset({SignatureMethod.RSA_SHA256, SignatureMethod.ECDSA_SHA256}),
    digest_algorithms=frozenset({DigestAlgorithm.SHA256}),
    ignore_ambiguous_key_info=True,
    default_reference_c14n_method=CanonicalizationMethod.CANONICAL_XML_1_0,
)
_TIME: Final = {"verification_time"} & {field.name for field in fields(SignatureConfiguration)}
"""signxml 5 also looks at the certificate's dates, by the wall clock unless told otherwise."""
_FOREIGN: Final = (
    SignXMLException,
    etree.LxmlError,
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)


@dataclass(frozen=True, slots=True)
class Opinion:
    """What may be read of a message: the canonical body, and the texts of ReplayProtect."""

    body: bytes
    timestamp: str | None
    nonce: str | None


def opinion(root: etree._Element, pinned: x509.Certificate, now: datetime) -> Opinion | None:
    """What signxml says that was signed; None for a message that it refuses, or that has another shape."""
    if not _has_shape(root):
        return None
    wanted = replace(_WANTED, **cast(dict[str, Any], dict.fromkeys(_TIME, now)))
    try:
        results = XMLVerifier().verify(root, x509_cert=pinned, expect_config=wanted)
    except _FOREIGN:
        return None
    return _read(cast(Sequence[VerifyResult], results))


def opinion_without_key_info(root: etree._Element, pinned: x509.Certificate, now: datetime) -> Opinion | None:
    """Nobody looks into KeyInfo but signxml's schema, which may refuse a message for it. Changes `root`."""
    for info in root[0].findall(KEY_INFO):
        root[0].remove(info)
    return opinion(root, pinned, now)


def _has_shape(root: etree._Element) -> bool:
    if root.tag != PAYLOAD or [child.tag for child in root] != [SIGNATURE, SIGNED_OBJECT]:
        return False
    once = (SIGNATURE, qualified("ds:SignedInfo"), SIGNED_OBJECT, REPLAY_PROTECT)
    if any(sum(1 for _ in root.iter(tag)) != 1 for tag in once):
        return False
    ids = list(_ids(root))
    own = root[1].get(BODY_ID)
    targets = [reference.get("URI") for reference in root.iter(qualified("ds:Reference"))]
    steps = root[0].iter(qualified("ds:CanonicalizationMethod"), qualified("ds:Transform"))
    return (
        len(ids) == len(set(ids))
        and bool(own)
        and len(targets) == 2
        and targets.count(f"#{own}") == 1
        and all(step.get("Algorithm") in CANONICAL for step in steps)
    )


def _ids(root: etree._Element) -> Iterator[str]:
    for element in root.iter("*"):
        for name, value in element.items():
            if str(name).rpartition("}")[2].lower() == "id":
                yield str(value)


def _read(results: Sequence[VerifyResult]) -> Opinion | None:
    signed = [result.signed_xml for result in results if result.signed_xml is not None]
    bodies = [element for element in signed if element.tag == SIGNED_OBJECT]
    guards = [guard for one in signed if one.tag != SIGNED_OBJECT for guard in one.iter(REPLAY_PROTECT)]
    if len(bodies) != 1 or len(guards) != 1:
        return None
    if [child.tag for child in guards[0]] != [TIMESTAMP, NONCE] or any(len(child) for child in guards[0]):
        return None
    timestamp, nonce = guards[0]
    return Opinion(etree.tostring(bodies[0], method="c14n"), timestamp.text, nonce.text)
