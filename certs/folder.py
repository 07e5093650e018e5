"""Where keys and certificates lie: a folder whose names say what is secret.

certs/    root.pem  vtn-ca.pem  ven-ca.pem  vtn-rsa.pem  vtn-ecc.pem  <ven>.pem     0644
secrets/  root.key  vtn-ca.key  ven-ca.key                                          0600
          vtn-rsa.pem  vtn-ecc.pem  <ven>.pem      key and chain in one, as TLS wants them   0600
"""

import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from certs import authority
from certs.authority import Issued, KeyType
from certs.errors import CertificateError

ROOT: Final = "root"
VTN_CA: Final = "vtn-ca"
VEN_CA: Final = "ven-ca"


@dataclass(frozen=True, slots=True)
class Folder:
    """A PKI on disk. Nothing is ever overwritten."""

    path: Path

    def public(self, name: str) -> Path:
        """The certificate chain of `name`, for anybody."""
        return self.path / "certs" / f"{name}.pem"

    def secret(self, name: str) -> Path:
        """Key and chain of `name` in one PEM file, for its owner."""
        return self.path / "secrets" / f"{name}.pem"

    def init(self, hosts: tuple[str, ...], now: datetime) -> None:
        """Root, both CAs and a VTN in RSA and P-256. Raises `CertificateError` if there is one already."""
        if self.public(ROOT).exists():
            raise CertificateError(f"{self.path} holds a PKI already; choose another folder")
        root = authority.root("Feederguard root", now)
        vtn_ca = authority.authority(root, "Feederguard VTN CA", now)
        ven_ca = authority.authority(root, "Feederguard VEN CA", now)
        for name, issued in ((ROOT, root), (VTN_CA, vtn_ca), (VEN_CA, ven_ca)):
            _write(self._key(name), issued.key_pem, 0o600)
            _write(self.public(name), issued.certificate.public_bytes(Encoding.PEM), 0o644)
        for kind in KeyType:
            self._store(f"vtn-{kind}", authority.leaf(vtn_ca, "vtn", kind, now, hosts=hosts))

    def issue_ven(self, name: str, kind: KeyType, now: datetime) -> Path:
        """A VEN's certificate; its subject is `name` alone. Returns the secret file."""
        if not name or "/" in name or name.startswith(".") or name in (ROOT, VTN_CA, VEN_CA):
            raise CertificateError(f"{name!r} cannot be the name of a VEN")
        return self._store(name, authority.leaf(self._authority(VEN_CA), name, kind, now))

    def _store(self, name: str, issued: Issued) -> Path:
        if self.public(name).exists():
            raise CertificateError(f"{self.public(name)} exists already")
        _write(self.secret(name), issued.key_pem + issued.chain_pem, 0o600)
        _write(self.public(name), issued.chain_pem, 0o644)
        return self.secret(name)

    def _key(self, name: str) -> Path:
        return self.path / "secrets" / f"{name}.key"

    def _authority(self, name: str) -> Issued:
        try:
            key = load_pem_private_key(self._key(name).read_bytes(), None)
            certificate = x509.load_pem_x509_certificate(self.public(name).read_bytes())
        except (OSError, ValueError) as error:
            raise CertificateError(f"{self.path} holds no usable {name}; run `certs init` first") from error
        if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
            raise CertificateError(f"{self._key(name)} is of a kind that signs no certificates here")
        return Issued(key, certificate)


def _write(path: Path, content: bytes, mode: int) -> None:
    """Whole or not at all: a new file beside it, flushed, renamed, and the folder flushed."""
    is_secret = mode == 0o600
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700 if is_secret else 0o755)
    fresh = path.with_name(f".{path.name}.new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(descriptor, mode)
        file.write(content)
        file.flush()
        os.fsync(descriptor)
    os.replace(fresh, path)
    folder = os.open(path.parent, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)
