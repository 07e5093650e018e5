"""A VTN that asks for reports which ours never wants: what it says comes out of the wire in place of an empty poll."""

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
from oadr.wire.messages.report import Report, ReportPeriod, ReportRequest, SpecifierPayload
from oadr.wire.scalars import Duration
from tests.pair.town import Town
from tests.vtn.world import HOME, HOME_EVSE

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


class Asker:
    """Sits on the wire of a town. The town's own VTN still has the registration and the events."""

    def __init__(self, town: Town) -> None:
        self._town = town
        self._mail: deque[Message] = deque()
        self._riding: CancelReport | None = None
        self._names = iter(range(1000))
        town.wire.alter = self._alter

    async def ask(self, *requests: ReportRequest) -> CreatedReport:
        """By poll; the VEN's answer."""
        await self._say(CreateReport(request_id=self._name(), requests=requests, ven_id=HOME))
        (*_, answer) = self.heard(CreatedReport)
        return answer

    async def cancel(self, *names: str, to_follow: bool = False) -> CanceledReport:
        await self._say(self._cancellation(names, to_follow))
        (*_, answer) = self.heard(CanceledReport)
        return answer

    def cancel_on_the_next_receipt(self, *names: str) -> None:
        self._riding = self._cancellation(names, to_follow=False)

    def heard(self, kind: type[T]) -> list[T]:
        return [message for _, message in self._town.wire.said if isinstance(message, kind)]

    def reports(self, name: str) -> list[Report]:
        """What came under this report request."""
        updates = self.heard(UpdateReport)
        return [report for update in updates for report in update.reports if report.request_id == name]

    def offers(self) -> list[str | None]:
        return [one.report_request_id for one in self.heard(RegisterReport)]

    async def _say(self, message: Message) -> None:
        self._mail.append(message)
        await self._town.wait(seconds=11)
        assert not self._mail

    def _cancellation(self, names: Iterable[str], to_follow: bool) -> CancelReport:
        return CancelReport(
            request_id=self._name(),
            request_ids=tuple(map(ReportRequestId, names)),
            report_to_follow=to_follow,
            ven_id=HOME,
        )

    def _name(self) -> RequestId:
        return RequestId(f"A{next(self._names)}")

    def _alter(self, reply: Message) -> Message:
        match reply:
            case Response(response=EiResponse(code="200", request_id=request_id)) if request_id == NO_REQUEST:
                return self._mail.popleft() if self._mail else reply
            case CreateReport():  # what ours wants is out of the play
                nothing = Response(response=EiResponse(request_id=NO_REQUEST), ven_id=HOME)
                return self._mail.popleft() if self._mail else nothing
            case Response():  # our VTN does not know what it never asked for
                return replace(reply, response=EiResponse(request_id=reply.response.request_id))
            case UpdatedReport():
                riding, self._riding = self._riding, None
                receipt = EiResponse(request_id=reply.response.request_id)
                return replace(reply, response=receipt, cancel=riding)
            case RegisteredReport():
                return replace(reply, requests=())
        return reply
