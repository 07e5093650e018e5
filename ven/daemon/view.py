"""A status as a person reads it."""

from collections.abc import Sequence
from datetime import UTC

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from oadr.wire.recording import Recorded, pretty
from ven.daemon import shown
from ven.daemon.simulate import Simulated, Verdict
from ven.daemon.status import ChargepointStatus, EventStatus, Status


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
    known = status.registration
    registered = "not registered"
    if known:
        registered = f"VEN {known.ven_id} at VTN {known.vtn_id}, polls every {known.poll_seconds:g} s"
    return [f"{status.name or 'this VEN'}: {running}", registered, *_contact(status), *_site(status)]


def _site(status: Status) -> list[str]:
    """What is the same for all chargepoints."""
    found = []
    if link := status.link:
        until = f", until {link.failsafe_until} at least" if link.failsafe_until else ""
        found.append(f"{link.state} since {link.since}{until}: {link.says}")
    if calendar := status.calendar:
        then = f", {calendar.next_percent:g} % from {calendar.next_at}" if calendar.next_at else ""
        found.append(f"calendar: {calendar.percent:g} %{then}")
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


def _contact(status: Status) -> list[str]:
    contact = status.contact
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
            words += [limit.source, limit.because, limit.since or "", limit.until or "cancelled"]
        table.add_row(*map(Text, words))
    return table


def _limit(one: ChargepointStatus) -> str:
    if one.limit is None:
        return f"none, rated {one.rated_amps:g} A"
    return f"{one.limit.amps:g} A, {one.limit.percent:g} %{' NOT TAKEN' if one.applied is False else ''}"


def _measured(one: ChargepointStatus) -> str:
    if one.measured is None:
        return "not known"
    return f"{max(one.measured.amps, default=0):g} A, {one.measured.watts / 1000:.1f} kW"


def _events(events: tuple[EventStatus, ...]) -> Table:
    table = _table("event", "status", "start", "end", "answer", "why not")
    for one in events:
        name = f"{one.event_id} ({one.modification})"
        words = [name, one.status, one.start or "", one.end or "cancelled", one.answer, one.why or ""]
        table.add_row(*map(Text, words))
    return table


def _table(*columns: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(column, overflow="fold")
    return table
