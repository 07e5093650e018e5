"""Certificates, trust and revocations are files; when one has changed all are read again, without a restart (B21).

What cannot be read changes nothing: the server goes on with what it has, and says so once.
"""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Self

from certs import CertificateError, Description, Profile, Revoked, describe, revoked, server_context
from vtn.web.signing import Signers

Stamp = tuple[tuple[int, int, int] | None, ...]


@dataclass(frozen=True, slots=True)
class Files:
    """Where they lie."""

    chains: tuple[Path, ...]
    trust: Path
    crl: Path | None
    profile: Profile

    def stamp(self) -> Stamp:
        """Different as soon as one of them was written, replaced or removed."""
        return tuple(_stamp(path) for path in (*self.chains, self.trust, *((self.crl,) if self.crl else ())))


@dataclass(frozen=True, slots=True)
class Credentials:
    """All that they say, read at one time."""

    context: ssl.SSLContext
    signers: Signers
    revoked: Revoked
    ends: Mapping[str, datetime]
    """When each runs out: rsa, ecc, trust, crl."""
    warnings: tuple[str, ...]

    @classmethod
    def load(cls, files: Files, now: datetime) -> Self:
        """Takes 50 ms, for the sake of an RSA key. Raises `CertificateError`, also for an expired one (r516)."""
        ends: dict[str, datetime] = {}
        warnings: list[str] = []
        for chain in files.chains:
            found = describe(chain, now)
            if found.days_left < 0:
                raise CertificateError(f"{chain} has expired: no traffic with it")
            if found.warning:
                warnings.append(f"{chain} {found.warning}")
            kind, end = ("rsa" if found.key.startswith("RSA") else "ecc"), _end(found)
            ends[kind] = min(end, ends.get(kind, end))
        ends["trust"] = _end(describe(files.trust, now))
        taken_back = revoked(files.crl, files.trust) if files.crl else Revoked()
        if taken_back.next_update:
            ends["crl"] = taken_back.next_update
            if now > taken_back.next_update:
                warnings.append(f"{files.crl} is out of date; what it lists stays revoked")
        context = server_context(files.chains, files.trust, files.profile)
        return cls(context, Signers.load(files.chains), taken_back, ends, tuple(warnings))

    @property
    def end(self) -> datetime:
        """Of the first of our own certificates."""
        return min(end for name, end in self.ends.items() if name not in ("trust", "crl"))


def _end(found: Description) -> datetime:
    return datetime.fromisoformat(found.not_after)


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
