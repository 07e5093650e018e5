"""An evening of openleadr's VTN and our VEN: everything that they can play, one list of events after the other."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from openleadr import utils

from certs.folder import Folder
from oadr.wire.ids import EventId, ResourceId
from oadr.wire.signature import SignaturePolicy
from tests.interop.site import FEEDER, PROGRAMMES, until
from tests.interop.their_ven import Said
from tests.interop.their_vtn import LEVEL, REGISTRATION_ID, SECOND, VEN_ID, Charger, TheirVtn
from tests.pki import VEN_ECC
from ven import Ven, VenConfig

HOUR, MINUTES = timedelta(hours=1), timedelta(minutes=5)
SMALL_STEPS = timedelta(seconds=0.01)
CHARGERS = ("plain", "test", "active", "missing", "late", "simple")
"""Each has its own events that run, so that none hides another's effect."""


@dataclass
class Played:
    vtn: TheirVtn
    amps: dict[str, dict[str, Decimal | None]] = field(default_factory=dict)
    """What each charger was told, at the moments that bear these names."""
    told: dict[str, list[Decimal | None]] = field(default_factory=dict)
    """The same from the beginning to the end."""
    kept: tuple[str, ...] = ()
    """The events that the VEN held after the list had become empty."""
    remains: str = "?"
    """Of its registration, at the end."""

    def words(self, event_id: str) -> list[tuple[int, int, str]]:
        """Modification, code and opt of each answer to it."""
        said = [word for message in self.vtn.got("oadrCreatedEvent") for word in message["event_responses"]]
        return [
            (word["modification_number"], int(word["response_code"]), word["opt_type"])
            for word in said
            if word["event_id"] == event_id
        ]

    def reports(self, request_id: str) -> list[dict[str, Any]]:
        found = [report for update in self.vtn.got("oadrUpdateReport") for report in update["reports"]]
        return [report for report in found if report["report_request_id"] == request_id]


class Evening:
    def __init__(self, folder: Path, pki: Folder, vtn: TheirVtn, signatures: SignaturePolicy) -> None:
        self.vtn = vtn
        self.chargers = {name: Charger(ResourceId(name)) for name in CHARGERS}
        self.played = Played(vtn)
        vtn.measured, vtn.report_back = "plain", 2 * SECOND
        self.config = VenConfig(
            vtn_url=vtn.url,
            certificate=pki.secret(VEN_ECC),
            trust=pki.public("vtn-ca"),
            state=folder / "ven",
            market_contexts=PROGRAMMES,
            groups=frozenset({FEEDER}),
            name="ours",
            signatures=signatures,
            randomise_default=timedelta(),
            restore_max=timedelta(),
            ramp_every=SMALL_STEPS,
            retry_cap=timedelta(seconds=0.2),
        )

    async def play(self) -> Played:
        async with Ven(self.config, tuple(self.chargers.values())) as ven:
            await self._until(lambda: bool(self.vtn.got("oadrRequestEvent")))
            self.news()
            self.what_runs()
            await self._until(lambda: bool(self.played.words("Shift")))
            await self._until(lambda: Decimal("12.8") in self.chargers["simple"].told)
            self._note("all run")
            await ven.opt_out(EventId("Late"))
            self.second_thoughts()
            await self._until(lambda: bool(self.played.words("New")))
            await self._until(
                lambda: self._amps("missing") is None and self._amps("active") == Decimal("6.4")
            )
            self._note("after second thoughts")
            self.endings()
            await self._until(lambda: bool(self.played.words("Expired")))
            await self._until(lambda: Decimal("22.4") in self.chargers["simple"].told)
            await self._until(lambda: self._amps("simple") is None and self._amps("active") is None)
            self._note("after the end")
            await self.strangers_again(ven)
            await self.reports()
            await self.farewell(ven)
        self.played.told = {name: charger.told for name, charger in self.chargers.items()}
        return self.played

    def news(self) -> None:
        """For later, and all in one list."""
        vtn, later = self.vtn, datetime.now(UTC) + HOUR
        price, setpoint = ("ELECTRICITY_PRICE", "price"), ("LOAD_DISPATCH", "setpoint")
        vtn.add("Price", 0.3, start=later, programme="price", signal=price)
        vtn.add("Dispatch", 4, start=later, signal=setpoint)
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
            ramp_up_period=MINUTES,
            recovery_period=MINUTES,
            notification_period=MINUTES,
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
        soon = datetime.now(UTC).replace(microsecond=0) + 2 * SECOND  # it will have polled by then
        for count, level in enumerate((2, 1)):
            start = soon + count * SECOND
            target = {"resource_id": "simple"}
            vtn.add(f"Run_{count + 1}", level, start=start, each=SECOND, signal=LEVEL, target=target)

    def second_thoughts(self) -> None:
        """New, changed, cancelled and missing, all in one list again."""
        vtn = self.vtn
        for name in ("Shift", "Never"):
            event = vtn.event(name)
            event.event_signals[0].intervals *= 2  # one more
            event.active_period["duration"] *= 2
            utils.increment_event_modification_number(event)
        active = vtn.event("Active")
        active.event_signals[0].intervals[0]["signal_payload"] = 0.2
        utils.increment_event_modification_number(active)
        vtn.event("High").event_descriptor.modification_number = 3
        for name in ("Gone", "Gone_Never"):
            vtn.server.cancel_event(VEN_ID, name)
        vtn.server.events[VEN_ID].remove(vtn.event("Missing"))
        vtn.add("New", start=datetime.now(UTC) + HOUR)

    def endings(self) -> None:
        self.vtn.server.cancel_event(VEN_ID, "Active")
        self.vtn.add("Expired", start=datetime.now(UTC) - HOUR)

    async def strangers_again(self, ven: Ven) -> None:
        """It has no events any more, then it has forgotten the VEN as well."""
        self.vtn.server.events[VEN_ID].clear()
        self.vtn.changed()
        await self._until(lambda: not self.vtn.server.events_updated[VEN_ID])
        self.vtn.knows_it = False
        await self._until(lambda: bool(self.vtn.got("oadrResponse")))
        self.played.kept = tuple(one.event.event_id for one in ven.memory.held)
        await self._until(lambda: self.vtn.knows_it)
        await self._until(lambda: self.vtn.heard[-1][0] == "oadrPoll")

    async def reports(self) -> None:
        """Beside the one that it asked for in the answer to our offer."""
        self.vtn.hand_out(
            ask("Unknown", "nothing", "plain:P"),
            ask("Status_Once", "TELEMETRY_STATUS", "plain:ST"),
            ask("Once", "TELEMETRY_USAGE", "plain:P"),
            ask("Periodic", "TELEMETRY_STATUS", "plain:ST", every=SECOND),
        )
        names = ("Status_Once", "Once", "Periodic")
        await self._until(lambda: all(self.played.reports(name) for name in names))

    async def farewell(self, ven: Ven) -> None:
        cancelled = [
            {"report_request_id": name, "report_to_follow": False} for name in ("Periodic", "Unknown")
        ]
        parted = [{"registration_id": name} for name in ("another", REGISTRATION_ID)]
        self.vtn.hand_out(
            *(("oadrCancelReport", one) for one in cancelled),
            ask("Offer", "METADATA", "0"),
            *(("oadrCancelPartyRegistration", one) for one in parted),
        )
        await self._until(lambda: len(self.vtn.got("oadrCanceledPartyRegistration")) == 2)
        known = ven.memory.registration
        self.played.remains = known.registration_id if known else ""

    # --- ---

    def _amps(self, name: str) -> Decimal | None:
        limit = self.chargers[name].limit
        return limit.amps if limit else None

    def _note(self, moment: str) -> None:
        self.played.amps[moment] = {name: self._amps(name) for name in self.chargers}

    async def _until(self, what: Callable[[], bool]) -> None:
        async def done() -> bool:
            return what()

        await until(done)


def ask(request_id: str, specifier: str, r_id: str, every: timedelta = timedelta()) -> Said:
    point = {"r_id": r_id, "reading_type": "x-notApplicable"}
    specified = {
        "report_specifier_id": specifier,
        "granularity": every,
        "report_back_duration": every,
        "specifier_payloads": [point],
    }
    request = {"report_request_id": request_id, "report_specifier": specified}
    return "oadrCreateReport", {"report_requests": [request]}


TARGETS: dict[str, dict[str, Any]] = {
    "Group": {"group_id": FEEDER},
    "Resource": {"resource_id": "plain"},
    "Ven": {"ven_id": VEN_ID},
    "Party": {"party_id": "P"},
    "Other_Group": {"group_id": "F99"},
    "Other_Resource": {"resource_id": "evse-99"},
}
