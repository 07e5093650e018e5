"""What a signature costs, step by step: ours, signxml alone, openleadr, and the raw cryptography that all of us need.

    python -m bench.signature

Each line gives microseconds a message. All hold key objects but openleadr, which reads its key for each message;
"signxml alone" signs and verifies the same envelope without reading it, "raw" signs or verifies as many bytes. A
signed poll is what a server does: read one, sign the reply.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as generate_rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from lxml import etree
from openleadr import messaging, utils
from signxml import methods
from signxml.algorithms import CanonicalizationMethod, DigestAlgorithm, SignatureMethod
from signxml.signer import XMLSigner
from signxml.verifier import SignatureConfiguration, XMLVerifier

from bench.codec import event
from bench.figures import in_turns, tell
from oadr.wire import envelope, signature
from oadr.wire.envelope import Terms
from oadr.wire.ids import NO_REQUEST, VenId
from oadr.wire.messages import Message, Poll, Response
from oadr.wire.messages.common import EiResponse
from oadr.wire.namespaces import NAMESPACES
from oadr.wire.schema import Schema, installed_folder
from oadr.wire.signature import BODY_ID, PROPERTIES, SignaturePolicy
from oadr.wire.signing import BODY, Key, Signer

Work = Callable[[], object]

NOW: Final = datetime.now(UTC)
NONCE: Final = "0123456789abcdef"
POLL: Final = Poll(ven_id=VenId("V1"))
REPLY: Final = Response(response=EiResponse(request_id=NO_REQUEST))


def signer(key: Key) -> Signer:
    name, day = x509.Name([]), timedelta(days=1)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, NOW - day, NOW + day)
    return Signer(key, builder.sign(key, SHA256()))


def by_signxml(own: Signer, message: Message) -> Work:
    """As openleadr does it, with key objects."""
    rsa = isinstance(own.key, RSAPrivateKey)

    def guard() -> etree._Element:
        one = etree.Element(f"{{{PROPERTIES}}}ReplayProtect", nsmap={"dsp": PROPERTIES})
        etree.SubElement(one, f"{{{PROPERTIES}}}timestamp").text = NOW.isoformat()
        etree.SubElement(one, f"{{{PROPERTIES}}}nonce").text = NONCE
        return one

    def sign() -> object:
        root = envelope.build(message)
        root[0].set(BODY_ID, BODY)
        work = XMLSigner(
            methods.detached,
            SignatureMethod.RSA_SHA256 if rsa else SignatureMethod.ECDSA_SHA256,
            DigestAlgorithm.SHA256,
            CanonicalizationMethod.CANONICAL_XML_1_0,
        )
        work.namespaces = NAMESPACES
        root.insert(
            0,
            work.sign(
                root,
                key=own.key,
                cert=[own.certificate],
                reference_uri=f"#{BODY}",
                signature_properties=guard(),
            ),
        )
        return etree.tostring(root)

    return sign


def raw_pair(key: Key, data: bytes) -> tuple[Work, Work]:
    """Signing and verifying `data` with nothing around it."""
    if isinstance(key, EllipticCurvePrivateKey):
        method = ECDSA(SHA256())
        made = key.sign(data, method)
        return lambda: key.sign(data, method), lambda: key.public_key().verify(made, data, method)
    padding = PKCS1v15()
    made = key.sign(data, padding, SHA256())
    return lambda: key.sign(data, padding, SHA256()), lambda: key.public_key().verify(
        made, data, padding, SHA256()
    )


def by_openleadr(own: Signer) -> tuple[Work, Work]:
    """Writing a signed oadrPoll, and reading one: all that it does but for remembering the nonce."""
    cert = own.certificate.public_bytes(Encoding.PEM)
    key = own.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    def sign() -> object:
        return messaging.create_message("oadrPoll", cert=cert, key=key, ven_id="V1")

    raw = str(sign()).encode()

    def read() -> object:
        tree = messaging.validate_xml_schema(raw)
        shown = utils.ensure_bytes(utils.extract_pem_cert(tree))
        messaging.VERIFIER.verify(tree, x509_cert=shown, expect_references=2)
        return messaging.parse_message(raw)

    return sign, read


def measure(kind: str, own: Signer, name: str, message: Message, schema: Schema, times: int) -> None:
    terms = Terms(SignaturePolicy.REQUIRED, own.certificate)
    raw = own.sign(message, NOW, NONCE)
    root = envelope.parse(raw, envelope.REPORT_LIMIT)
    wanted = SignatureConfiguration(location="./", expect_references=2)
    raw_sign, raw_verify = raw_pair(own.key, raw)
    steps: dict[str, dict[str, Work]] = {
        "parse": {
            "ours": lambda: envelope.parse(raw, envelope.REPORT_LIMIT),
            "lxml alone": lambda: etree.fromstring(raw),
        },
        "build and write, unsigned,": {"ours": lambda: envelope.write(message)},
        "build and sign": {
            "ours": lambda: own.sign(message, NOW, NONCE),
            "signxml alone": by_signxml(own, message),
            "raw": raw_sign,
        },
        "verify": {
            "ours": lambda: signature.verify(root, own.certificate, NOW),
            "signxml alone": lambda: XMLVerifier().verify(
                root, x509_cert=own.certificate, expect_config=wanted
            ),
            "raw": raw_verify,
        },
        "parse, validate, verify and read": {"ours": lambda: envelope.open(raw, schema, terms, NOW)},
    }
    if message is POLL:
        steps["build and sign"]["openleadr"], openleadr_read = by_openleadr(own)
        steps["parse, validate, verify and read"]["openleadr"] = openleadr_read
    for step, contestants in steps.items():
        report(f"{step} {name}, {kind}, {len(raw)} bytes", contestants, times)


def report(figure: str, contestants: dict[str, Work], times: int) -> None:
    rounds = in_turns(contestants, times)
    tell(figure, "us", {who: [value * 1e6 for value in values] for who, values in rounds.items()})


def measure_polls(kind: str, own: Signer, schema: Schema) -> None:
    terms = Terms(SignaturePolicy.REQUIRED, own.certificate)
    signed, unsigned = own.sign(POLL, NOW, NONCE), envelope.write(POLL)

    def ours() -> None:
        envelope.open(signed, schema, terms, NOW)
        own.sign(REPLY, NOW, NONCE)

    def without() -> None:
        envelope.read(unsigned, schema)
        envelope.write(REPLY)

    report(f"a signed poll and its signed reply, {kind}", {"ours": ours, "unsigned": without}, 100)


def main() -> None:
    folder = installed_folder()
    assert folder, "the official schemas come with openleadr"
    schema = Schema(folder)
    keys: dict[str, Key] = {
        "RSA-2048": generate_rsa(65_537, 2_048),
        "P-256": generate_private_key(SECP256R1()),
    }
    for kind, key in keys.items():
        own = signer(key)
        measure(kind, own, "oadrPoll", POLL, schema, 30)
        measure(kind, own, "oadrDistributeEvent of 24 intervals", event(24), schema, 30)
        measure_polls(kind, own, schema)


if __name__ == "__main__":
    main()
