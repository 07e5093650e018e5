"""Why a chargepoint may draw what it may: a code for programs, and one sentence for whoever stands before it."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final

from oadr.charging.limit import Source
from oadr.charging.scale import Direction
from oadr.charging.signals import Programme
from ven.control import DEFAULT, POWER_UP
from ven.daemon.shown import words
from ven.events import HeldEvent
from ven.slots import Slot


class Why(StrEnum):
    DSO_PROTECTION = "dso_protection"
    LOAD_SHIFT = "load_shift"
    PRICE = "price"
    PROGRAMME = "programme"
    CALENDAR = "calendar"
    SITE_LIMIT = "site_limit"
    FAILSAFE = "failsafe"
    RESTORING = "restoring"
    SAFETY = "safety"
    USER = "user"
    UNMANAGED = "unmanaged"


SAYS: Final[Mapping[Why, str]] = {
    Why.DSO_PROTECTION: "The grid operator limits charging for a short time, to keep the network from failing.",
    Why.LOAD_SHIFT: "The grid operator asks for less load in these hours; you may decline.",
    Why.PRICE: "Electricity is dear in these hours, so less is drawn; you may decline.",
    Why.PROGRAMME: "The operator of this chargepoint has planned less for these hours.",
    Why.CALENDAR: "The calendar of this site allows less at this hour; you may change it, or charge now.",
    Why.SITE_LIMIT: "The cars here share what the fuse of the site allows.",
    Why.FAILSAFE: "The grid operator cannot be heard, so what was agreed for that holds until it is back.",
    Why.RESTORING: "The limit is over; charging rises again in steps, so that a street does not come back at once.",
    Why.SAFETY: "The charger protects itself.",
    Why.USER: "Somebody here has chosen to charge now: neither calendar nor load shift counts for a while.",
    Why.UNMANAGED: "Nobody limits this chargepoint.",
}
_SAYS_OF_EXPORT: Final[Mapping[Why, str]] = {
    Why.DSO_PROTECTION: "The grid operator limits what is fed back for a short time, to keep the network from failing.",
    Why.LOAD_SHIFT: "The grid operator asks that less is fed back in these hours; you may decline.",
    Why.PRICE: "Electricity is cheap in these hours, so less is fed back; you may decline.",
    Why.CALENDAR: "The calendar of this site lets less be fed back at this hour; you may change it.",
    Why.SITE_LIMIT: "What all cars here feed back has to pass the fuse of the site.",
    Why.RESTORING: "The limit is over; what may be fed back rises again in steps, not in a whole street at once.",
    Why.UNMANAGED: "Nobody limits what is fed back here.",
}
"""Where the sentence about charging would not fit."""
_BY_SOURCE: Final[Mapping[Source, Why]] = {
    Source.SAFETY: Why.SAFETY,
    Source.SUPPLY_LIMIT: Why.DSO_PROTECTION,
    Source.FAILSAFE: Why.FAILSAFE,
    Source.SITE: Why.SITE_LIMIT,
    Source.LOAD_SHIFT: Why.LOAD_SHIFT,
    Source.PROGRAMME: Why.PROGRAMME,
    Source.CALENDAR: Why.CALENDAR,
    Source.USER: Why.USER,
}


def says(reason: Why, direction: Direction, party: str = "") -> str:
    """The reason in a sentence, on that scale; `party` is who limits, where that is not the grid operator."""
    of_export = _SAYS_OF_EXPORT if direction is Direction.EXPORT else {}
    sentence = of_export.get(reason, SAYS[reason])
    return sentence.replace("The grid operator", words(party)) if party else sentence


def why(binding: Slot | None, held: Iterable[HeldEvent], *, is_boosted: bool) -> Why:
    """`binding` is the slot whose limit counts, and `held` the events of its party; None: nobody limits."""
    if binding is None:
        return Why.USER if is_boosted else Why.UNMANAGED
    because = binding.limit.because
    if binding.restore is not None or because == POWER_UP:
        return Why.RESTORING
    if because == DEFAULT:
        return Why.FAILSAFE
    is_price = any(each.event.event_id == because and each.programme is Programme.PRICE for each in held)
    return Why.PRICE if is_price else _BY_SOURCE[binding.limit.source]
