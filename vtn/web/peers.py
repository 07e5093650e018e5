"""Whose certificate a connection has shown.

TLS has verified the chain before a request is read. The dates are looked at with every request, since a connection may
outlive its certificate (r516).
"""

from datetime import datetime

from aiohttp import web

from certs import CertificateError, PeerCertificate
from vtn.web.connections import Connection


def connection(request: web.BaseRequest) -> Connection:
    """Raises `CertificateError`: this is none of our own listener, so nobody has looked at a certificate."""
    found = request.protocol
    if not isinstance(found, Connection):
        raise CertificateError("the connection has shown no certificate")
    return found


def certificate(request: web.BaseRequest, now: datetime) -> PeerCertificate:
    """The certificate of the connection. Raises `CertificateError`: none, unreadable, or not valid now."""
    shown = connection(request).shown
    if shown is None:
        raise CertificateError("the connection has shown no certificate")
    shown.check_dates(now)
    return shown
