"""A chargepoint that can feed back, as the settings have it and as people are shown it."""

from decimal import Decimal
from pathlib import Path

import pytest

from oadr.charging.electricity import Rating
from oadr.charging.limit import Limit, Source
from oadr.charging.scale import Direction, export_of
from oadr.wire.messages.common import Target
from tests.ven.daemon.test_status import seen
from tests.ven.stage import BASE, EVSE_1, MINUTE, event, listing
from tests.ven.virtual import START
from ven import Bidirectional, calendar_form
from ven.daemon.config import Settings, load
from ven.daemon.reasons import SAYS, Why, says
from ven.daemon.simulate import simulate
from ven.daemon.status import status
from ven.daemon.table import BadSetting
from ven.drivers.bidirectional import BidirectionalChargepoint
from ven.journal import Memory
from ven.local import Local
from ven.slots import Slot, SlotKey

OUT_1 = export_of(EVSE_1)
CALENDAR = """zone = "UTC"
[[export]]
days = ["mon"]
slots = { "00:00" = 100, "11:00" = 40, "13:00" = 100 }
"""
"""The tests begin on a Monday at 12:00 UTC."""


@pytest.fixture
def settings(settings_file: Path) -> Settings:
    """The first of two can feed back."""
    text = settings_file.read_text(encoding="utf-8")
    first = 'resource_id = "evse-1"\n'
    settings_file.write_text(text.replace(first, first + "export_amps = 16\nspare_kwh = 5\n"))
    return load(settings_file, {"FEEDERGUARD_VEN_MARKET_CONTEXTS": BASE}, {})


@pytest.mark.proves("W43", "W103")
def test_the_settings_say_who_can_feed_back_and_how_much(settings: Settings) -> None:
    first, second = settings.chargepoints
    assert first.export_rating == Rating(first.rating.amps / 2, 3)
    assert second.export_rating is None
    made = first.connect(lambda: START)
    assert isinstance(made, BidirectionalChargepoint)
    assert isinstance(made, Bidirectional)
    assert not isinstance(second.connect(lambda: START), Bidirectional)


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        ("export_amps = 16", "export_amps = 5", "must be a number from 6 to 1000 A per phase"),
        ("export_amps = 16\n", "", "spare_kwh: no such setting"),
        ("spare_kwh = 5", "one_phase = true", "one_phase and export_amps"),
        ('"evse-1"', '"evse-1:export"', "would be the export scale of another chargepoint"),
    ],
)
def test_a_mistake_about_export_stops_the_program(
    settings: Settings, settings_file: Path, before: str, after: str, why: str
) -> None:
    assert settings
    settings_file.write_text(settings_file.read_text(encoding="utf-8").replace(before, after))
    with pytest.raises(BadSetting, match=why):
        load(settings_file, {}, {})


@pytest.mark.proves("W43", "P11")
def test_the_export_scale_has_a_line_and_a_reason_of_its_own(settings: Settings) -> None:
    limit = Limit(Decimal(8), Decimal(50), Source.SUPPLY_LIMIT, "E1", None)
    memory = Memory(
        slots=((SlotKey(OUT_1, Source.SUPPLY_LIMIT), Slot(limit)),),
        local=Local(calendar_form.read(CALENDAR)),
    )
    shown = status(settings, memory, None, START)
    assert [(one.resource_id, one.rated_amps, bool(one.limit)) for one in shown.chargepoints] == [
        ("evse-1", 32, False),
        ("evse-1:export", 16, True),
        ("evse-2", 16, False),
    ]
    assert "fed back" in shown.chargepoints[1].says
    assert shown.chargepoints[0].says == SAYS[Why.UNMANAGED]
    assert shown.calendar
    assert (shown.calendar.percent, shown.calendar.export_percent) == (100, 40)
    assert "calendar: 100 %; fed back 40 %" in seen(shown)


def test_no_sentence_about_export_speaks_of_charging(settings: Settings) -> None:
    assert settings
    for reason in (Why.DSO_PROTECTION, Why.LOAD_SHIFT, Why.CALENDAR, Why.SITE_LIMIT, Why.RESTORING):
        told = says(reason, Direction.EXPORT)
        assert "fed back" in told or "feed back" in told
        assert "charg" not in told
        assert says(reason, Direction.IMPORT) == SAYS[reason]


@pytest.mark.proves("W43")
def test_what_a_list_of_events_would_mean_is_shown_for_each_scale(settings: Settings) -> None:
    message = listing(
        event("E1", share="0", target=Target(resource_ids=(EVSE_1,))),
        event("E2", share="0.5", target=Target(resource_ids=(OUT_1,)), start=START + 5 * MINUTE),
    )
    found = simulate(settings, Memory(), message, START)
    assert [one.chargepoints for one in found.verdicts] == [("evse-1",), ("evse-1:export",)]
    assert [(one.at[11:16], one.resource_id, one.amps) for one in found.course] == [
        ("12:00", "evse-1", 0),
        ("12:00", "evse-1:export", None),
        ("12:00", "evse-2", None),
        ("12:05", "evse-1:export", 8),
        ("12:30", "evse-1", None),
        ("12:35", "evse-1:export", None),
    ]
