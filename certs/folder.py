"""Where keys and certificates lie: a folder whose names say what is secret.

certs/    root.pem  vtn-ca.pem  ven-ca.pem  vtn-rsa.pem  vtn-ecc.pem  <ven>.pem     0644
secrets/  root.key  vtn-ca.key  ven-ca.key                                          0600
          vtn-rsa.pem  vtn-ecc.pem  <ven>.pem      key and chain in one, as TLS wants them   0600
"""

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.serialization import Encoding

from certs import authority
from certs.authority import Issued, KeyType
from certs.certificate import load
from certs.errors import CertificateError, WrongName
from certs.identity import load_key

ROOT: Final = "root"
VTN_CA: Final = "vtn-ca"
VEN_CA: Final = "ven-ca"
VTN: Final = {kind: f"vtn-{kind}" for kind in KeyType}

SECRET: Final = 0o600
PUBLIC: Final = 0o644

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
"""A file name everywhere, and as long as the subject of a certificate may be."""


@dataclass(frozen=True, slots=True)
class Folder:
    """A PKI on disk. Nothing is ever overwritten."""

    path: Path

    @property
    def certs(self) -> Path:
        return self.path / "certs"

    @property
    def secrets(self) -> Path:
        return self.path / "secrets"

    def public(self, name: str) -> Path:
        """The certificate chain of `name`, for anybody."""
        return self.certs / f"{name}.pem"

    def secret(self, name: str) -> Path:
        """Key and chain of `name` in one PEM file, for its owner."""
        return self.secrets / f"{name}.pem"

    def init(self, hosts: tuple[str, ...], now: datetime) -> None:
        """Root, both CAs and a VTN in RSA and P-256. Raises `CertificateError` if anything is there already."""
        if _exists(self.public(VEN_CA)):
            raise CertificateError(f"{self.path} holds a PKI already; choose another folder")
        self._refuse_remains()
        root = authority.root("Feederguard root", now)
        vtn_ca = authority.authority(root, "Feederguard VTN CA", now)
        ven_ca = authority.authority(root, "Feederguard VEN CA", now)
        vtns = {name: authority.leaf(vtn_ca, "vtn", kind, now, hosts=hosts) for kind, name in VTN.items()}
        with _writing(self.path):
            self.path.mkdir(mode=0o755, parents=True, exist_ok=True)
            self.certs.mkdir(mode=0o755, exist_ok=True)
            self.secrets.mkdir(mode=0o700, exist_ok=True)
            self.secrets.chmod(0o700)
        self._store_authority(ROOT, root)
        self._store_authority(VTN_CA, vtn_ca)
        for name, issued in vtns.items():
            self._store(name, issued)
        self._store_authority(VEN_CA, ven_ca)  # last: without it nothing is issued, so a PKI cut short shows

    def issue_ven(self, name: str, kind: KeyType, now: datetime) -> Path:
        """A VEN's certificate; its subject is `name` alone. Returns the secret file. Raises `CertificateError`."""
        if not _NAME.fullmatch(name) or name in (ROOT, VTN_CA, VEN_CA, *VTN.values()):
            raise WrongName(
                f"{name!r} cannot be the name of a VEN: up to 64 letters, digits, `.`, `_` and `-`, and not"
                f" one of {', '.join((ROOT, VTN_CA, VEN_CA, *VTN.values()))}"
            )
        for path in (self.secret(name), self.public(name)):
            if _exists(path):
                raise CertificateError(f"{path} exists already; move it away to issue another")
        issuer = self.issuer(VEN_CA)
        if not issuer.certificate.not_valid_before_utc <= now < issuer.certificate.not_valid_after_utc:
            raise CertificateError(f"{self.public(VEN_CA)} is not valid at this time")
        self._store(name, authority.leaf(issuer, name, kind, now))
        return self.secret(name)

    def issuer(self, name: str) -> Issued:
        """A CA with its key. Raises `CertificateError`."""
        if not _exists(self.public(name)):
            self._refuse_remains()
            raise CertificateError(f"{self.path} holds no PKI; make one with `certs init`")
        certificate, key = load(self.public(name)), load_key(self._key(name))
        if key.public_key() != certificate.public_key():
            raise CertificateError(f"{self._key(name)} is not the key of {self.public(name)}")
        return Issued(key, certificate)

    def _refuse_remains(self) -> None:
        for path in (self.certs, self.secrets):
            if _exists(path) and (not path.is_dir() or any(path.iterdir())):
                raise CertificateError(
                    f"{self.path} holds a part of a PKI, as a `certs init` that was cut short leaves it;"
                    " move `certs` and `secrets` away and begin again"
                )

    def _store(self, name: str, issued: Issued) -> None:
        _write(self.secret(name), issued.key_pem + issued.chain_pem, SECRET)
        _write(self.public(name), issued.chain_pem, PUBLIC)

    def _store_authority(self, name: str, issued: Issued) -> None:
        _write(self._key(name), issued.key_pem, SECRET)
        _write(self.public(name), issued.certificate.public_bytes(Encoding.PEM), PUBLIC)

    def _key(self, name: str) -> Path:
        return self.secrets / f"{name}.key"


def _write(path: Path, content: bytes, mode: int) -> None:
    """Whole or not at all, and never over another: a new file beside it, flushed, then linked to its name."""
    with _writing(path):
        descriptor, fresh = tempfile.mkstemp(
            prefix=".", suffix=".new", dir=path.parent
        )  # 0600 from the start
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fchmod(descriptor, mode)
                os.fsync(descriptor)
            path.hardlink_to(fresh)
        finally:
            Path(fresh).unlink()
        _flush(path.parent)


def _exists(path: Path) -> bool:
    with _writing(path):  # whoever may not look may not write either
        return path.exists()


def _flush(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except FileExistsError as error:
        raise CertificateError(f"{path} exists already; nothing is overwritten") from error
    except OSError as error:
        raise CertificateError(f"{path} cannot be written: {error.strerror}") from error
