"""What a library would write of a signed message into the logs of our programs."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pytest

from certs import identity
from oadr.wire import envelope
from oadr.wire.envelope import Terms
from oadr.wire.ids import VenId
from oadr.wire.messages import Poll
from oadr.wire.signature import SignaturePolicy
from oadr.wire.signing import Signer
from tests.pki import VEN_ECC, make_pki
from ven.daemon import config as ven_config
from ven.daemon.log import Log
from vtn import config as vtn_config
from vtn.commands import serve

LOGS: dict[str, Callable[[], object]] = {
    "vtn": lambda: serve.logger(vtn_config.LogForm.JSON, StringIO()),
    "ven": lambda: Log(ven_config.LogForm.JSON, StringIO()),
}


@pytest.mark.parametrize("program", LOGS)
def test_no_text_of_a_signed_message_is_logged_even_where_all_is(
    tmp_path: Path, program: str, caplog: pytest.LogCaptureFixture
) -> None:
    own = identity(make_pki(tmp_path / "pki").secret(VEN_ECC))
    now = datetime.now(UTC)
    caplog.set_level(logging.DEBUG)
    LOGS[program]()
    raw = Signer(own.key, own.certificate).sign(Poll(ven_id=VenId("Mill_Lane_3")), now, "n1")
    envelope.open(raw, None, Terms(SignaturePolicy.REQUIRED, own.certificate), now)
    assert not caplog.records
