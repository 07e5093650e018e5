"""A status as a person reads it."""

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from ven.daemon.status import ChargepointStatus, EventStatus, Status


def show(status: Status, console: Console) -> None:
    parts: list[RenderableType] = [Text("\n".join(_heading(status))), _chargepoints(status.chargepoints)]
    parts += [
        Text(f"{one.resource_id}: {one.trouble}", style="red") for one in status.chargepoints if one.trouble
    ]
    if status.events:
        parts.append(_events(status.events))
    parts.append(Text(f"next change: {status.next_change or 'none that is known'}"))
    console.print(Group(*parts))


def _heading(status: Status) -> list[str]:
    running = "running" if status.running else "not running: limits as they were last"
    known = status.registration
    registered = "not registered"
    if known:
        registered = f"VEN {known.ven_id} at VTN {known.vtn_id}, polls every {known.poll_seconds:g} s"
    return [f"{status.name or 'this VEN'}: {running}", registered, *_contact(status)]


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
