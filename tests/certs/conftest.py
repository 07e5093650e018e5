"""One PKI that every test here may read, and one moment."""

from datetime import UTC, datetime

import pytest

from certs.folder import Folder
from tests.pki import make_pki


@pytest.fixture(scope="session")
def now() -> datetime:
    """The real time: OpenSSL compares dates with its own clock."""
    return datetime.now(UTC)


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    """Not to be written to."""
    return make_pki(tmp_path_factory.mktemp("certs") / "pki")
