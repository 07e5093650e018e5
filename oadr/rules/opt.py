"""EiOpt (r200-r211)."""

from collections.abc import Iterator
from typing import Final

from oadr.rules.breach import Finding, Party, Rule, rule
from oadr.rules.well_known import beyond_device_classes
from oadr.wire.messages import CancelOpt, CreatedOpt, CreateOpt


@rule(CreateOpt, CancelOpt, CreatedOpt)
def r204(message: CreateOpt | CancelOpt | CreatedOpt) -> Iterator[Finding]:
    """An opt has a name."""
    if not message.opt_id:
        yield "optID", "is empty"


@rule(CreateOpt, binds=Party.VEN)
def r206(message: CreateOpt) -> Iterator[Finding]:
    """An opt is about an event or it is a schedule; a programme narrows only the latter."""
    if message.event is None and message.schedule is None:
        yield "oadrCreateOpt", "neither an event nor a schedule"
    if message.event is not None and message.schedule is not None:
        yield "vavailability", "beside an event"
    if message.event is not None and message.market_context is not None:
        yield "marketContext", "beside an event"


@rule(CreateOpt, binds=Party.VEN)
def r209(message: CreateOpt) -> Iterator[Finding]:
    """A device class names classes of devices and nothing else."""
    if message.device_class:
        yield from (("oadrDeviceClass", why) for why in beyond_device_classes(message.device_class))


@rule(CreateOpt, binds=Party.VEN)
def r210(message: CreateOpt) -> Iterator[Finding]:
    """A period of a schedule lasts for a while, or for ever: never less than nothing."""
    for number, period in enumerate(message.schedule.periods.available if message.schedule else ()):
        if min(period.duration.seconds, period.duration.months) < 0:
            yield f"available {number}", "ends before it begins"


RULES: Final[tuple[Rule, ...]] = (r204, r206, r209, r210)
