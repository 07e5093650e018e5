"""What other implementations send, as files: each is read with the meaning given here, or refused.

Where each file comes from is in tests/vectors/README.md.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest

from oadr.rules import Party, check, check_document
from oadr.wire import envelope
from oadr.wire.errors import Malformed
from oadr.wire.messages import (
    CreatedEvent,
    CreatedPartyRegistration,
    CreatePartyRegistration,
    DistributeEvent,
    Message,
    Poll,
    RegisteredReport,
    RegisterReport,
    Response,
    UpdateReport,
)
from oadr.wire.messages.report import Quantity, ResourceStatus
from oadr.wire.scalars import Duration
from oadr.wire.schema import Schema

VECTORS: Final = Path(__file__).parents[2] / "vectors"
NOW: Final = datetime(2026, 1, 15, 17, 0, tzinfo=UTC)
REFUSED: Final = (
    "argonne/ven_id_before_event_responses",
    "drafts/payload_of_an_older_namespace",
    "drafts/poll_without_its_envelope_parts",
    "openleadr/negative_ramp_up",
    "pyoadr_ven/offer_without_inner_request_id",
    "pyoadr_ven/types_in_another_namespace",
    "pyoadr_ven/unqualified_schema_version",
)


@dataclass(frozen=True, slots=True)
class Read:
    """What is read from a file, and which rules its sender breaks by it."""

    kind: type[Message]
    says: Callable[[Any], object]
    what: object
    breaks: frozenset[str] = frozenset()
    by: Party = Party.VEN


def from_vtn(kind: type[Message], says: Callable[[Any], object], what: object, *breaks: str) -> Read:
    return Read(kind, says, what, frozenset(breaks), Party.VTN)


def from_ven(kind: type[Message], says: Callable[[Any], object], what: object, *breaks: str) -> Read:
    return Read(kind, says, what, frozenset(breaks))


def _durations(message: DistributeEvent) -> list[int]:
    signal = message.events[0].signals[0]
    return [interval.duration.seconds for interval in signal.intervals if interval.duration]


READ: Final = {
    "avob/unwrapped_poll": from_ven(Poll, lambda poll: poll.ven_id, "ven-1"),
    "epri_cpp/created_event_without_responses": from_ven(
        CreatedEvent, lambda created: created.event_responses, (), "r35"
    ),
    "epri_cpp/several_payloads_in_one_interval": from_ven(
        UpdateReport,
        lambda update: [payload.value.value for payload in update.reports[0].intervals[0].payloads],
        [Decimal(1500), Decimal(2500), Decimal(0)],
    ),
    "epri_net/empty_transport_address": from_ven(
        CreatePartyRegistration, lambda registration: registration.transport_address, None
    ),
    "epri_net/status_with_resource_status": from_ven(
        UpdateReport,
        lambda update: update.reports[0].intervals[0].payloads[0].value,
        ResourceStatus(online=True, manual_override=False),
    ),
    "epri_net/update_report_without_report": from_ven(UpdateReport, lambda update: update.reports, ()),
    "epri_net/usage_without_item_base": from_ven(
        RegisterReport, lambda offer: offer.reports[0].descriptions[0].unit, None, "r331"
    ),
    "flexcoop/times_without_zone": from_vtn(
        DistributeEvent, lambda told: (told.vtn_id, told.events[0].period.start), ("1", NOW), "r1"
    ),
    "flexcoop/vtn_named_1_polled_every_three_seconds": from_vtn(
        CreatedPartyRegistration, lambda reply: (reply.vtn_id, reply.poll_frequency), ("1", Duration(3))
    ),
    "openleadr/event_with_starts": from_vtn(DistributeEvent, _durations, [900, 900], "r103", "r105"),
    "openleadr/event_without_end": from_vtn(
        DistributeEvent, lambda told: told.events[0].period.duration, Duration(), "r29", "r103", "r105"
    ),
    "openleadr/offer_of_nothing": from_ven(RegisterReport, lambda offer: offer.reports, ()),
    "openleadr/offer_of_readings": from_ven(
        RegisterReport, lambda offer: offer.reports[0].descriptions[0].report_type, "reading", "r331"
    ),
    "openleadr/polled_event_with_request_id_none": from_vtn(
        DistributeEvent, lambda told: told.request_id, "None", "r103", "r105"
    ),
    "openleadr/price_without_unit": from_vtn(
        DistributeEvent, lambda told: told.events[0].signals[0].unit, None, "r103", "r104", "r105"
    ),
    "openleadr/refused_registration": from_vtn(
        CreatedPartyRegistration, lambda reply: (reply.ven_id, reply.registration_id), (None, None)
    ),
    "openleadr/registration_with_address_none": from_ven(
        CreatePartyRegistration, lambda registration: registration.transport_address, "None"
    ),
    "openleadr/requests_without_a_period": from_vtn(
        RegisteredReport, lambda reply: reply.requests[0].period, None, "r324", "r338"
    ),
    "openleadr/response_to_request_event": from_vtn(Response, lambda reply: reply.response.accepted, True),
    "openleadr/status_as_number": from_ven(
        UpdateReport,
        lambda update: update.reports[0].intervals[0].payloads[0].value,
        Quantity(value=Decimal(1)),
        "r331",
    ),
}


def raw(name: str) -> bytes:
    return (VECTORS / f"{name}.xml").read_bytes()


@pytest.mark.proves("r46", "r47")
@pytest.mark.parametrize("name", READ)
def test_a_dialect_is_read_and_what_it_breaks_is_known(name: str, schema: Schema) -> None:
    expected = READ[name]
    message = envelope.read(raw(name), schema)
    assert type(message) is expected.kind
    assert expected.says(message) == expected.what
    found = (*check(message, expected.by, NOW), *check_document(raw(name), expected.by, NOW))
    assert {breach.rule for breach in found} == expected.breaks


@pytest.mark.parametrize("name", REFUSED)
def test_what_the_official_schema_does_not_take_is_refused(name: str, schema: Schema) -> None:
    with pytest.raises(Malformed) as caught:
        envelope.read(raw(name), schema)
    assert caught.value.status == 406


def test_every_file_is_listed_with_its_origin_and_read_here() -> None:
    files = {str(path.relative_to(VECTORS).with_suffix("")) for path in VECTORS.rglob("*.xml")}
    assert files == {*READ, *REFUSED}
    readme = (VECTORS / "README.md").read_text(encoding="utf-8")
    assert [name for name in sorted(files) if f"`{name}.xml`" not in readme] == []
