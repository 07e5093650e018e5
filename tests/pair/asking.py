"""A VTN that asks for reports which ours never wants: what it says comes out of the wire in place of an empty poll.

What it asks for is written into the store of our VTN, which takes the reports as it would its own.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar

from oadr.wire.ids import NO_REQUEST, ReportRequestId, ReportSpecifierId, RequestId, RId
from oadr.wire.messages import (
    CanceledReport,
    CancelReport,
    CreatedReport,
    CreateReport,
    Message,
    RegisteredReport,
    RegisterReport,
    Response,
    UpdatedReport,
    UpdateReport,
)
from oadr.wire.messages import report as wire
from oadr.wire.messages.common import EiResponse
from oadr.wire.messages.report import (
    METADATA,
    Report,
    ReportPeriod,
    ReportRequest,
    SpecifierPayload,
)
from oadr.wire.scalars import Duration
from tests.pair.town import Town
from tests.vtn.world import HOME, HOME_EVSE
from vtn.model.report_request import ReportOrder
from vtn.store import reports

T = TypeVar("T", bound=Message)


def wanted(
    request_id: str,
    specifier: str,
    *suffixes: str,
    every: float = 0,
    grain: float = 0,
    start: datetime | None = None,
    lasts: float = 0,
) -> ReportRequest:
    """Times in seconds; without suffixes the offer is asked for."""
    span = Duration.of(timedelta(seconds=lasts))
    return ReportRequest(
        request_id=ReportRequestId(request_id),
        specifier_id=ReportSpecifierId(specifier),
        granularity=Duration.of(timedelta(seconds=grain)),
        report_back=Duration.of(timedelta(seconds=every)),
        period=None if start is None else ReportPeriod(start=start, duration=span),
        points=tuple(
            SpecifierPayload(r_id=RId(name), reading_type=wire.NOT_APPLICABLE)
            for name in ([f"{HOME_EVSE}:{suffix}" for suffix in suffixes] or ["0"])
        ),
    )


def order(request: ReportRequest, now: datetime) -> ReportOrder:
    """As our VTN keeps a request of its own that the VEN has taken."""
    return ReportOrder(
        report_request_id=request.request_id,
        ven_id=HOME,
        specifier_id=request.specifier_id,
        granularity=request.granularity.span,
        report_back=request.report_back.span,
        requested_at=now,
        confirmed=True,
    )


class Asker:
    """Sits on the wire of a town. The town's own VTN still has the registration, the events and the readings."""

    def __init__(self, town: Town) -> None:
        self._town = town
        self._mail: deque[Message] = deque()
        self._riding: CancelReport | None = None
        self._names = iter(range(1000))
        town.wire.alter = self._alter

    async def ask(self, *requests: ReportRequest) -> CreatedReport:
        """By poll; the VEN's answer."""
        async with self._town.dso.at_work() as world, world.store.writing() as tx:
            await reports.ask(tx, [order(one, world.now) for one in requests if one.specifier_id != METADATA])
        await self.say(CreateReport(request_id=self.name(), requests=requests, ven_id=HOME))
        (*_, answer) = self.heard(CreatedReport)
        return answer

    async def cancel(self, *names: str, to_follow: bool = False) -> CanceledReport:
        """Our VTN never wants a last report: it forgets nothing before that has come."""
        message = self._cancellation(names, to_follow)
        if not to_follow:
            await self._retire(message)
        await self.say(message)
        (*_, answer) = self.heard(CanceledReport)
        return answer

    async def cancel_on_the_next_receipt(self, *names: str) -> None:
        self._riding = self._cancellation(names, to_follow=False)
        await self._retire(self._riding)

    async def say(self, message: Message) -> None:
        """At the next empty poll."""
        self._mail.append(message)
        await self._town.wait(seconds=11)
        assert not self._mail

    def name(self) -> RequestId:
        return RequestId(f"A{next(self._names)}")

    # --- what came of it ---

    def heard(self, kind: type[T]) -> list[T]:
        return [message for _, message in self._town.wire.said if isinstance(message, kind)]

    def reports(self, name: str) -> list[Report]:
        """What came under this report request."""
        updates = self.heard(UpdateReport)
        return [report for update in updates for report in update.reports if report.request_id == name]

    def times(self, name: str) -> list[datetime]:
        """When it came."""
        said = self._town.wire.said
        updates = [(at, message) for at, message in said if isinstance(message, UpdateReport)]
        return [at for at, update in updates for report in update.reports if report.request_id == name]

    def at(self, kind: type[Message]) -> datetime:
        """When the newest of these was said."""
        return max(at for at, message in self._town.wire.said if isinstance(message, kind))

    def offers(self) -> list[str | None]:
        return [one.report_request_id for one in self.heard(RegisterReport)]

    async def known(self) -> set[str]:
        """What our VTN believes to be under way of what was asked for here."""
        async with self._town.dso.at_work() as world, world.store.reading() as tx:
            found = await reports.orders(tx, HOME)
        return {one.report_request_id for one in found if one.report_request_id.startswith("RR")}

    async def forget_what_ours_wants(self) -> None:
        async with self._town.dso.at_work() as world, world.store.writing() as tx:
            for one in await reports.orders(tx, HOME):
                await reports.end(tx, HOME, one.report_request_id)

    async def _retire(self, message: CancelReport) -> None:
        """The answer to it will end this order."""
        async with self._town.dso.at_work() as world, world.store.writing() as tx:
            await reports.retire(tx, HOME, dict.fromkeys(message.request_ids, message.request_id))

    def _cancellation(self, names: Iterable[str], to_follow: bool) -> CancelReport:
        return CancelReport(
            request_id=self.name(),
            request_ids=tuple(map(ReportRequestId, names)),
            report_to_follow=to_follow,
            ven_id=HOME,
        )

    def _alter(self, reply: Message) -> Message:
        nothing = Response(response=EiResponse(request_id=NO_REQUEST), ven_id=HOME)
        match reply:
            case Response(response=EiResponse(code="200", request_id=request_id)) if request_id == NO_REQUEST:
                return self._mail.popleft() if self._mail else reply
            case CreateReport() | CancelReport():  # what ours wants is out of the play
                return self._mail.popleft() if self._mail else nothing
            case Response():  # our VTN does not know what it never asked for
                return replace(reply, response=EiResponse(request_id=reply.response.request_id))
            case UpdatedReport():
                riding, self._riding = self._riding, None
                return replace(reply, cancel=riding)
            case RegisteredReport():
                return replace(reply, requests=())
        return reply
