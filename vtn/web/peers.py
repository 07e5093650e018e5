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
    transport = request.transport
    tls: ssl.SSLObject | None = transport.get_extra_info("ssl_object") if transport else None
    der = tls.getpeercert(binary_form=True) if tls else None
    if der is None:
        raise CertificateError("the connection has shown no certificate")
    shown = _parsed(der)
    shown.check_dates(now)
    return shown
