"""TLS contexts: versions, suites and chains as both ends agree on them in a real handshake."""

import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from certs import CertificateError, Profile, client_context, server_context
from certs.folder import ROOT, VEN_CA, VTN, VTN_CA, Folder
from tests.certs.handshake import Met, shake, stranger
from tests.pki import VEN_ECC, VEN_RSA, ven_context, vtn_context

RSA_SUITE = "AES128-SHA256"
ECC_SUITE = "ECDHE-ECDSA-AES128-SHA256"


def key_shown_by_the_vtn(met: Met) -> type:
    der = met.client.getpeercert(binary_form=True)
    assert der is not None
    key = x509.load_der_x509_certificate(der).public_key()
    return rsa.RSAPublicKey if isinstance(key, rsa.RSAPublicKey) else ec.EllipticCurvePublicKey


@pytest.mark.proves("r67", "r68")
@pytest.mark.parametrize("ven", [VEN_ECC, VEN_RSA])
@pytest.mark.parametrize(
    ("suite", "key"), [(RSA_SUITE, rsa.RSAPublicKey), (ECC_SUITE, ec.EllipticCurvePublicKey)]
)
def test_a_ven_with_one_suite_gets_it_with_the_certificate_that_belongs_to_it(
    pki: Folder, ven: str, suite: str, key: type
) -> None:
    met = shake(vtn_context(pki), stranger(pki.public(ROOT), pki.secret(ven), suites=suite))
    assert (met.client.version(), met.suite, key_shown_by_the_vtn(met)) == ("TLSv1.2", suite, key)
    assert met.say(b"poll") == b"poll"


@pytest.mark.proves("r67", "r68")
@pytest.mark.parametrize("ven", [VEN_ECC, VEN_RSA])
def test_both_our_ends_meet_with_either_key_of_the_ven_and_prefer_forward_secrecy(
    pki: Folder, ven: str
) -> None:
    met = shake(vtn_context(pki), ven_context(pki, ven))
    assert (met.server.version(), met.suite, met.server.compression()) == ("TLSv1.2", ECC_SUITE, None)


@pytest.mark.proves("r67")
@pytest.mark.parametrize("suite", [RSA_SUITE, ECC_SUITE])
def test_our_ven_talks_to_a_vtn_that_has_one_of_the_suites(pki: Folder, suite: str) -> None:
    vtn = vtn_context(pki)
    vtn.set_ciphers(suite)
    assert shake(vtn, ven_context(pki)).suite == suite


@pytest.mark.proves("r67")
def test_both_ends_offer_the_two_suites_and_nothing_else(pki: Folder) -> None:
    for context in (vtn_context(pki), ven_context(pki)):
        assert context.minimum_version is context.maximum_version is ssl.TLSVersion.TLSv1_2
        old = {suite["name"] for suite in context.get_ciphers() if suite["protocol"] != "TLSv1.3"}
        assert old == {RSA_SUITE, ECC_SUITE}


@pytest.mark.proves("r67")
def test_the_server_decides_between_the_suites(pki: Folder) -> None:
    backwards = stranger(pki.public(ROOT), pki.secret(VEN_ECC), suites=f"{RSA_SUITE}:{ECC_SUITE}")
    assert shake(vtn_context(pki), backwards).suite == ECC_SUITE


@pytest.mark.proves("r67")
def test_the_default_client_of_python_is_brought_down_to_the_profile(pki: Folder) -> None:
    client = ssl.create_default_context(cafile=pki.public(ROOT))
    client.load_cert_chain(pki.secret(VEN_ECC))
    met = shake(vtn_context(pki), client)
    assert (met.client.version(), met.suite) == ("TLSv1.2", ECC_SUITE)


@pytest.mark.proves("r67")
def test_other_suites_are_refused(pki: Folder) -> None:
    client = stranger(pki.public(ROOT), pki.secret(VEN_ECC), suites="ECDHE+AESGCM")
    client.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises(ssl.SSLError, match="NO_SHARED_CIPHER"):
        shake(vtn_context(pki), client)


@pytest.mark.proves("r67")
def test_a_client_with_tls_1_3_alone_is_refused(pki: Folder) -> None:
    client = stranger(pki.public(ROOT), pki.secret(VEN_ECC))
    client.minimum_version = ssl.TLSVersion.TLSv1_3
    with pytest.raises(ssl.SSLError, match="UNSUPPORTED_PROTOCOL"):
        shake(vtn_context(pki), client)


def test_the_modern_profile_speaks_tls_1_3(pki: Folder) -> None:
    met = shake(vtn_context(pki, Profile.MODERN), ven_context(pki, profile=Profile.MODERN))
    assert (met.client.version(), met.say(b"poll")) == ("TLSv1.3", b"poll")


def test_the_modern_profile_gives_nothing_without_forward_secrecy_and_authenticated_encryption(
    pki: Folder,
) -> None:
    modern = vtn_context(pki, Profile.MODERN)
    assert {suite["kea"] for suite in modern.get_ciphers()} <= {"kx-ecdhe", "kx-any"}
    assert all(suite["aead"] for suite in modern.get_ciphers())
    with pytest.raises(ssl.SSLError, match="NO_SHARED_CIPHER"):
        shake(modern, ven_context(pki))


@pytest.mark.proves("r68")
def test_keys_shorter_than_the_profile_allows_are_refused(pki: Folder) -> None:
    levels = {vtn_context(pki).security_level, ven_context(pki).security_level}
    assert levels == {2}  # OpenSSL's name for RSA from 2048 bits and ECC from 224


@pytest.mark.parametrize("profile", Profile)
def test_no_ticket_is_handed_out(pki: Folder, profile: Profile) -> None:
    met = shake(vtn_context(pki, profile), ven_context(pki, profile=profile))
    met.say(b"poll")
    met.server.write(b"nothing for you")
    assert met.client.read() == b"nothing for you"
    session = met.client.session
    assert session is not None
    assert not session.has_ticket


@pytest.mark.parametrize("profile", Profile)
def test_a_session_ends_with_the_context_that_made_it(pki: Folder, profile: Profile) -> None:
    """So a new list of trusted CAs is asked about everybody."""
    client = ven_context(pki, profile=profile)
    before = shake(vtn_context(pki, profile), client)
    before.close()
    after = shake(vtn_context(pki, profile), client, session=before.client.session)
    assert not after.server.session_reused


def test_a_resumed_session_still_shows_who_it_is(pki: Folder) -> None:
    """TLS 1.2 finds it in the server's memory, which Python cannot turn off."""
    vtn, client = vtn_context(pki), ven_context(pki)
    before = shake(vtn, client)
    before.close()
    after = shake(vtn, client, session=before.client.session)
    assert after.server.session_reused
    assert after.server.getpeercert(binary_form=True) == before.server.getpeercert(binary_form=True)


def test_a_missing_file_is_named(pki: Folder, tmp_path: Path) -> None:
    with pytest.raises(CertificateError, match=r"absent\.pem does not exist"):
        client_context(tmp_path / "absent.pem", pki.public(VTN_CA))
    with pytest.raises(CertificateError, match=r"absent\.pem does not exist"):
        server_context((pki.secret(VTN[next(iter(VTN))]),), tmp_path / "absent.pem")


@pytest.mark.parametrize("content", [b"", b"garbage", b"-----BEGIN CERTIFICATE-----\nAAAA\n"])
def test_a_file_that_holds_something_else_is_named(pki: Folder, tmp_path: Path, content: bytes) -> None:
    odd = tmp_path / "odd.pem"
    odd.write_bytes(content)
    with pytest.raises(CertificateError, match=r"odd\.pem must hold a private key"):
        client_context(odd, pki.public(VTN_CA))
    with pytest.raises(CertificateError, match=r"odd\.pem must hold the certificates"):
        client_context(pki.secret(VEN_ECC), odd)


def test_a_folder_in_place_of_a_file_is_named(pki: Folder) -> None:
    with pytest.raises(CertificateError, match="certs"):
        client_context(pki.certs, pki.public(VTN_CA))
    with pytest.raises(CertificateError, match="certs"):
        client_context(pki.secret(VEN_ECC), pki.certs)


def test_a_key_of_somebody_else_is_refused(pki: Folder, tmp_path: Path) -> None:
    mixed = tmp_path / "mixed.pem"
    key, _, _ = pki.secret(VEN_ECC).read_text().partition("-----BEGIN CERTIFICATE")
    mixed.write_text(key + pki.public(VTN[next(iter(VTN))]).read_text())
    with pytest.raises(CertificateError, match=r"mixed\.pem must hold a private key"):
        client_context(mixed, pki.public(VTN_CA))


def test_a_key_with_a_password_is_refused_without_asking_at_the_terminal(pki: Folder, tmp_path: Path) -> None:
    key = load_pem_private_key(pki.secret(VEN_ECC).read_bytes(), None)
    locked = tmp_path / "locked.pem"
    locked.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"a password"))
        + pki.public(VEN_ECC).read_bytes()
    )
    with pytest.raises(CertificateError, match="without a password"):
        client_context(locked, pki.public(VTN_CA))


def test_the_contexts_trust_the_given_file_alone(pki: Folder) -> None:
    for context, trust in ((vtn_context(pki), VEN_CA), (ven_context(pki), VTN_CA)):
        trusted = x509.load_pem_x509_certificate(pki.public(trust).read_bytes())
        assert context.get_ca_certs(binary_form=True) == [trusted.public_bytes(Encoding.DER)]
