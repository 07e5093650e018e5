"""One PKI for each run of the tests, copied to wherever a test wants it: RSA keys take long to make."""

import atexit
import shutil
import ssl
import tempfile
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from certs import Profile, client_context, server_context
from certs.authority import KeyType
from certs.folder import VEN_CA, VTN, VTN_CA, Folder

VEN_ECC = "ven-ecc"
VEN_RSA = "ven-rsa"


def make_pki(folder: Path) -> Folder:
    """A PKI in the new `folder`, with a VTN at localhost and 127.0.0.1 and the VENs `ven-ecc` and `ven-rsa`.

    Every PKI of a run has the same keys; more VENs come from `issue_ven`.
    """
    shutil.copytree(_original(), folder)
    return Folder(folder)


def vtn_context(pki: Folder, profile: Profile = Profile.OPENADR) -> ssl.SSLContext:
    return server_context(tuple(pki.secret(name) for name in VTN.values()), pki.public(VEN_CA), profile)


def ven_context(pki: Folder, name: str = VEN_ECC, profile: Profile = Profile.OPENADR) -> ssl.SSLContext:
    return client_context(pki.secret(name), pki.public(VTN_CA), profile)


@cache
def _original() -> Path:
    outside = Path(tempfile.mkdtemp(prefix="pki-"))
    atexit.register(shutil.rmtree, outside, ignore_errors=True)
    pki, now = Folder(outside / "pki"), datetime.now(UTC)
    pki.init(("localhost", "127.0.0.1"), now)
    pki.issue_ven(VEN_ECC, KeyType.ECC, now)
    pki.issue_ven(VEN_RSA, KeyType.RSA, now)
    return pki.path
