"""Who is let in and who is not, each by a real handshake."""

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa

from certs import CertificateError, Profile, client_context, peer, server_context
from certs import authority as authorities
from certs.authority import Issued, KeyType
from certs.folder import ROOT, VEN_CA, VTN, VTN_CA, Folder
from tests.certs.handshake import save, shake, stranger
from tests.pki import VEN_ECC, VEN_RSA, ven_context, vtn_context

EXPIRED = 10
TOO_SHORT = 66
UNKNOWN_ISSUER = 20
UNSUITABLE_PURPOSE = 26
UNKNOWN_ROOT = 19
WRONG_ADDRESS = 64
WRONG_NAME = 62


def refusal(server: ssl.SSLContext, client: ssl.SSLContext, host: str = "localhost") -> int:
    """OpenSSL's number for why the other end's certificate is not accepted."""
    with pytest.raises(ssl.SSLCertVerificationError) as caught:
        shake(server, client, host)
    return caught.value.verify_code


@pytest.fixture(scope="module")
def foreign(now: datetime) -> Issued:
    """A CA that is called like ours."""
    return authorities.root("Feederguard VEN CA", now)


@pytest.mark.proves("I07")
@pytest.mark.parametrize("profile", Profile)
def test_without_a_certificate_nobody_gets_in(pki: Folder, profile: Profile) -> None:
    with pytest.raises(ssl.SSLError, match="PEER_DID_NOT_RETURN_A_CERTIFICATE"):
        shake(vtn_context(pki, profile), stranger(pki.public(ROOT)))


@pytest.mark.proves("I07")
def test_without_tls_nobody_gets_in(pki: Folder) -> None:
    received, sent = ssl.MemoryBIO(), ssl.MemoryBIO()
    received.write(b"POST /OpenADR2/Simple/2.0b/OadrPoll HTTP/1.1\r\nHost: localhost\r\n\r\n")
    with pytest.raises(ssl.SSLError, match="HTTP_REQUEST"):
        vtn_context(pki).wrap_bio(received, sent, server_side=True).do_handshake()


@pytest.mark.parametrize("kind", KeyType)
def test_a_ven_under_another_authority_is_refused_though_it_is_called_like_ours(
    pki: Folder, tmp_path: Path, now: datetime, foreign: Issued, kind: KeyType
) -> None:
    chain = save(tmp_path / "foreign.pem", authorities.leaf(foreign, VEN_ECC, kind, now))
    assert refusal(vtn_context(pki), stranger(pki.public(ROOT), chain)) == UNKNOWN_ROOT


def test_a_vtn_under_another_authority_is_refused(
    pki: Folder, tmp_path: Path, now: datetime, foreign: Issued
) -> None:
    chain = save(
        tmp_path / "foreign.pem", authorities.leaf(foreign, "vtn", KeyType.ECC, now, hosts=("localhost",))
    )
    assert refusal(server_context((chain,), pki.public(VEN_CA)), ven_context(pki)) == UNKNOWN_ROOT


@pytest.mark.parametrize("ven", [VEN_ECC, VEN_RSA])
def test_a_ven_cannot_serve_as_a_vtn(pki: Folder, ven: str) -> None:
    false_vtn = server_context((pki.secret(ven),), pki.public(VEN_CA))
    assert refusal(false_vtn, ven_context(pki)) == UNKNOWN_ISSUER


def test_a_ven_cannot_serve_even_to_a_client_that_trusts_the_root_and_minds_no_name(pki: Folder) -> None:
    false_vtn = server_context((pki.secret(VEN_ECC),), pki.public(VEN_CA))
    credulous = client_context(pki.secret(VEN_ECC), pki.public(ROOT), check_hostname=False)
    assert refusal(false_vtn, credulous) == UNSUITABLE_PURPOSE


@pytest.mark.parametrize("vtn", VTN.values())
def test_a_vtn_cannot_pass_for_a_ven(pki: Folder, vtn: str) -> None:
    false_ven = client_context(pki.secret(vtn), pki.public(VTN_CA))
    assert refusal(vtn_context(pki), false_ven) == UNKNOWN_ISSUER


def test_a_ven_cannot_issue_certificates(pki: Folder, tmp_path: Path, now: datetime) -> None:
    ven = authorities.leaf(pki.issuer(VEN_CA), "clever", KeyType.ECC, now)
    chain = save(tmp_path / "child.pem", authorities.leaf(ven, "child", KeyType.ECC, now))
    with pytest.raises(ssl.SSLCertVerificationError):
        shake(vtn_context(pki), stranger(pki.public(ROOT), chain))


def test_the_authority_of_vens_can_make_no_further_authority(
    pki: Folder, tmp_path: Path, now: datetime
) -> None:
    below = authorities.authority(pki.issuer(VEN_CA), "below", now)
    issuer = Issued(below.key, below.certificate, (pki.issuer(VEN_CA).certificate,))
    chain = save(tmp_path / "below.pem", authorities.leaf(issuer, "ven", KeyType.ECC, now))
    with pytest.raises(ssl.SSLCertVerificationError, match="path length"):
        shake(vtn_context(pki), stranger(pki.public(ROOT), chain))


@pytest.mark.proves("r516")
@pytest.mark.parametrize("kind", KeyType)
def test_an_expired_ven_is_refused(pki: Folder, tmp_path: Path, now: datetime, kind: KeyType) -> None:
    long_ago = now - timedelta(days=3 * 365)
    chain = save(tmp_path / "late.pem", authorities.leaf(pki.issuer(VEN_CA), "late", kind, long_ago))
    assert refusal(vtn_context(pki), client_context(chain, pki.public(VTN_CA))) == EXPIRED


@pytest.mark.proves("r516")
def test_an_expired_vtn_is_refused(pki: Folder, tmp_path: Path, now: datetime) -> None:
    long_ago = now - timedelta(days=3 * 365)
    vtn = authorities.leaf(pki.issuer(VTN_CA), "vtn", KeyType.ECC, long_ago, hosts=("localhost",))
    server = server_context((save(tmp_path / "late.pem", vtn),), pki.public(VEN_CA))
    assert refusal(server, ven_context(pki)) == EXPIRED


def test_a_certificate_that_expires_on_an_open_connection_is_noticed_by_its_dates(pki: Folder) -> None:
    der = shake(vtn_context(pki), ven_context(pki)).server.getpeercert(binary_form=True)
    assert der is not None
    shown = peer(der)
    for moment in (shown.not_before, shown.not_after):
        shown.check_dates(moment)
    for moment in (shown.not_before - timedelta(seconds=1), shown.not_after + timedelta(seconds=1)):
        with pytest.raises(CertificateError, match="not valid at this time"):
            shown.check_dates(moment)


@pytest.mark.parametrize(
    ("host", "why"),
    [
        ("vtn.example.org", WRONG_NAME),
        ("localhost.example.org", WRONG_NAME),
        ("127.0.0.2", WRONG_ADDRESS),
    ],
)
def test_a_vtn_at_another_address_is_refused(pki: Folder, host: str, why: int) -> None:
    assert refusal(vtn_context(pki), ven_context(pki), host) == why


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_a_vtn_is_known_by_its_name_and_by_its_address(pki: Folder, host: str) -> None:
    assert shake(vtn_context(pki), ven_context(pki), host).say(b"poll") == b"poll"


def test_the_check_of_the_name_can_be_switched_off_and_the_authority_still_counts(
    pki: Folder, tmp_path: Path, now: datetime, foreign: Issued
) -> None:
    client = client_context(pki.secret(VEN_ECC), pki.public(VTN_CA), check_hostname=False)
    assert shake(vtn_context(pki), client, "device-17.example.org").say(b"poll") == b"poll"
    chain = save(tmp_path / "x.pem", authorities.leaf(foreign, "vtn", KeyType.ECC, now, hosts=("localhost",)))
    assert refusal(server_context((chain,), pki.public(VEN_CA)), client) == UNKNOWN_ROOT


@pytest.mark.proves("r68")
def test_a_ven_with_a_short_key_is_refused(pki: Folder, tmp_path: Path, now: datetime) -> None:
    issuer = pki.issuer(VEN_CA)
    key = rsa.generate_private_key(65537, 1024)
    short = (
        x509.CertificateBuilder(issuer.certificate.subject, issuer.certificate.subject, key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .sign(issuer.key, hashes.SHA256())
    )
    chain = save(tmp_path / "short.pem", Issued(key, short, (issuer.certificate,)))
    assert refusal(vtn_context(pki), stranger(pki.public(ROOT), chain)) == TOO_SHORT


@pytest.mark.parametrize("ven", [VEN_ECC, VEN_RSA])
def test_our_certificates_pass_the_strict_verification_of_newer_pythons(pki: Folder, ven: str) -> None:
    """Python 3.13's default: RFC 5280 to the letter."""
    server, client = vtn_context(pki), ven_context(pki, ven)
    for context in (server, client):
        context.verify_flags |= ssl.VERIFY_X509_STRICT
    assert shake(server, client).say(b"poll") == b"poll"
