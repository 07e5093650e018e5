"""A server that cannot start says why in one sentence, and a server that is asked to end does so well."""

import socket
from datetime import UTC, datetime
from pathlib import Path

import pytest

from certs.folder import Folder
from tests.faults.street import Street


async def refused(street: Street) -> str:
    """The one sentence of a server that did not start."""
    async with street.vtn() as vtn:
        assert await vtn.ended() == 1
    (sentence,) = vtn.lines
    assert sentence.startswith("vtn: ")
    return sentence


async def test_a_certificate_that_is_missing_is_named(tmp_path: Path) -> None:
    street = Street(tmp_path)
    chain = street.pki.secret("vtn-ecc")
    chain.unlink()
    assert str(chain) in await refused(street)


@pytest.mark.proves("r516")
async def test_a_certificate_that_has_expired_is_named(tmp_path: Path) -> None:
    street = Street(tmp_path)
    old = Folder(tmp_path / "old")
    old.init(("localhost",), datetime(2001, 1, 1, tzinfo=UTC))
    old.secret("vtn-rsa").replace(street.pki.secret("vtn-rsa"))
    sentence = await refused(street)
    assert str(street.pki.secret("vtn-rsa")) in sentence
    assert "expired" in sentence


async def test_a_port_that_is_taken_is_said(tmp_path: Path) -> None:
    street = Street(tmp_path)
    with socket.socket() as other:
        other.bind(("127.0.0.1", street.port))
        other.listen()
        assert "in use" in await refused(street)


async def test_a_server_that_is_asked_to_end_ends_well(tmp_path: Path) -> None:
    async with Street(tmp_path).vtn() as vtn:
        await vtn.line_with('"serving"')
        vtn.process.terminate()
        assert await vtn.ended() == 0
    assert not any("Traceback" in line for line in vtn.lines)
