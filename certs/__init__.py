"""Keys, certificates and TLS contexts for both ends. Imports nothing of ours."""

from certs.context import Profile, client_context, server_context
from certs.description import Description, describe
from certs.errors import CertificateError, WrongName
from certs.fingerprint import Fingerprint, Sha256
from certs.identity import Identity, identity
from certs.peer import PeerCertificate, peer
from certs.revocation import Revoked, revoked

__all__ = [
    "CertificateError",
    "Description",
    "Fingerprint",
    "Identity",
    "PeerCertificate",
    "Profile",
    "Revoked",
    "Sha256",
    "WrongName",
    "client_context",
    "describe",
    "identity",
    "peer",
    "revoked",
    "server_context",
]
