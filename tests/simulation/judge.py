"""What must hold on the street at every moment, whatever the weather."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from oadr.charging import electricity
from oadr.charging.signals import Programme
from oadr.wire.messages import CreatedEvent, Message
from oadr.wire.messages.common import OptType
from tests.simulation.driver import HOURS_PERCENT
from ven.failsafe import Link
from vtn.model.delivery import Delivery
from vtn.model.intervention import Intervention

if TYPE_CHECKING:
    from tests.simulation.street import Home, Street

TENTH: Final = Decimal("0.1")
SHIFT_SPREAD: Final = timedelta(seconds=60)
"""A load shift begins so late at the most."""


class Broken(AssertionError):
    """Something that must hold did not; the street's log says what came before."""


class Judge:
    def __init__(self) -> None:
        self.answers = 0
        self.looks = 0
        self._broken: list[str] = []
        """What was seen in the middle of a VEN's own work, which would take it for a fault of the wire."""

    # --- at single moments ---

    def said(self, home: "Home", message: Message) -> None:
        """Whoever agrees to an emergency that holds has limited its outlet by then: no answer comes before the act."""
        if not isinstance(message, CreatedEvent) or home.ven is None:
            return
        now = home.clock.now()
        for response in message.event_responses:
            for each in home.ven.memory.held:
                is_it = each.event.event_id == response.event.event_id and each.obeyed
                is_on = (
                    each.programme is Programme.SUPPLY_LIMIT and each.start <= now and (each.end or now) > now
                )
                is_newest = each.modification_number == response.event.modification_number
                if is_it and is_on and is_newest and response.opt is OptType.OPT_IN:
                    self.answers += 1
                    share = each.event.signals[0].intervals[0].value
                    most = electricity.from_share(share, home.rating).amps
                    if home.outlet.amps > most:
                        self._broken.append(
                            f"{home.ven_id} agrees to {most} A and allows {home.outlet.amps} A"
                        )

    async def back(self, home: "Home") -> None:
        """What a VEN has agreed to, it still holds after its power was gone."""
        assert home.ven is not None
        held = {each.event.event_id: each for each in home.ven.memory.held}
        now = home.street.clock.now()
        for delivery in await home.street.deliveries(home):
            if delivery.settled and _agreed(delivery) and _limits(delivery.intervention, now):
                known = held.get(delivery.event_id)
                if known is None:
                    raise Broken(f"{home.ven_id} has lost {delivery.event_id}, which it agreed to")

    # --- at every look ---

    async def look(self, street: "Street") -> None:
        """Every outlet is at or below the smallest order that its VEN has agreed to, and below its calendar."""
        if self._broken:
            raise Broken(self._broken[0])
        now = street.clock.now()
        homes = {home.ven_id: home for home in street.homes}
        for home in street.homes:
            self._check_hours(home, now)
        for given in street.given:
            if not _limits(given, now):
                continue
            for delivery in await street.deliveries_of(given):
                home, order = homes[delivery.ven_id], delivery.intervention
                is_seen = not home.skew  # by another clock orders end at another time
                is_meant = delivery.settled and _agreed(delivery) and _limits(order, now)
                if is_seen and is_meant and not _is_declined(delivery, home, now):
                    self.looks += 1
                    self._check(home, order)

    def _check_hours(self, home: "Home", now: datetime) -> None:
        most = _by_hours(home)
        if home.outlet.told and not home.driver.is_boosted(now) and home.outlet.amps > most:
            raise Broken(f"{home.ven_id} allows {home.outlet.amps} A where its calendar has {most} A")

    def _check(self, home: "Home", intervention: Intervention) -> None:
        most = _most(intervention, home)
        if home.outlet.amps > most + TENTH:
            raise Broken(
                f"{home.ven_id} allows {home.outlet.amps} A under {intervention.intervention_id} of {most} A"
            )

    # --- at the end ---

    async def settled(self, street: "Street") -> list[str]:
        """Who is not yet as it should be once all is calm: everybody answered, limited or free."""
        now, wrong = street.clock.now(), []
        open_ones = {one.ven_id: one for one in await street.unsettled() if one.due(now)}
        for home in street.homes:
            if home.ven_id in open_ones:
                wrong.append(f"{home.ven_id} has not answered {open_ones[home.ven_id].event_id}")
            elif not any(_limits(one, now) for one in street.given) and home.outlet.amps < _by_hours(home):
                wrong.append(f"{home.ven_id} is still limited to {home.outlet.amps} A")
            elif home.ven is None or home.ven.link.link is not Link.CONTROLLED:
                wrong.append(f"{home.ven_id} has no contact")
        return wrong


def _agreed(delivery: Delivery) -> bool:
    return delivery.answer is not None and delivery.answer.agreed


def _limits(intervention: Intervention, now: datetime) -> bool:
    """Whether it surely limits, a second around its ends left out, and the random start of a load shift."""
    order, second = intervention.order, timedelta(seconds=1)
    late = second if order.programme is Programme.SUPPLY_LIMIT else SHIFT_SPREAD + second
    return (
        intervention.cancelled_at is None and order.start + late <= now <= intervention.planned_end - second
    )


def _is_declined(delivery: Delivery, home: "Home", now: datetime) -> bool:
    """Whether its people have taken it upon themselves not to follow, which no emergency allows them."""
    is_emergency = delivery.intervention.order.programme is Programme.SUPPLY_LIMIT
    return not is_emergency and (delivery.event_id in home.driver.declined or home.driver.is_boosted(now))


def _by_hours(home: "Home") -> Decimal:
    if home.driver.calendar is None:
        return home.rating.amps
    return electricity.from_share(Decimal(HOURS_PERCENT) / 100, home.rating).amps


def _most(intervention: Intervention, home: "Home") -> Decimal:
    assert intervention.order.percent is not None
    return electricity.from_share(intervention.order.percent / 100, home.rating).amps
