"""openleadr's VTN, run as it is, with one VEN, and a memory of what it is told and says."""

import socket
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self

from aiohttp import web
from openleadr import OpenADRServer, messaging
from openleadr.objects import Measurement
from openleadr.service import VTNService

import certs
from certs.folder import Folder
from oadr.wire.ids import ResourceId
from oadr.wire.signature import SignaturePolicy
from tests.interop.site import EVSE, PROGRAMMES
from tests.interop.their_ven import Said
from tests.pki import VEN_ECC
from ven import Limit, Rating
from ven import Measurement as Measured

POWER = Decimal(4600)
SECOND = timedelta(seconds=1)
VEN_ID, REGISTRATION_ID = "Ven_1", "Registration_1"
CAPACITY, LEVEL = ("LOAD_CONTROL", "x-loadControlCapacity"), ("SIMPLE", "level")


class Charger:
    """Takes what it is told, and measures."""

    rating = Rating(Decimal(32), 3)

    def __init__(self, resource_id: ResourceId = EVSE) -> None:
        self.resource_id = resource_id
        self.limit: Limit | None = None
        self.told: list[Decimal | None] = []
        """A"""
        self.times: list[datetime] = []
        """Of what it was told."""

    async def apply(self, limit: Limit | None) -> None:
        self.limit = limit
        self.told.append(limit.amps if limit else None)
        self.times.append(datetime.now(UTC))

    async def measure(self) -> Measured:
        amps = self.limit.amps if self.limit else self.rating.amps
        return Measured((amps,) * 3, POWER, Decimal(0))


class TheirVtn:
    """Asks for the power, every second; what else it does, tests tell it."""

    def __init__(
        self,
        pki: Folder,
        signatures: SignaturePolicy,
        kind: str = "ecc",
        ven: str = VEN_ECC,
        vtn_id: str = "Their_VTN",
        programmes: str = PROGRAMMES,
    ) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self._fingerprint = certs.describe(pki.public(ven), datetime.now(UTC)).fingerprint
        self.vtn_id, self.programmes, self.ven_id = vtn_id, programmes, VEN_ID
        self.knows_it = True
        self.measured: str = EVSE
        self.every = self.report_back = SECOND
        self.mail: deque[Said] = deque()
        self.answers: list[tuple[str, str]] = []
        self.values: list[float] = []
        self.heard: list[Said] = []
        self.heard_at: list[datetime] = []
        self.said: list[tuple[str, str, dict[str, Any]]] = []
        """What was asked, and what it answered where that was XML."""
        self.statuses: list[tuple[str, int]] = []
        chain, key = str(pki.public(f"vtn-{kind}")), str(pki.secret(f"vtn-{kind}"))
        signs = signatures is not SignaturePolicy.OFF
        self.server = OpenADRServer(
            vtn_id=vtn_id,
            http_port=self.port,
            http_host="127.0.0.1",
            http_cert=chain,
            http_key=key,
            http_ca_file=str(pki.public("root")),
            requested_poll_freq=SECOND,
            verify_message_signatures=signs,
            **({"cert": chain, "key": key} if signs else {}),
            ven_lookup=self.look_up,
            show_fingerprint=False,
        )
        for service in self.server.services.values():  # it keeps these with the class, for all servers alike
            for name in ("verify_message_signatures", "_create_message", "ven_lookup"):
                setattr(service, name, getattr(VTNService, name))
        self.server.add_handler("on_create_party_registration", self.register)
        self.server.add_handler("on_cancel_party_registration", self.deregister)
        self.server.add_handler("on_register_report", self.reports)
        self.server.app.middlewares.append(self._remember)

    async def __aenter__(self) -> Self:
        await self.server.run()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.server.stop()

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}"

    @web.middleware
    async def _remember(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        name, payload = messaging.parse_message(await request.read())
        self.heard.append((name, payload))
        self.heard_at.append(datetime.now(UTC))
        try:
            response = await handler(request)
        except web.HTTPNotFound:
            self.statuses.append((name, 404))
            raise
        self.statuses.append((name, response.status))
        if response.status == HTTPStatus.OK and isinstance(response, web.Response) and response.text:
            self.said.append((name, *messaging.parse_message(response.text.encode())))
        return response

    def got(self, name: str) -> list[dict[str, Any]]:
        return [message for kind, message in self.heard if kind == name]

    def answers_to(self, asked: str) -> list[Said]:
        return [(name, payload) for about, name, payload in self.said if about == asked]

    # --- what it asks its user ---

    def look_up(self, ven_id: str) -> dict[str, str] | None:
        if not self.knows_it:
            return None
        return {"ven_id": ven_id, "registration_id": REGISTRATION_ID, "fingerprint": self._fingerprint}

    async def register(self, request: dict[str, Any]) -> tuple[str, str]:
        """A VEN that has a name already keeps it."""
        self.knows_it = True
        self.ven_id = request.get("ven_id", VEN_ID)
        return self.ven_id, REGISTRATION_ID

    async def deregister(self, request: dict[str, Any]) -> None:
        self.knows_it = False
        assert (request["ven_id"], request["registration_id"]) == (self.ven_id, REGISTRATION_ID)

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
        assert ven_id == self.ven_id
        if unit != "W" or resource_id != self.measured:
            return None
        assert (measurement, scale) == ("RealPower", "none")
        assert min_sampling_interval <= SECOND <= max_sampling_interval
        return self.take, self.every, self.report_back

    async def take(self, data: list[tuple[datetime, float]]) -> None:
        self.values.extend(value for _, value in data)

    async def answered(self, ven_id: str, event_id: str, opt_type: str) -> None:
        assert ven_id == self.ven_id
        self.answers.append((event_id, opt_type))

    def hand_out(self, *mail: Said) -> None:
        """These, at the next polls: its way for messages of its user's own, after which it has no events."""
        self.mail.extend(mail)
        self.server.add_handler("on_poll", self._poll)

    def _poll(self, ven_id: str) -> Said | None:
        assert ven_id == self.ven_id
        return self.mail.popleft() if self.mail else None

    # --- events ---

    def limit(self) -> str:
        """40 % from now on, in an emergency."""
        return self.add("Their_Event", programme="supply-limit")

    def add(
        self,
        event_id: str,
        *values: float,
        start: datetime | None = None,
        each: timedelta = timedelta(minutes=30),
        signal: tuple[str, str] = CAPACITY,
        programme: str = "load-shift",
        unit: Measurement | None = None,
        period: Mapping[str, Any] | None = None,
        **more: Any,
    ) -> str:
        """Intervals of a share of the rated current, unless it is said otherwise.

        Its own way to add an event has no unit, and forgets all of the active period but start and duration:
        these are set afterwards.
        """
        begin = start or datetime.now(UTC)
        added: str = self.server.add_event(
            ven_id=VEN_ID,
            event_id=event_id,
            signal_name=signal[0],
            signal_type=signal[1],
            intervals=[
                {"dtstart": begin + number * each, "duration": each, "signal_payload": value}
                for number, value in enumerate(values or (0.4,))
            ],
            market_context=f"{self.programmes}/{programme}",
            callback=self.answered,
            **more,
        )
        event = self.event(event_id)
        event.event_signals[0].measurement = unit
        event.active_period.update(period or {})
        return added

    def event(self, event_id: str) -> Any:
        """Its own, which may be changed."""
        return next(one for one in self.server.events[VEN_ID] if one.event_descriptor.event_id == event_id)

    def changed(self) -> None:
        """The list is handed out at the next poll."""
        self.server.events_updated[VEN_ID] = True
