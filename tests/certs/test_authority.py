"""What stands in the certificates that are issued here."""

from datetime import datetime, timedelta
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from certs import WrongName, authority
from certs.authority import KeyType
from certs.certificate import load
from certs.folder import ROOT, VEN_CA, VTN, VTN_CA, Folder
from tests.pki import VEN_ECC, VEN_RSA

AUTHORITIES = (ROOT, VTN_CA, VEN_CA)
LEAVES = (*VTN.values(), VEN_ECC, VEN_RSA)
WITH_RSA = (*AUTHORITIES, VTN[KeyType.RSA], VEN_RSA)


@pytest.mark.proves("r68")
@pytest.mark.parametrize("name", [*AUTHORITIES, *LEAVES])
def test_every_certificate_is_of_version_3_with_a_key_that_is_long_enough(pki: Folder, name: str) -> None:
    certificate = load(pki.public(name))
    key = certificate.public_key()
    assert certificate.version is x509.Version.v3
    if name in WITH_RSA:
        assert isinstance(key, rsa.RSAPublicKey)
        assert key.key_size >= 2048
    else:
        assert isinstance(key, ec.EllipticCurvePublicKey)
        assert key.curve.name == "secp256r1"


@pytest.mark.parametrize(("name", "depth"), [(ROOT, 1), (VTN_CA, 0), (VEN_CA, 0)])
def test_an_authority_signs_and_does_nothing_else(pki: Folder, name: str, depth: int) -> None:
    extensions = load(pki.public(name)).extensions
    constraints = extensions.get_extension_for_class(x509.BasicConstraints)
    usage = extensions.get_extension_for_class(x509.KeyUsage)
    assert (constraints.critical, usage.critical) == (True, True)
    assert (constraints.value.ca, constraints.value.path_length) == (True, depth)
    assert uses(usage.value) == {"key_cert_sign", "crl_sign"}


@pytest.mark.parametrize("name", LEAVES)
def test_a_party_signs_no_certificate_and_only_rsa_moves_a_secret(pki: Folder, name: str) -> None:
    extensions = load(pki.public(name)).extensions
    constraints = extensions.get_extension_for_class(x509.BasicConstraints)
    usage = extensions.get_extension_for_class(x509.KeyUsage)
    assert (constraints.critical, usage.critical) == (True, True)
    assert constraints.value.ca is False
    wanted = {"digital_signature"} | ({"key_encipherment"} if name in WITH_RSA else set())
    assert uses(usage.value) == wanted


@pytest.mark.parametrize("name", LEAVES)
def test_a_ven_is_a_client_alone_and_a_vtn_is_both(pki: Folder, name: str) -> None:
    usage = load(pki.public(name)).extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    serves = {ExtendedKeyUsageOID.SERVER_AUTH} if name in VTN.values() else set()
    assert set(usage.value) == {ExtendedKeyUsageOID.CLIENT_AUTH} | serves


@pytest.mark.parametrize(
    ("name", "issuer"),
    [
        (VTN_CA, ROOT),
        (VEN_CA, ROOT),
        *((name, VTN_CA) for name in VTN.values()),
        (VEN_ECC, VEN_CA),
        (VEN_RSA, VEN_CA),
    ],
)
def test_every_certificate_names_the_key_of_its_issuer(pki: Folder, name: str, issuer: str) -> None:
    certificate, above = load(pki.public(name)), load(pki.public(issuer))
    certificate.verify_directly_issued_by(above)
    key = above.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    named = certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
    assert named.key_identifier == key.digest


@pytest.mark.parametrize("name", VTN.values())
def test_a_vtn_bears_its_hosts(pki: Folder, name: str) -> None:
    hosts = load(pki.public(name)).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert hosts.get_values_for_type(x509.DNSName) == ["localhost"]
    assert hosts.get_values_for_type(x509.IPAddress) == [ip_address("127.0.0.1")]


def test_a_ven_bears_its_name_and_nothing_else(pki: Folder) -> None:
    certificate = load(pki.public(VEN_ECC))
    assert [(part.oid, part.value) for part in certificate.subject] == [(NameOID.COMMON_NAME, VEN_ECC)]
    with pytest.raises(x509.ExtensionNotFound):
        certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)


def test_no_certificate_outlives_its_issuer(pki: Folder, now: datetime) -> None:
    issuer = pki.issuer(VEN_CA)
    late = issuer.certificate.not_valid_after_utc - timedelta(days=10)
    assert authority.leaf(issuer, "late", KeyType.ECC, late).certificate.not_valid_after_utc == (
        issuer.certificate.not_valid_after_utc
    )
    early = authority.leaf(issuer, "early", KeyType.ECC, now).certificate
    assert early.not_valid_after_utc - now >= timedelta(days=729)


def test_a_certificate_is_valid_for_a_peer_whose_clock_is_a_little_slow(pki: Folder, now: datetime) -> None:
    certificate = authority.leaf(pki.issuer(VEN_CA), "ven", KeyType.ECC, now).certificate
    assert certificate.not_valid_before_utc <= now - timedelta(minutes=4)


@pytest.mark.parametrize("host", ["vtn", "vtn.example.org", "a-1.example", "192.0.2.7", "2001:db8::1", "1a"])
def test_a_host_is_a_name_or_an_address(pki: Folder, now: datetime, host: str) -> None:
    certificate = authority.leaf(pki.issuer(VTN_CA), "vtn", KeyType.ECC, now, hosts=(host,)).certificate
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [str(name.value) for name in names] == [host]


@pytest.mark.parametrize(
    "host",
    [
        "",
        " ",
        ".",
        "https://vtn.example.org",
        "vtn.example.org:8443",
        "vtn.example.org\n",
        "*.example.org",
        "300.0.0.1",
        "1.2.3",
        "-a.example",
        "a..b",
        "bücher.example",
        "a" * 64,
        ".".join(["a" * 60] * 5),
    ],
)
def test_anything_else_is_no_host(pki: Folder, now: datetime, host: str) -> None:
    with pytest.raises(WrongName, match="neither a host name nor an address"):
        authority.leaf(pki.issuer(VTN_CA), "vtn", KeyType.ECC, now, hosts=(host,))


def uses(usage: x509.KeyUsage) -> set[str]:
    names = (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
    )
    return {name for name in names if getattr(usage, name)}
