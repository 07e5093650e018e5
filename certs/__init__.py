"""Keys, certificates and TLS contexts for both ends. Imports nothing of ours."""

from certs.context import Profile, client_context, server_context
from certs.errors import CertificateError
from certs.fingerprint import Fingerprint, Sha256
from certs.peer import PeerCertificate, peer

__all__ = [
    "CertificateError",
    "Fingerprint",
    "PeerCertificate",
    "Profile",
    "Sha256",
    "client_context",
    "peer",
    "server_context",
]
