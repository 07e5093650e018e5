"""openleadr's VTN with our VEN."""

import asyncio
import ssl
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from certs.folder import Folder
from oadr.wire.ids import VenId
from oadr.wire.messages import Poll
from oadr.wire.messages.registration import ServiceName
from oadr.wire.signature import SignaturePolicy
from tests.interop.site import BOTH_WAYS, PROGRAMMES, until
from tests.interop.their_vtn import POWER, Charger, TheirVtn
from tests.pki import VEN_ECC, VEN_RSA, ven_context
from ven import Source, Ven, VenConfig
from ven.session import Request
from ven.transport.http import HttpPull, Rejected

pytestmark = pytest.mark.filterwarnings(
    "ignore::aiohttp.web_exceptions.NotAppKeyWarning"  # its server predates them
)


@pytest.mark.proves("r510", "r514")
@BOTH_WAYS
async def test_our_ven_registers_is_limited_answers_and_reports(
    tmp_path: Path, pki: Folder, their_vtn: TheirVtn, signatures: SignaturePolicy
) -> None:
    config = VenConfig(
        vtn_url=f"https://localhost:{their_vtn.port}",
        certificate=pki.secret(VEN_ECC),
        trust=pki.public("vtn-ca"),
        state=tmp_path / "state",
        market_contexts=PROGRAMMES,
        name="ours",
        sample_every=timedelta(seconds=1),
        signatures=signatures,
    )
    charger = Charger()
    async with Ven(config, [charger]) as ven:

        async def registered() -> bool:
            return ven.memory.registration is not None and bool(ven.memory.orders)

        await until(registered)
        event_id = their_vtn.limit()

        async def limited() -> bool:
            return charger.limit is not None and bool(their_vtn.answers)

        await until(limited)
        assert charger.limit is not None
        assert (charger.limit.amps, charger.limit.source) == (Decimal("12.8"), Source.SUPPLY_LIMIT)
        assert charger.limit.because == event_id
        assert their_vtn.answers == [(event_id, "optIn")]

        async def reported() -> bool:
            return float(POWER) in their_vtn.values

        await until(reported)


@pytest.mark.proves("r514")
async def test_our_ven_with_rsa_is_taken_too(tmp_path: Path, pki: Folder) -> None:
    signatures = SignaturePolicy.REQUIRED
    async with TheirVtn(pki, signatures, ven=VEN_RSA) as their_vtn:
        config = VenConfig(
            vtn_url=their_vtn.url,
            certificate=pki.secret(VEN_RSA),
            trust=pki.public("vtn-ca"),
            state=tmp_path / "state",
            market_contexts=PROGRAMMES,
            signatures=signatures,
        )
        async with Ven(config, [Charger()]):

            async def polled() -> bool:
                return ("oadrPoll", 200) in their_vtn.statuses

            await until(polled)


async def test_with_rsa_they_have_no_suite_of_the_profile(pki: Folder) -> None:
    """Python's own list, which they leave as it is, has no suite without forward secrecy: nobody of r67 gets in."""
    async with TheirVtn(pki, SignaturePolicy.OFF, kind="rsa") as their_vtn:
        theirs = {suite["name"] for suite in their_vtn.server.ssl_context.get_ciphers()}
        profile = {
            suite["name"] for suite in ven_context(pki).get_ciphers() if suite["protocol"] == "TLSv1.2"
        }
        assert theirs & profile == {"ECDHE-ECDSA-AES128-SHA256"}, "which wants an ECC certificate"
        with pytest.raises((ConnectionError, ssl.SSLError)):
            await asyncio.open_connection("localhost", their_vtn.port, ssl=ven_context(pki))


@pytest.mark.parametrize("signatures", [SignaturePolicy.REQUIRED])
async def test_they_answer_what_is_not_signed_by_500_where_they_verify(
    pki: Folder, their_vtn: TheirVtn
) -> None:
    url, patience = f"https://localhost:{their_vtn.port}", timedelta(seconds=10)
    transport = HttpPull(url, ven_context(pki), None, patience)
    try:
        with pytest.raises(Rejected, match="500"):
            await transport.exchange(Request(ServiceName.POLL, Poll(ven_id=VenId("Ven_1"))))
    finally:
        await transport.close()
