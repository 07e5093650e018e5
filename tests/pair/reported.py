"""Conversations in which a VTN asks for reports: what these say, and what our VTN makes of them."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from oadr.wire.messages import UpdateReport
from oadr.wire.messages.report import LoadControl, Quantity, Report, ResourceStatus
from tests.pair.asking import Asker
from tests.pair.town import Town, played
from tests.vtn.world import HOME, HOME_EVSE
from ven import Ven
from vtn.model.reading import Quantity as Measured
from vtn.model.reading import State
from vtn.model.report_request import ReportOrder
from vtn.store import reports


def conversation(folder: Path, play: Callable[[Town, Asker, Ven], Awaitable[None]]) -> None:
    """With a VEN that has registered, and of whom nothing is wanted yet."""

    async def main(town: Town) -> None:
        asker = Asker(town)
        async with town.ven() as ven:
            await town.wait(seconds=5)
            await asker.forget_what_ours_wants()
            town.wire.said.clear()
            await play(town, asker, ven)

    played(folder, main)


def scheduled(ven: Ven) -> list[str]:
    """What the VEN still has to report, in the order of asking."""
    return [one.request.request_id for one in ven.memory.orders]


def under(town: Town) -> set[str]:
    """The names of all reports with values that came."""
    updates = [one for _, one in town.wire.said if isinstance(one, UpdateReport)]
    return {report.request_id for update in updates for report in update.reports}


async def ordered(town: Town) -> tuple[ReportOrder, ...]:
    """What our VTN believes to be under way, by name."""
    async with town.dso.at_work() as world, world.store.reading() as tx:
        return await reports.orders(tx, HOME)


def statuses(report: Report) -> list[ResourceStatus]:
    found = [one.value for interval in report.intervals for one in interval.payloads]
    return [one for one in found if isinstance(one, ResourceStatus)]


def capacities(report: Report) -> list[LoadControl]:
    controls = [status.load_control_state for status in statuses(report)]
    return [one.capacity for one in controls if one and one.capacity]


def shares(report: Report) -> list[str]:
    return [str(one.current) for one in capacities(report)]


def watts(report: Report) -> list[str]:
    return [
        str(interval.payloads[0].value.value)
        for interval in report.intervals
        if isinstance(interval.payloads[0].value, Quantity)
    ]


async def stood(town: Town) -> State:
    """How our VTN believes that the chargepoint stands."""
    async with town.dso.at_work() as world, world.store.reading() as tx:
        return (await reports.known_states(tx, (HOME_EVSE,)))[HOME_EVSE]


async def powers(town: Town) -> list[tuple[datetime, Decimal]]:
    """The readings of power that our VTN holds."""
    return [(one.at, one.value) for one in await town.dso.readings() if one.quantity is Measured.POWER]
