"""What a VEN signs, and which replies it believes (r514)."""

import secrets
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from typing import Final, Self

from cryptography import x509

from certs import CertificateError, identity, peer
from oadr.wire import envelope
from oadr.wire.envelope import Terms
from oadr.wire.errors import Forged
from oadr.wire.messages import Message, Response
from oadr.wire.replay import Recent
from oadr.wire.schema import Schema
from oadr.wire.signature import SignaturePolicy
from oadr.wire.signing import Signer
from ven.config import VenConfig

VTN: Final = "vtn"
"""There is one, so its nonces need no other name."""

_parsed = lru_cache(2)(peer)
"""A VTN shows the same certificate for years."""


class Signatures:
    """Of one VEN and its VTN. Without a `signer` nothing is signed; what the VTN signs is verified all the same."""

    def __init__(self, policy: SignaturePolicy, signer: Signer | None, now: Callable[[], datetime]) -> None:
        self._policy = policy
        self._signer = signer
        self._now = now
        self._seen = Recent()

    @classmethod
    def load(cls, config: VenConfig, now: Callable[[], datetime]) -> Self:
        """With the key of the VEN's TLS, unless signatures are off. Raises `CertificateError`."""
        if not config.signs:
            return cls(config.signatures, None, now)
        own = identity(config.certificate)
        return cls(config.signatures, Signer(own.key, own.certificate), now)

    def write(self, message: Message) -> bytes:
        """The bytes of one attempt: a retry has a time and a nonce of its own."""
        if self._signer is None:
            return envelope.write(message)
        return self._signer.sign(message, self._now(), secrets.token_hex(16))

    def read(
        self,
        raw: bytes,
        sent: Message,
        schema: Schema | None,
        *,
        limit: int,
        shown: bytes | None,
        elapsed: float,
    ) -> Message | None:
        """The reply to `sent`, None for an empty one. Raises a `PeerError`.

        `shown` is the certificate (DER) of the connection, whose chain and name TLS has verified: it and no other
        verifies the signature. `elapsed` counts the seconds of a clock that never goes back.
        """
        if not raw:
            # To an oadrResponse there is no answer but an empty one. Elsewhere it would acknowledge unsigned.
            if self._policy is SignaturePolicy.REQUIRED and not isinstance(sent, Response):
                raise Forged("not signed")
            return None
        opened = envelope.open(raw, schema, Terms(self._policy, _pinned(shown)), self._now(), limit=limit)
        if opened.once:
            self._seen.spend(VTN, opened.once, elapsed)
        return opened.message


def _pinned(shown: bytes | None) -> x509.Certificate | None:
    try:
        return _parsed(shown).certificate if shown else None
    except CertificateError as error:
        raise Forged("the certificate of the connection is not readable") from error
