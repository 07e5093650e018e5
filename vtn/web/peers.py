"""Whose certificate a connection has shown, and which site that is.

TLS has verified the chain before a request is read. A certificate is parsed once and its dates are looked at with
every request, since a connection may outlive it (r516).
"""

import ssl
from datetime import datetime
from functools import lru_cache
from typing import Final

from aiohttp import web

from certs import CertificateError, PeerCertificate, peer

KNOWN: Final = 4096
"""Certificates that are kept parsed."""

_parsed = lru_cache(KNOWN)(peer)


def certificate(request: web.BaseRequest, now: datetime) -> PeerCertificate:
    """The certificate of the connection. Raises `CertificateError`: none, unreadable, or not valid now."""
    connection = tls(request)
    der = connection.getpeercert(binary_form=True) if connection else None
    if der is None:
        raise CertificateError("the connection has shown no certificate")
    shown = _parsed(der)
    shown.check_dates(now)
    return shown


def tls(request: web.BaseRequest) -> ssl.SSLObject | None:
    """The TLS of the connection; None once it is gone."""
    transport = request.transport
    found: ssl.SSLObject | None = transport.get_extra_info("ssl_object") if transport else None
    return found
