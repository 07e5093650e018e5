"""The VTN's own signature, which a VEN checks with the certificate that the same connection has shown it."""

import secrets
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Self

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from certs import identity
from oadr.wire.messages import Message
from oadr.wire.signing import Signer


@dataclass(frozen=True, slots=True)
class Signers:
    """One for each kind of key that the server has for TLS. They are loaded once, at the start."""

    rsa: Signer | None
    ecc: Signer | None

    @classmethod
    def load(cls, chains: Iterable[Path]) -> Self:
        """From the PEM files that TLS uses; of two with one kind of key the first. Raises `CertificateError`."""
        rsa: Signer | None = None
        ecc: Signer | None = None
        for chain in chains:
            own = identity(chain)
            signer = Signer(own.key, own.certificate)
            if isinstance(own.key, RSAPrivateKey):
                rsa = rsa or signer
            else:
                ecc = ecc or signer
        return cls(rsa, ecc)

    def sign(self, message: Message, tls: ssl.SSLObject | None, now: datetime) -> bytes:
        """`message` for the connection `tls`, signed with the key whose certificate it has shown."""
        signer = self._of(tls)
        assert signer is not None, "a server without a key serves nobody"
        return signer.sign(message, now, secrets.token_hex(16))

    def _of(self, tls: ssl.SSLObject | None) -> Signer | None:
        """The suite names the key in TLS 1.2; in 1.3 it does not, and an ECC key goes first there."""
        name, version, _ = (tls.cipher() if tls else None) or ("", "", 0)
        if version == "TLSv1.2" and "ECDSA" not in name:
            return self.rsa or self.ecc
        return self.ecc or self.rsa
