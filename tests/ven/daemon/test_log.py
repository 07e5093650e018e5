import io
import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from oadr.wire.ids import EventId, RegistrationId, ResourceId, VenId, VtnId
from ven import Limit, LimitChanged, Source, Trouble
from ven.daemon.config import LogForm
from ven.daemon.log import Log, line
from ven.news import (
    Conflict,
    ContactLost,
    ContactMade,
    Declined,
    DeclineRefused,
    Deregistered,
    EventEnded,
    FromParty,
    GaveUp,
    PeerComplained,
    Registered,
    RegistrationRefused,
)
from ven.party import Party
from ven.ven import LimitChanged as Changed

ACME = Party("acme")
UNTIL = datetime(2026, 1, 5, 8, 30, tzinfo=UTC)
LIMIT = Limit(Decimal("12.8"), Decimal(40), Source.SUPPLY_LIMIT, "E1", UNTIL)
REGISTERED = Registered(VenId("ven-1"), RegistrationId("reg-secret"), VtnId("vtn-1"), True)

Item = Changed | Registered | EventEnded | ContactLost | ContactMade | Trouble | PeerComplained | GaveUp


def logged(
    item: Item | RegistrationRefused | Deregistered | Declined | DeclineRefused | FromParty | Conflict,
    form: LogForm = LogForm.JSON,
) -> str:
    stream = io.StringIO()
    Log(form, stream).write(line(item))
    return stream.getvalue()


def test_a_limit_is_one_line_with_its_amps_its_source_its_reason_and_its_end() -> None:
    written = json.loads(logged(LimitChanged(ResourceId("evse-1"), LIMIT)))
    assert datetime.fromisoformat(written.pop("timestamp")).tzinfo == UTC
    assert written == {
        "level": "info",
        "event": "limit",
        "chargepoint": "evse-1",
        "amps": 12.8,
        "percent": 40,
        "source": "supply-limit",
        "because": "E1",
        "until": "2026-01-05T08:30:00Z",
    }


@pytest.mark.proves("W34")
def test_a_limit_of_another_vtn_than_the_grid_operators_says_whose_it_is() -> None:
    shift = replace(LIMIT, source=Source.LOAD_SHIFT, party=ACME)
    written = json.loads(logged(LimitChanged(ResourceId("evse-1"), shift)))
    assert (written["source"], written["party"], written["because"]) == ("load-shift", "acme", "E1")


def test_news_of_another_vtn_says_whose_it_is() -> None:
    written = json.loads(logged(FromParty(ACME, REGISTERED)))
    assert (written["event"], written["party"], written["ven_id"]) == ("registered", "acme", "ven-1")


@pytest.mark.proves("VE16")
def test_of_two_vtns_that_order_at_once_the_log_says_what_holds_and_what_does_not() -> None:
    shift = Limit(Decimal(8), Decimal(25), Source.LOAD_SHIFT, "E7", None, party=ACME)
    written = json.loads(logged(Conflict(ResourceId("evse-1"), (shift, LIMIT))))
    del written["timestamp"]
    assert written == {
        "level": "warning",
        "event": "two VTNs order at once, the smaller limit holds",
        "chargepoint": "evse-1",
        "amps": 8,
        "party": "acme",
        "because": "E7",
        "beside": "12.8 A by dso for E1",
    }


def test_no_limit_is_not_a_limit_of_zero() -> None:
    written = json.loads(logged(LimitChanged(ResourceId("evse-1"), None)))
    assert written["event"] == "no limit"
    assert "amps" not in written


def test_a_registration_id_is_never_written() -> None:
    assert "reg-secret" not in logged(REGISTERED)
    assert "ven-1" in logged(REGISTERED)


@pytest.mark.parametrize(
    ("item", "level", "what"),
    [
        (REGISTERED, "info", "registered"),
        (RegistrationRefused("452", "who?"), "warning", "registration refused"),
        (Deregistered("cancelled"), "warning", "registration ended"),
        (EventEnded(EventId("E1"), True), "info", "event ended"),
        (PeerComplained("Poll", "463", "no"), "warning", "the VTN complains"),
        (Declined(EventId("E1"), frozenset({ResourceId("evse-1")})), "info", "declined"),
        (DeclineRefused(EventId("E1"), "protects the network"), "warning", "cannot be declined"),
        (GaveUp("CreatedEvent"), "warning", "an answer was given up"),
        (ContactLost("refused"), "warning", "contact lost"),
        (ContactMade(), "info", "contact made"),
        (FromParty(ACME, ContactLost("refused")), "warning", "contact lost"),
        (Trouble("disk full"), "warning", "disk full"),
    ],
)
def test_each_thing_that_happens_has_its_line(
    item: Item | Declined | DeclineRefused | FromParty, level: str, what: str
) -> None:
    written = json.loads(logged(item))
    assert (written["level"], written["event"]) == (level, what)


@pytest.mark.parametrize("form", LogForm)
def test_words_of_a_peer_cannot_make_a_second_line_nor_move_the_cursor(form: LogForm) -> None:
    written = logged(PeerComplained("Poll", "4\n63", "no\n2026 fake line\x1b[2J\u2028" + "x" * 5000), form)
    assert written.count("\n") == 1
    assert "\x1b" not in written
    assert "\\u001b" not in written
    assert len(written) < 600


def test_a_log_that_nobody_takes_ends_nothing() -> None:
    class Broken(io.StringIO):
        def write(self, _text: str, /) -> int:
            raise BrokenPipeError

    Log(LogForm.JSON, Broken()).info("starting")
