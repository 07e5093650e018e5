"""An evening of openleadr's VTN and our VEN: everything that they can play, one list of events after the other."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from openleadr import utils
from openleadr.enums import MEASUREMENTS
from openleadr.objects import Measurement

from certs.folder import Folder
from oadr.wire.ids import EventId, ResourceId
from oadr.wire.signature import SignaturePolicy
from tests.interop.site import FEEDER, until
from tests.interop.their_ven import Said
from tests.interop.their_vtn import LEVEL, REGISTRATION_ID, SECOND, VEN_ID, Charger, TheirVtn
from tests.pki import VEN_ECC
from tests.ven.stage import Loaded
from ven import Ven, VenConfig
from ven.events import HeldEvent
from ven.news import PeerComplained

HOUR, MINUTES = timedelta(hours=1), timedelta(minutes=5)
SMALL_STEPS = timedelta(seconds=0.01)
LONG_NAME = f"Their_VTN_{'long_' * 200}"
LONG_PROGRAMMES = f"https://dso.example/{'long/' * 400}programmes"
EURO_PER_KWH = Measurement(name="currencyPerKWh", description="currencyPerKWh", unit="EUR", scale="none")
PRICE, DISPATCH = ("ELECTRICITY_PRICE", "price"), ("LOAD_DISPATCH", "setpoint")
CHARGERS = (
    "plain",
    "test",
    "active",
    "missing",
    "late",
    "simple",
    "moved",
    "random",
    "dropped",
    "dispatch",
    "never",
)
"""Each has its own events that run, so that none hides another's effect."""


@dataclass
class Played:
    vtn: TheirVtn
    amps: dict[str, dict[str, Decimal | None]] = field(default_factory=dict)
    """What each charger was told, at the moments that bear these names."""
    told: dict[str, list[tuple[datetime, Decimal | None]]] = field(default_factory=dict)
    """The same from the beginning to the end."""
    held: dict[str, dict[str, HeldEvent]] = field(default_factory=dict)
    """The events that the VEN held at these moments, by their names."""
    known_as: tuple[str, str] = ("?", "?")
    """The names of the VTN and the VEN, as the VEN knows them."""
    complaints: tuple[PeerComplained, ...] = ()
    """What the VEN was refused."""
    kept: tuple[str, ...] = ()
    """The events that the VEN held after the list had become empty."""
    stretch: tuple[datetime, datetime] = (datetime.min, datetime.max)
    """Of the history that was asked for in part."""
    soon: datetime = datetime.min
    """When the reports were to begin that were asked for ahead of their time."""
    remains: str = "?"
    """Of its registration, at the end."""

    def words(self, event_id: str) -> list[tuple[int, int, str]]:
        """Modification, code and opt of each answer to it."""
        said = [
            word
            for message in self.vtn.got("oadrCreatedEvent")
            for word in message.get("event_responses", ())
        ]
        return [
            (word["modification_number"], int(word["response_code"]), word["opt_type"])
            for word in said
            if word["event_id"] == event_id
        ]

    def first_polled(self, event_id: str, number: int) -> datetime:
        """When it asked for what it answered so, at the latest."""
        polled = datetime.min.replace(tzinfo=UTC)
        for at, (name, payload) in zip(self.vtn.heard_at, self.vtn.heard, strict=True):
            if name == "oadrPoll":
                polled = at
            words = payload.get("event_responses", ()) if name == "oadrCreatedEvent" else ()
            if (event_id, number) in [(one["event_id"], one["modification_number"]) for one in words]:
                return polled
        raise AssertionError(f"no answer to {event_id} in its modification {number}")

    def course(self, charger: str) -> list[Decimal | None]:
        return [amps for _, amps in self.told[charger]]

    def reports(self, request_id: str) -> list[dict[str, Any]]:
        found = [report for update in self.vtn.got("oadrUpdateReport") for report in update["reports"]]
        return [report for report in found if report["report_request_id"] == request_id]


class Evening:
    def __init__(self, folder: Path, pki: Folder, vtn: TheirVtn, signatures: SignaturePolicy) -> None:
        self.vtn = vtn
        self.chargers = {name: Charger(ResourceId(name)) for name in CHARGERS}
        self.dice = Loaded()
        self.played = Played(vtn)
        begins = datetime.now(UTC).replace(microsecond=0) + 2 * SECOND
        self.stretch = (begins, begins + 3 * SECOND)
        vtn.measured, vtn.report_back = "plain", 2 * SECOND
        self.config = VenConfig(
            vtn_url=vtn.url,
            certificate=pki.secret(VEN_ECC),
            trust=pki.public("vtn-ca"),
            state=folder / "ven",
            market_contexts=LONG_PROGRAMMES,
            groups=frozenset({FEEDER}),
            name="ours",
            signatures=signatures,
            randomise_default=timedelta(),
            restore_max=SECOND,
            ramp_every=SMALL_STEPS,
            retry_cap=timedelta(seconds=0.2),
        )

    async def play(self) -> Played:
        self.already_there()
        async with Ven(self.config, tuple(self.chargers.values()), dice=self.dice) as ven:
            await self._until(lambda: bool(self.played.words("Early")))
            self.news()
            self.what_runs()
            await self._until(lambda: bool(self.played.words("Shift")))
            await self._until(lambda: Decimal("12.8") in self.chargers["simple"].told)
            await self._until(lambda: self._amps("random") is not None)
            self._note("all run", ven)
            self.dice.share = 0.0
            await ven.opt_out(EventId("Late"))
            await self.withdrawn(ven)
            self.second_thoughts()
            await self._until(lambda: bool(self.played.words("New")))
            await self._until(
                lambda: self._amps("missing") is None and self._amps("active") == Decimal("6.4")
            )
            await self._until(lambda: self._amps("moved") is not None)
            await self._until(lambda: Decimal("22.4") in self.chargers["simple"].told)
            self._note("after second thoughts", ven)
            self.dice.share = 1.0
            self.endings()
            await self._until(lambda: bool(self.played.words("Expired")))
            ended = ("simple", "active", "random", "dropped", "dispatch")
            await self._until(lambda: not any(self._amps(name) for name in ended))
            self._note("after the end", ven)
            await self.another_vtn()
            await self.strangers_again(ven)
            await self.reports()
            await self.farewell(ven)
            self._hear(ven)
        self.played.told = {
            name: list(zip(charger.times, charger.told, strict=True))
            for name, charger in self.chargers.items()
        }
        return self.played

    def already_there(self) -> None:
        """It does not hand this out by itself any more: who wants it has to ask."""
        self.vtn.add("Early", start=datetime.now(UTC) + HOUR)
        self.early = self.vtn.event("Early")
        self.vtn.server.events_updated[VEN_ID] = False

    def news(self) -> None:
        """For later, and all in one list."""
        vtn, later = self.vtn, datetime.now(UTC) + HOUR
        vtn.add("Price", 0.3, start=later, programme="price", signal=PRICE, unit=EURO_PER_KWH)
        vtn.add("Price_Of_Nothing", 0.3, start=later, programme="price", signal=PRICE)
        euros = [hour / 100 for hour in range(24)]
        vtn.add("Day", *euros, start=later, each=HOUR, programme="price", signal=PRICE, unit=EURO_PER_KWH)
        vtn.add("Dispatch", 4000, start=later, signal=DISPATCH, unit=MEASUREMENTS.POWER_REAL)
        vtn.add("Dispatch_Of_Nothing", 4, start=later, signal=DISPATCH)
        vtn.add("Drawn", start=later, period=tolerance(MINUTES))
        vtn.add("Withdrawn", start=later)
        vtn.add("Moved", start=later, target={"resource_id": "moved"})
        vtn.add("Custom", 1, start=later, signal=("x-OURS", "level"))
        vtn.add("Shift", start=later)
        vtn.add("Limit", start=later, programme="supply-limit")
        vtn.add("Never", start=later, response_required="never")
        vtn.add("Gone", start=later)
        vtn.add("Gone_Never", start=later, response_required="never")
        vtn.add("Elsewhere", start=later, programme="somebody-elses")
        for name, target in TARGETS.items():
            vtn.add(name, start=later, target=target)
        vtn.add(
            "Full",
            *(0.4, 0.3),
            start=later,
            period={
                "ramp_up_period": MINUTES,
                "recovery_period": MINUTES,
                "notification_period": MINUTES,
                **tolerance(MINUTES),
            },
        )
        vtn.add("High", start=later)
        vtn.event("High").event_descriptor.modification_number = 5
        vtn.add("Cancelled", start=later)
        vtn.event("Cancelled").event_descriptor.event_status = "cancelled"

    def what_runs(self) -> None:
        """From now on, each at a charger of its own."""
        vtn = self.vtn
        vtn.add("Test", target={"resource_id": "test"})
        vtn.event("Test").event_descriptor.test_event = True
        for name in ("Active", "Missing", "Late"):
            vtn.add(name, target={"resource_id": name.lower()})
        vtn.add("Active_Never", target={"resource_id": "never"}, response_required="never")
        for name in ("Random", "Dropped"):
            vtn.add(name, target={"resource_id": name.lower()}, period=tolerance(SECOND))
        vtn.add(
            "Run_Dispatch",
            11040,
            each=timedelta(),
            signal=DISPATCH,
            unit=MEASUREMENTS.POWER_REAL,
            target={"resource_id": "dispatch"},
        )
        soon = datetime.now(UTC).replace(microsecond=0) + 2 * SECOND  # it will have polled by then
        for count, level in enumerate((2, 1)):
            start = soon + count * SECOND
            target = {"resource_id": "simple"}
            length = (1 + 3 * count) * SECOND  # the second is a rise, which waits for up to two seconds
            vtn.add(f"Run_{count + 1}", level, start=start, each=length, signal=LEVEL, target=target)

    async def withdrawn(self, ven: Ven) -> None:
        """Ours answers what it no longer has."""
        self.vtn.server.events[VEN_ID].remove(self.vtn.event("Withdrawn"))
        await ven.opt_out(EventId("Withdrawn"))
        await self._until(lambda: (0, 200, "optOut") in self.played.words("Withdrawn"))

    def second_thoughts(self) -> None:
        """New, changed, cancelled and missing, all in one list again."""
        vtn = self.vtn
        for name in ("Shift", "Never"):
            event = vtn.event(name)
            event.event_signals[0].intervals *= 2  # one more
            event.active_period["duration"] *= 2
            utils.increment_event_modification_number(event)
        moved = vtn.event("Moved")
        moved.active_period["dtstart"] = moved.event_signals[0].intervals[0]["dtstart"] = datetime.now(UTC)
        for event in (vtn.event("Active"), vtn.event("Drawn"), moved):
            event.event_signals[0].intervals[0]["signal_payload"] = 0.2
            utils.increment_event_modification_number(event)
        vtn.event("High").event_descriptor.modification_number = 3
        for name in ("Gone", "Gone_Never"):
            vtn.server.cancel_event(VEN_ID, name)
        vtn.server.events[VEN_ID].remove(vtn.event("Missing"))
        vtn.add("New", start=datetime.now(UTC) + HOUR)

    def endings(self) -> None:
        for name in ("Active", "Random", "Run_Dispatch"):
            self.vtn.server.cancel_event(VEN_ID, name)
        self.vtn.server.events[VEN_ID].remove(self.vtn.event("Dropped"))
        self.vtn.add("Expired", start=datetime.now(UTC) - HOUR)

    async def another_vtn(self) -> None:
        """For one list it bears a name that differs in the case of its letters."""
        teller = self.vtn.server.services["poll_service"]
        teller.vtn_id = self.vtn.vtn_id.lower()
        self.vtn.add("From_Another", start=datetime.now(UTC) + HOUR)
        await self._until(lambda: self.vtn.got("oadrCreatedEvent")[-1]["response"]["response_code"] != 200)
        teller.vtn_id = self.vtn.vtn_id

    async def strangers_again(self, ven: Ven) -> None:
        """It has no events any more, then it has forgotten the VEN as well."""
        self.vtn.server.events[VEN_ID].clear()
        self.vtn.changed()
        await self._until(lambda: not self.vtn.server.events_updated[VEN_ID])
        self._hear(ven)
        self.vtn.knows_it = False
        await self._until(lambda: bool(self.vtn.got("oadrResponse")))
        self.played.kept = tuple(one.event.event_id for one in ven.memory.held)
        await self._until(lambda: self.vtn.knows_it)
        await self._until(lambda: self.vtn.heard[-1][0] == "oadrPoll")

    async def reports(self) -> None:
        """Beside the one that it asked for in the answer to our offer, and after an event."""
        soon = datetime.now(UTC).replace(microsecond=0) + 4 * SECOND
        self.vtn.hand_out(
            ("oadrDistributeEvent", {"events": [self.early]}),
            ask("Short", "TELEMETRY_USAGE", "plain:P", every=SECOND, since=soon, lasts=SECOND),
            ask(
                "Late",
                "TELEMETRY_STATUS",
                "plain:ST",
                SECOND,
                since=soon,
                lasts=2 * SECOND,
                grain=timedelta(),
            ),
            ask("Unknown", "nothing", "plain:P"),
            ask("Status_Once", "TELEMETRY_STATUS", "plain:ST"),
            ask("Once", "TELEMETRY_USAGE", "plain:P"),
            ask("Periodic", "TELEMETRY_STATUS", "plain:ST", every=SECOND),
            ask("Last", "TELEMETRY_USAGE", "plain:E", every=SECOND),
            together(
                ask("History", "HISTORY_USAGE", "plain:history:P"),
                ask("Part", "HISTORY_USAGE", "plain:history:P", since=self.stretch[0], lasts=3 * SECOND),
            ),
        )
        names = ("Status_Once", "Once", "Periodic", "Last", "History", "Part")
        await self._until(lambda: all(self.played.reports(name) for name in names))
        await self._until(lambda: [len(self.played.reports(name)) for name in ("Short", "Late")] == [2, 3])
        self.played.soon = soon

    async def farewell(self, ven: Ven) -> None:
        self.vtn.hand_out(("oadrRequestReregistration", {"ven_id": VEN_ID}))
        await self._until(lambda: len(self.vtn.got("oadrCreatePartyRegistration")) == 4)
        await self._until(lambda: self.vtn.heard[-1][0] == "oadrPoll")
        cancelled = [
            {"report_request_id": name, "report_to_follow": name == "Last"}
            for name in ("Periodic", "Unknown", "Last")
        ]
        parted = [{"registration_id": name} for name in ("another", REGISTRATION_ID)]
        parted.insert(1, {"registration_id": REGISTRATION_ID, "ven_id": VEN_ID.lower()})
        self.vtn.hand_out(
            *(("oadrCancelReport", one) for one in cancelled),
            ask("Offer", "METADATA", "0"),
            *(("oadrCancelPartyRegistration", one) for one in parted),
        )
        await self._until(lambda: len(self.vtn.got("oadrCanceledPartyRegistration")) == 3)
        known = ven.memory.registration
        self.played.remains = known.registration_id if known else ""

    # --- ---

    def _amps(self, name: str) -> Decimal | None:
        limit = self.chargers[name].limit
        return limit.amps if limit else None

    def _note(self, moment: str, ven: Ven) -> None:
        self.played.amps[moment] = {name: self._amps(name) for name in self.chargers}
        self.played.held[moment] = {one.event.event_id: one for one in ven.memory.held}

    def _hear(self, ven: Ven) -> None:
        registration = ven.memory.registration
        if registration:
            self.played.known_as = (registration.vtn_id, registration.ven_id)
        news = [ven.news.get_nowait() for _ in range(ven.news.qsize())]
        self.played.stretch = self.stretch
        self.played.complaints += tuple(one for one in news if isinstance(one, PeerComplained))

    async def _until(self, what: Callable[[], bool]) -> None:
        async def done() -> bool:
            return what()

        await until(done)


def tolerance(longest: timedelta) -> dict[str, Any]:
    return {"tolerance": {"startafter": longest}}


def ask(
    request_id: str,
    specifier: str,
    r_id: str,
    every: timedelta = timedelta(),
    since: datetime | None = None,
    lasts: timedelta = timedelta(),
    grain: timedelta | None = None,
) -> Said:
    """`grain` is the length of an interval, that of the time between two reports if nothing else is said."""
    point = {"r_id": r_id, "reading_type": "x-notApplicable"}
    specified = {
        "report_specifier_id": specifier,
        "granularity": every if grain is None else grain,
        "report_back_duration": every,
        "specifier_payloads": [point],
        "report_interval": {"dtstart": since, "duration": lasts} if since else None,
    }
    request = {"report_request_id": request_id, "report_specifier": specified}
    return "oadrCreateReport", {"report_requests": [request]}


def together(*asked: Said) -> Said:
    """In one message."""
    return "oadrCreateReport", {
        "report_requests": [one for _, said in asked for one in said["report_requests"]]
    }


TARGETS: dict[str, dict[str, Any]] = {
    "Group": {"group_id": FEEDER},
    "Resource": {"resource_id": "plain"},
    "Ven": {"ven_id": VEN_ID},
    "Party": {"party_id": "P"},
    "Other_Group": {"group_id": "F99"},
    "Other_Resource": {"resource_id": "evse-99"},
}
