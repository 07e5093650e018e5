"""A status as a person reads it."""

from collections.abc import Sequence
from datetime import UTC

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from oadr.wire.recording import Recorded, pretty
from ven.daemon import shown
from ven.daemon.capabilities import Capabilities
from ven.daemon.device import DeviceStatus
from ven.daemon.simulate import Simulated, Verdict
from ven.daemon.status import (
    ChargepointStatus,
    ContactStatus,
    EventStatus,
    LimitStatus,
    OtherStatus,
    RegistrationStatus,
    Status,
)
from ven.party import DSO


def show(status: Status, console: Console) -> None:
    parts: list[RenderableType] = [Text("\n".join(_heading(status))), _chargepoints(status.chargepoints)]
    parts += [
        Text(f"{one.resource_id}: {one.trouble}", style="red") for one in status.chargepoints if one.trouble
    ]
    parts += [Text(each) for each in _reasons(status)]
    if status.events:
        parts.append(_events(status.events))
    parts.append(Text(f"next change: {status.next_change or 'none that is known'}"))
    console.print(Group(*parts))


def show_capabilities(found: Capabilities, console: Console) -> None:
    """As a buyer reads it."""
    console.print(Text("\n".join(_heading_of(found))))
    functions, aspects = _table("function", "there", ""), _table("aspect", "level", "")
    signals = _table("signal", "type", "unit", "values")
    for one in found.functions:
        functions.add_row(*map(Text, (one.name, _there(one.there), one.says)))
    for each in found.signals:
        signals.add_row(*map(Text, (each.signal, each.type, each.unit or "", each.values)))
    for aspect in found.aspects:
        aspects.add_row(*map(Text, (aspect.name, aspect.level, aspect.says)))
    console.print(
        Group(functions, signals, Text("How far it works together with others, by our own word:"), aspects)
    )


def _heading_of(found: Capabilities) -> list[str]:
    outlets = (
        f"{one.resource_id}: {one.direction}, {one.amps:g} A, phases {one.phases}, steps of {one.step_percent} %"
        for one in found.chargepoints
    )
    return [
        *_device(found.device),
        f"{found.profile}, {', '.join(found.transports)}, not certified",
        f"TLS {found.security.tls}; signatures {found.security.signatures}",
        f"programmes: {', '.join(found.programmes)}; to be declined: {', '.join(found.declinable)}",
        *outlets,
    ]


def _there(there: bool | None) -> str:
    return "not known" if there is None else "yes" if there else "no"


def show_simulated(found: Simulated, console: Console) -> None:
    """Each event with the answer to it, then what each chargepoint may draw from when on."""
    parts: list[RenderableType] = [Text(_verdict(one)) for one in found.verdicts]
    table = _table("from", "chargepoint", "limit", "because")
    for one in found.course:
        amps = "none" if one.amps is None else f"{one.amps:g} A"
        table.add_row(*map(Text, (one.at, one.resource_id, amps, one.because or "")))
    console.print(Group(*(parts or [Text("no event in it limits anybody")]), table))


def _verdict(one: Verdict) -> str:
    name = f"{one.event_id} ({one.modification})"
    if one.why:
        return f"{name}: refused with {one.code}: {one.why}"
    wait = f", may start up to {one.start_may_wait:g} s later" if one.start_may_wait else ""
    return f"{name}: {one.answer}, {one.programme}, for {', '.join(one.chargepoints)}{wait}"


def show_messages(recorded: Sequence[Recorded], console: Console, *, with_xml: bool) -> None:
    """A line for each, the oldest first, or each in full."""
    if not recorded:
        console.print(Text("no messages are kept; record_messages in the settings wants some"))
    elif not with_xml:
        table = _table("time", "way", "service", "message", "bytes", "verdict")
        for one in recorded:
            table.add_row(*map(Text, _message(one)))
        console.print(table)
    else:
        for one in recorded:
            text = f"\n{'  '.join(_message(one))}\n{shown.lines(pretty(one.xml)).rstrip()}"
            console.print(Text(text), soft_wrap=True)


def _message(one: Recorded) -> tuple[str, ...]:
    at = f"{one.at.astimezone(UTC).strftime('%Y-%m-%d %H:%M:%S.%f')[:-3]} UTC"
    message, verdict = shown.words(one.message) or "-", shown.words(one.verdict) or "-"
    return (at, one.direction, shown.words(one.service), message, str(one.size), verdict)


def _heading(status: Status) -> list[str]:
    running = "running" if status.running else "not running: limits as they were last"
    first = f"{status.name or 'this VEN'}: {running}"
    others = [line for one in status.others for line in _other(one)]
    return [
        first,
        *_device(status.device),
        _registered(status.registration),
        *_contact(status.contact),
        *others,
        *_site(status),
    ]


def _registered(known: RegistrationStatus | None) -> str:
    if known is None:
        return "not registered"
    return f"VEN {known.ven_id} at VTN {known.vtn_id}, polls every {known.poll_seconds:g} s"


def _other(one: OtherStatus) -> list[str]:
    """A VTN that is not the grid operator's."""
    said = [_registered(one.registration), *_contact(one.contact)]
    return [f"{shown.words(one.name)}: {line}" for line in said]


def _device(device: DeviceStatus) -> list[str]:
    """The markings, as far as the installer has set them."""
    named = " ".join(each for each in (device.maker, device.model) if each)
    found = [named] if named else []
    found += [f"serial {device.serial}"] if device.serial else []
    accuracy = device.meter_accuracy_percent
    found += [f"meter within {accuracy:g} %"] if accuracy is not None else []
    return [", ".join([*found, " and ".join(device.directions), f"{device.program} {device.version}"])]


def _site(status: Status) -> list[str]:
    """What is the same for all chargepoints."""
    found = []
    if link := status.link:
        left = f", {link.failsafe_seconds} s" if link.failsafe_seconds is not None else ""
        until = f", until {link.failsafe_until} at least{left}" if link.failsafe_until else ""
        found.append(f"{link.state} since {link.since}{until}: {link.says}")
    if clock := status.clock:
        found.append(f"clock: {clock.says}")
    if calendar := status.calendar:
        then = f", {calendar.next_percent:g} % from {calendar.next_at}" if calendar.next_at else ""
        back = "" if calendar.export_percent is None else f"; fed back {calendar.export_percent:g} %"
        found.append(f"calendar: {calendar.percent:g} %{then}{back}")
    if price := status.price:
        found.append(f"price now: {price.value} {price.currency} per kWh")
    return found


def _reasons(status: Status) -> list[str]:
    """Why each chargepoint has its limit, in a sentence; nothing of those that nobody limits."""
    found = []
    for one in status.chargepoints:
        if one.limit or one.boost_until:
            boost = f" Until {one.boost_until}." if one.boost_until and not one.limit else ""
            found.append(f"{one.resource_id}: {one.says}{boost}{_verified(one)}")
    return found


def _verified(one: ChargepointStatus) -> str:
    """What the meter says of the limit, and what is done about it."""
    if one.finding is None:
        return ""
    measure = f", {one.measure.replace('_', ' ')}" if one.measure and one.measure != "ask" else ""
    return f" The meter says: {one.finding}{measure}."


def _contact(contact: ContactStatus | None) -> list[str]:
    if contact is None:
        return []
    if contact.made:
        return [f"in contact since {contact.since}"]
    return [f"NO CONTACT since {contact.since}: {contact.why}"]


def _chargepoints(chargepoints: tuple[ChargepointStatus, ...]) -> Table:
    table = _table("chargepoint", "limit", "measured", "ordered by", "because", "since", "until")
    for one in chargepoints:
        limit = one.limit
        words = [one.resource_id, _limit(one), _measured(one)]
        if limit:
            words += [_source(limit), limit.because, limit.since or "", limit.until or "cancelled"]
        table.add_row(*map(Text, words))
    return table


def _source(limit: LimitStatus) -> str:
    """With whose it is, where that is not the grid operator's or the site's own."""
    return limit.source if limit.party in (None, DSO) else f"{limit.source} of {shown.words(limit.party)}"


def _limit(one: ChargepointStatus) -> str:
    if one.limit is None:
        return f"none, rated {one.rated_amps:g} A"
    taken = " NOT TAKEN" if one.applied is False else ""
    return f"{one.limit.amps:g} A, {one.limit.percent:g} %, {one.rate}{taken}"


def _measured(one: ChargepointStatus) -> str:
    if one.measured is None:
        return "not known"
    return f"{max(one.measured.amps, default=0):g} A, {one.measured.watts / 1000:.1f} kW"


def _events(events: tuple[EventStatus, ...]) -> Table:
    table = _table("event", "status", "start", "end", "answer", "why not")
    for one in events:
        name = f"{one.event_id} ({one.modification})"
        if one.party != DSO:
            name = f"{shown.words(one.party)}: {name}"
        words = [name, one.status, one.start or "", one.end or "cancelled", one.answer, one.why or ""]
        table.add_row(*map(Text, words))
    return table


def _table(*columns: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(column, overflow="fold")
    return table
