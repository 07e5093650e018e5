"""The XML signature of an envelope (r514): its names, and what a verified one leaves to be read.

A signature says only that some elements were once signed. So the shape is fixed before any cryptography: the
signature, then one oadrSignedObject, two references, one of them to it and one to the ReplayProtect, no
identifier twice, no transform but canonicalisation. After it, only what the verifier returns is read: trees
made anew from the very bytes that were hashed. The key is the stored certificate's; KeyInfo is not looked at.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, cast

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from lxml import etree
from signxml.algorithms import CanonicalizationMethod, DigestAlgorithm, SignatureMethod
from signxml.exceptions import SignXMLException
from signxml.verifier import SignatureConfiguration, VerifyResult, XMLVerifier

from oadr.wire import scalars
from oadr.wire.errors import Forged, Invalid
from oadr.wire.namespaces import qualified
from oadr.wire.replay import ReplayProtect

PAYLOAD: Final = qualified("oadr:oadrPayload")
SIGNED_OBJECT: Final = qualified("oadr:oadrSignedObject")
BODY_ID: Final = qualified("oadr:Id")

SIGNATURE: Final = qualified("ds:Signature")
SIGNED_INFO: Final = qualified("ds:SignedInfo")
C14N_METHOD: Final = qualified("ds:CanonicalizationMethod")
REFERENCE: Final = qualified("ds:Reference")
TRANSFORM: Final = qualified("ds:Transform")

PROPERTIES: Final = "http://openadr.org/oadr-2.0b/2012/07/xmldsig-properties"
REPLAY_PROTECT: Final = f"{{{PROPERTIES}}}ReplayProtect"
TIMESTAMP: Final = f"{{{PROPERTIES}}}timestamp"
NONCE: Final = f"{{{PROPERTIES}}}nonce"

LARGEST: Final = 200
"""Elements in a signature; one with a chain of certificates has about 30. The rest would be work for nothing."""

_CANONICAL: Final = {
    method.value
    for method in (
        CanonicalizationMethod.CANONICAL_XML_1_0,
        CanonicalizationMethod.CANONICAL_XML_1_0_WITH_COMMENTS,
        CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0,
    )
}
_WANTED: Final = SignatureConfiguration(
    require_x509=True,
    location="./",
    expect_references=2,
    signature_methods=frozenset({SignatureMethod.RSA_SHA256, SignatureMethod.ECDSA_SHA256}),
    digest_algorithms=frozenset({DigestAlgorithm.SHA256}),
    ignore_ambiguous_key_info=True,  # else a KeyValue in the message is parsed and compared
    default_reference_c14n_method=CanonicalizationMethod.CANONICAL_XML_1_0,
)
_TIME: Final = {"verification_time"} & {field.name for field in fields(SignatureConfiguration)}
"""signxml 5 also looks at the certificate's dates, unless told otherwise by the wall clock."""

_FOREIGN: Final = (
    SignXMLException,
    etree.LxmlError,
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)
"""What verification raises: ValueError for what is no base64, TypeError for an empty digest or signature, and for
two transforms in a row; the last three for an odd certificate, whose parts are parsed only when asked for."""


class SignaturePolicy(StrEnum):
    """What is wanted of one peer's messages. It is configured for each peer, never taken from a message.

    Whatever the policy, a signature that is there must hold: nobody has a reason to send a wrong one, and a
    message that contradicts itself is not obeyed.
    """

    REQUIRED = "required"
    IF_PRESENT = "if-present"
    """Unsigned messages are taken too, while a fleet moves to signatures."""
    OFF = "off"
    """As IF_PRESENT, and the envelope may be missing: such peers exist, and none of them signs."""


@dataclass(frozen=True, slots=True)
class Verified:
    """All that may be read of a signed message."""

    body: etree._Element
    """The oadrSignedObject."""
    guard: ReplayProtect


def verify(root: etree._Element, pinned: x509.Certificate, now: datetime) -> Verified:
    """What the owner of `pinned` signed in the envelope `root`. Raises `Forged`, and nothing else.

    `root` comes from `envelope.parse`. Whether the message is fresh is for `replay.fresh` to say.
    """
    _check_shape(root)
    _check_references(root)
    _check_algorithms(root)
    try:
        _check_certificate(pinned, now)
        wanted = replace(_WANTED, **cast(dict[str, Any], dict.fromkeys(_TIME, now)))
        # A new verifier each time: it keeps its configuration and certificate on itself.
        results = XMLVerifier().verify(root, x509_cert=pinned, expect_config=wanted)
    except _FOREIGN as error:
        raise Forged("the signature does not hold") from error
    return _read(cast(Sequence[VerifyResult], results))


def _check_shape(root: etree._Element) -> None:
    if root.tag != PAYLOAD or [child.tag for child in root] != [SIGNATURE, SIGNED_OBJECT]:
        raise Forged("wants one signature, then one oadrSignedObject")
    if any(_count(root, tag) != 1 for tag in (SIGNATURE, SIGNED_INFO, SIGNED_OBJECT, REPLAY_PROTECT)):
        raise Forged("wants one signature, one oadrSignedObject and one ReplayProtect, and none elsewhere")
    if _count(root[0], "*") > LARGEST:
        raise Forged("a signature of too many elements")
    ids = list(_ids(root))
    if len(ids) != len(set(ids)):
        raise Forged("an identifier stands twice")


def _count(root: etree._Element, tag: str) -> int:
    return sum(1 for _ in root.iter(tag))


def _ids(root: etree._Element) -> Iterator[str]:
    """The value of every attribute that anybody might take for an identifier: Id, ID, id, xml:id, oadr:Id."""
    for element in root.iter("*"):
        for name, value in element.items():
            if str(name).rpartition("}")[2].lower() == "id":
                yield str(value)


def _check_references(root: etree._Element) -> None:
    """Two in the whole document; that both stand in SignedInfo the verifier sees to."""
    own = root[1].get(BODY_ID)
    targets = [reference.get("URI") for reference in root.iter(REFERENCE)]
    if not own or len(targets) != 2 or targets.count(f"#{own}") != 1:
        raise Forged("wants two references, one of them to oadrSignedObject")


def _check_algorithms(root: etree._Element) -> None:
    """The verifier looks at signatures and digests, but skips transforms that it does not know."""
    if any(step.get("Algorithm") not in _CANONICAL for step in root.iter(C14N_METHOD, TRANSFORM)):
        raise Forged("a transform or canonicalisation that is not taken here")


def _check_certificate(pinned: x509.Certificate, now: datetime) -> None:
    """The dates (r516), and that its key is one for signatures; signxml 4 and 5 differ here, we do not."""
    if not pinned.not_valid_before_utc <= now <= pinned.not_valid_after_utc:
        raise Forged("the certificate has expired or is not yet valid")
    try:
        usage = pinned.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return  # not limited
    if not usage.digital_signature:
        raise Forged("the certificate is not one for signatures")


def _read(results: Sequence[VerifyResult]) -> Verified:
    signed = [result.signed_xml for result in results if result.signed_xml is not None]
    bodies = [element for element in signed if element.tag == SIGNED_OBJECT]
    guards = [
        guard for element in signed if element.tag != SIGNED_OBJECT for guard in element.iter(REPLAY_PROTECT)
    ]
    if len(bodies) != 1 or len(guards) != 1:
        raise Forged("oadrSignedObject and ReplayProtect are not what was signed")
    return Verified(bodies[0], _replay_protect(guards[0]))


def _replay_protect(element: etree._Element) -> ReplayProtect:
    if [child.tag for child in element] != [TIMESTAMP, NONCE] or any(len(child) for child in element):
        raise Forged("ReplayProtect wants a timestamp and a nonce")
    timestamp, nonce = (child.text or "" for child in element)
    try:
        return ReplayProtect(scalars.read_date_time(timestamp), nonce)
    except Invalid as error:
        raise Forged("ReplayProtect has no time of signing") from error
