"""What schedules come to, read alike by both ends."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oadr.charging.signals import Programme
from oadr.opting import (
    Period,
    Schedule,
    is_for_chargepoints,
    is_out,
    is_replaced,
    read_periods,
    write_periods,
)
from oadr.wire import envelope
from oadr.wire.errors import Invalid, Misuse
from oadr.wire.ids import Mrid, OptId, RequestId, ResourceId, Token, VenId
from oadr.wire.messages import CreateOpt
from oadr.wire.messages.common import OptType, Target
from oadr.wire.messages.opt import Availability, Available, Periods
from oadr.wire.scalars import Duration
from oadr.wire.schema import Schema, installed_folder

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
A, B = ResourceId("a"), ResourceId("b")
OUT, IN = OptType.OPT_OUT, OptType.OPT_IN
SHIFT, PRICE = Programme.LOAD_SHIFT, Programme.PRICE
AT_NOON = Period(NOON, NOON + HOUR)


def schedule(
    first: int = 0,
    last: int | None = 1,
    *resources: ResourceId,
    opt: OptType = OUT,
    programme: Programme | None = None,
) -> Schedule:
    """From and until so many hours after noon."""
    period = Period(NOON + first * HOUR, None if last is None else NOON + last * HOUR)
    return Schedule(opt=opt, programme=programme, resources=frozenset(resources) or None, periods=(period,))


moments = st.integers(0, 6)
schedules = st.builds(
    lambda first, length, resources, opt, programme: schedule(
        first, None if length is None else first + length, *resources, opt=opt, programme=programme
    ),
    moments,
    st.none() | st.integers(1, 3),
    st.sets(st.sampled_from((A, B))),
    st.sampled_from(OptType),
    st.sampled_from((None, *Programme)),
)


@pytest.mark.parametrize(
    ("first", "last", "overlaps"),
    [(-2, -1, False), (-1, 0, False), (-1, 1, True), (0, 1, True), (1, 2, False), (1, None, False)],
)
def test_a_period_holds_from_its_start_to_just_before_its_end(
    first: int, last: int | None, overlaps: bool
) -> None:
    (period,) = schedule(first, last).periods
    assert period.overlaps(AT_NOON) is AT_NOON.overlaps(period) is overlaps


@pytest.mark.proves("r210")
def test_a_period_without_a_length_has_no_end() -> None:
    (period,) = read_periods(
        Availability(periods=Periods(available=(Available(start=NOON, duration=Duration()),)))
    )
    assert period.end is None
    assert period.overlaps(Period(NOON + 10_000 * HOUR, NOON + 10_001 * HOUR))
    assert not period.overlaps(Period(NOON - HOUR, NOON))


@pytest.mark.proves("r203")
def test_a_schedule_for_one_chargepoint_leaves_the_others_as_they_were() -> None:
    stated = (schedule(0, 1), schedule(3, 4, A))
    assert not is_out(stated, A, SHIFT, AT_NOON)
    assert is_out(stated, B, SHIFT, AT_NOON)


@pytest.mark.proves("r203")
def test_a_schedule_for_all_replaces_those_of_each() -> None:
    stated = (schedule(0, 1, A), schedule(0, 1, B), schedule(3, 4))
    assert not is_out(stated, A, SHIFT, AT_NOON)
    assert is_replaced(stated[0], stated[1:])


@pytest.mark.proves("r203")
def test_in_and_out_do_not_touch_each_other() -> None:
    assert is_out((schedule(0, 1), schedule(0, 1, opt=IN)), A, SHIFT, AT_NOON)
    assert not is_replaced(schedule(0, 1), (schedule(0, 1, opt=IN),))


@pytest.mark.proves("r205")
def test_a_schedule_counts_in_its_own_programme_only_and_one_without_counts_in_each() -> None:
    for_prices = schedule(programme=PRICE)
    assert is_out((for_prices,), A, PRICE, AT_NOON)
    assert not is_out((for_prices,), A, SHIFT, AT_NOON)
    assert is_out((for_prices, schedule(3, 4)), A, PRICE, AT_NOON), "a set of its own"
    assert is_out((schedule(),), A, SHIFT, AT_NOON)


@given(st.lists(schedules), st.sampled_from((A, B)), moments)
def test_no_schedule_excuses_anybody_from_a_supply_limitation(
    stated: list[Schedule], resource: ResourceId, hour: int
) -> None:
    during = Period(NOON + hour * HOUR, NOON + (hour + 1) * HOUR)
    assert not is_out(stated, resource, Programme.SUPPLY_LIMIT, during)


@given(st.lists(schedules, min_size=1), st.sampled_from((A, B)), moments, st.sampled_from((SHIFT, PRICE)))
def test_what_is_replaced_may_be_forgotten(
    stated: list[Schedule], resource: ResourceId, hour: int, programme: Programme
) -> None:
    during = Period(NOON + hour * HOUR, NOON + (hour + 1) * HOUR)
    kept = [one for count, one in enumerate(stated) if not is_replaced(one, stated[count + 1 :])]
    assert is_out(kept, resource, programme, during) is is_out(stated, resource, programme, during)
    assert stated[-1] in kept


@given(st.lists(st.tuples(moments, st.none() | st.integers(1, 10**7)), min_size=1))
def test_periods_come_back_as_they_were_written(found: list[tuple[int, int | None]]) -> None:
    periods = tuple(
        Period(
            NOON + hours * HOUR, None if seconds is None else NOON + hours * HOUR + timedelta(seconds=seconds)
        )
        for hours, seconds in found
    )
    assert read_periods(write_periods(periods)) == periods


@pytest.mark.parametrize(
    "period",
    [
        Period(NOON, NOON),
        Period(NOON, NOON - HOUR),
        Period(NOON, NOON + timedelta(milliseconds=900)),
        Period(NOON.replace(tzinfo=None)),
        Period(NOON, (NOON + HOUR).replace(tzinfo=None)),
    ],
)
def test_a_period_that_would_be_read_as_open_ended_is_not_written(period: Period) -> None:
    with pytest.raises(Misuse):
        write_periods((period,))
    with pytest.raises(Misuse):
        write_periods(())


@pytest.mark.parametrize("seconds", [-1, -3600])
def test_a_period_of_negative_length_is_refused(seconds: int) -> None:
    available = Available(start=NOON, duration=Duration(seconds))
    with pytest.raises(Invalid):
        read_periods(Availability(periods=Periods(available=(available,))))


@pytest.mark.proves("r209")
def test_a_device_class_narrows_to_the_devices_that_it_names() -> None:
    assert is_for_chargepoints(None)
    assert is_for_chargepoints(Target())
    assert is_for_chargepoints(Target(end_device_assets=(Mrid("Thermostat"), Mrid("EVSE"))))
    assert not is_for_chargepoints(Target(end_device_assets=(Mrid("Thermostat"),)))
    with pytest.raises(Invalid) as refused:
        is_for_chargepoints(Target(end_device_assets=(Mrid("EVSE"),), ven_ids=(VenId("v"),)))
    assert refused.value.code == "459"


NOT_FOR_A_SCHEDULE = (
    b"<xcal:tolerance><xcal:tolerate><xcal:startafter>PT5M</xcal:startafter></xcal:tolerate></xcal:tolerance>",
    b"<ei:x-eiNotification><xcal:duration>PT5M</xcal:duration></ei:x-eiNotification>",
    b"<ei:x-eiRampUp><xcal:duration>PT5M</xcal:duration></ei:x-eiRampUp>",
    b"<ei:x-eiRecovery><xcal:duration>PT5M</xcal:duration></ei:x-eiRecovery>",
)


@pytest.mark.proves("r200")
@pytest.mark.parametrize("surplus", NOT_FOR_A_SCHEDULE)
def test_what_belongs_to_events_is_refused_in_a_schedule_although_the_schema_lets_it_be(
    surplus: bytes,
) -> None:
    folder = installed_folder()
    assert folder
    schedule = CreateOpt(
        opt_id=OptId("O1"),
        opt=OUT,
        reason=Token("x-schedule"),
        ven_id=VenId("V1"),
        schedule=write_periods((AT_NOON,)),
        created_at=NOON,
        request_id=RequestId("R1"),
    )
    raw = envelope.write(schedule)
    assert envelope.read(raw, Schema(folder)) == schedule
    assert raw.count(b"</xcal:properties>") == 1
    with pytest.raises(Invalid):
        envelope.read(raw.replace(b"</xcal:properties>", surplus + b"</xcal:properties>"), Schema(folder))
