"""What shows only in the XML itself: once it is a message, it is gone (r1, r45, r100, r200, r509)."""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from lxml import etree

from oadr.rules.breach import Breach, Finding, Party, Rule, rule
from oadr.wire import envelope
from oadr.wire.namespaces import local_name, qualified
from oadr.wire.signature import PAYLOAD

Element = etree._Element

SCHEMA_VERSION: Final = qualified("ei:schemaVersion")
PROFILES: Final = ("2.0a", "2.0b")
SCHEMA_INSTANCE: Final = "{http://www.w3.org/2001/XMLSchema-instance}"
MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
MOMENTS: Final = tuple(
    qualified(name) for name in ("xcal:date-time", "ei:createdDateTime", "ei:modificationDateTime")
)
DURATIONS: Final = tuple(
    qualified(name)
    for name in ("xcal:duration", "xcal:startafter", "oadr:oadrMinPeriod", "oadr:oadrMaxPeriod")
)
FORBIDDEN_IN_SCHEDULES: Final = tuple(
    qualified(name) for name in ("xcal:tolerance", "ei:x-eiRampUp", "ei:x-eiRecovery", "ei:x-eiNotification")
)


@rule(Element)
def r1(root: Element) -> Iterator[Finding]:
    """Times end in Z, durations have no decimals."""
    for moment in root.iter(*MOMENTS):
        if not MOMENT.fullmatch((moment.text or "").strip()):
            yield local_name(str(moment.tag)), f"{moment.text} is not UTC with Z"
    for duration in root.iter(*DURATIONS):
        if "." in (duration.text or ""):
            yield local_name(str(duration.tag)), f"{duration.text} has decimals"


@rule(Element)
def r45(root: Element) -> Iterator[Finding]:
    """Nobody is told where a schema lies."""
    for element in root.iter("*"):
        if any(str(name).startswith(f"{SCHEMA_INSTANCE}schemaLocation") for name in element.attrib):
            yield local_name(str(element.tag)), "a schemaLocation"


@rule(Element, binds=Party.VTN)
def r100(root: Element) -> Iterator[Finding]:
    """One number for each interval of a signal or baseline."""
    for signals in root.iter(qualified("ei:eiEventSignals")):
        for interval in signals.iter(qualified("ei:interval")):
            if len(list(interval.iter(qualified("ei:payloadFloat")))) != 1:
                yield "interval", "not exactly one payloadFloat"


@rule(Element)
def r200(root: Element) -> Iterator[Finding]:
    """A schedule has neither tolerance nor ramps nor notification."""
    for schedule in root.iter(qualified("xcal:vavailability")):
        for extra in schedule.iter(*FORBIDDEN_IN_SCHEDULES):
            yield "vavailability", f"with {local_name(str(extra.tag))}"


@rule(Element)
def r509(root: Element) -> Iterator[Finding]:
    """Every payload says of which profile it is."""
    for payload in root[-1] if root.tag == PAYLOAD and len(root) else (root,):
        if payload.get(SCHEMA_VERSION) not in PROFILES:
            yield local_name(str(payload.tag)), f"schemaVersion {payload.get(SCHEMA_VERSION)}"


RULES: Final[tuple[Rule, ...]] = (r1, r45, r100, r200, r509)


def check_document(raw: bytes, sender: Party, now: datetime) -> tuple[Breach, ...]:
    """The rules that are about the bytes. Raises `Malformed` for what may not be looked into."""
    root = envelope.parse(raw, envelope.REPORT_LIMIT)
    return tuple(breach for each in RULES for breach in each.breaches(root, sender, now))
