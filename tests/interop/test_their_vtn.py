"""openleadr's VTN with our VEN."""

import socket
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from openleadr import OpenADRServer

import certs
from certs.folder import Folder
from oadr.wire.ids import VenId
from oadr.wire.messages import Poll
from oadr.wire.messages.registration import ServiceName
from oadr.wire.signature import SignaturePolicy
from tests.interop.conftest import BOTH_WAYS, EVSE, PROGRAMMES, until
from tests.pki import VEN_ECC, ven_context
from ven import Limit, Measurement, Rating, Source, Ven, VenConfig
from ven.session import Request
from ven.transport.http import HttpPull, Rejected

pytestmark = pytest.mark.filterwarnings(
    "ignore::aiohttp.web_exceptions.NotAppKeyWarning"  # its server predates them
)

POWER = Decimal(4600)


class Charger:
    """Takes what it is told, and measures."""

    resource_id = EVSE
    rating = Rating(Decimal(32), 3)

    def __init__(self) -> None:
        self.limit: Limit | None = None

    async def apply(self, limit: Limit | None) -> None:
        self.limit = limit

    async def measure(self) -> Measurement:
        amps = self.limit.amps if self.limit else self.rating.amps
        return Measurement((amps,) * 3, POWER, Decimal(0))


class TheirVtn:
    """openleadr's server with one VEN, and a memory of what it was told."""

    def __init__(self, pki: Folder, port: int, signatures: SignaturePolicy) -> None:
        self.pki = pki
        self.port = port
        self.answers: list[tuple[str, str]] = []
        self.values: list[float] = []
        self.server = OpenADRServer(
            vtn_id="Their_VTN",
            http_port=port,
            http_host="127.0.0.1",
            http_cert=str(pki.public("vtn-ecc")),
            http_key=str(pki.secret("vtn-ecc")),
            http_ca_file=str(pki.public("root")),
            requested_poll_freq=timedelta(seconds=1),
            **self._signing(signatures),
            show_fingerprint=False,
        )
        self.server.add_handler("on_create_party_registration", self.register)
        self.server.add_handler("on_register_report", self.reports)

    def _signing(self, signatures: SignaturePolicy) -> dict[str, Any]:
        if signatures is SignaturePolicy.OFF:
            return {"verify_message_signatures": False}
        return {
            "verify_message_signatures": True,
            "cert": str(self.pki.public("vtn-ecc")),
            "key": str(self.pki.secret("vtn-ecc")),
            "ven_lookup": self.look_up,
        }

    def look_up(self, ven_id: str) -> dict[str, str]:
        fingerprint = certs.describe(self.pki.public(VEN_ECC), datetime.now(UTC)).fingerprint
        return {"ven_id": ven_id, "registration_id": "Registration_1", "fingerprint": fingerprint}

    async def register(self, _: dict[str, Any]) -> tuple[str, str]:
        return "Ven_1", "Registration_1"

    async def reports(  # it looks at the names of the parameters
        self,
        ven_id: str,
        resource_id: str,
        measurement: str,
        min_sampling_interval: timedelta,
        max_sampling_interval: timedelta,
        unit: str,
        scale: str,
    ) -> Any:
        """Wants the power, every second."""
        assert ven_id == "Ven_1"
        if unit != "W":
            return None
        assert (resource_id, measurement, scale) == (EVSE, "RealPower", "none")
        assert min_sampling_interval <= timedelta(seconds=1) <= max_sampling_interval
        return self.take, timedelta(seconds=1), timedelta(seconds=1)

    async def take(self, data: list[tuple[datetime, float]]) -> None:
        self.values.extend(value for _, value in data)

    async def answered(self, ven_id: str, event_id: str, opt_type: str) -> None:
        assert ven_id == "Ven_1"
        self.answers.append((event_id, opt_type))

    def limit(self) -> str:
        now = datetime.now(UTC)
        event_id: str = self.server.add_event(
            ven_id="Ven_1",
            event_id="Their_Event",
            signal_name="LOAD_CONTROL",
            signal_type="x-loadControlCapacity",
            intervals=[{"dtstart": now, "duration": timedelta(minutes=30), "signal_payload": 0.4}],
            market_context=f"{PROGRAMMES}/supply-limit",
            callback=self.answered,
        )
        return event_id


@pytest.fixture
async def their_vtn(
    pki: Folder, capsys: pytest.CaptureFixture[str], signatures: SignaturePolicy
) -> AsyncIterator[TheirVtn]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    vtn = TheirVtn(pki, port, signatures)
    await vtn.server.run()
    yield vtn
    await vtn.server.stop()
    capsys.readouterr()


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
