"""The scenarios that openleadr's VTN can play with our VEN: each test bears the name of its scenario.

One evening is played, without signatures and with them; the tests look at what became of it. All names of that VTN and
of its programmes are very long (long_values), and the dice of our VEN fall as the evening wants them.

Cannot be played, because:
  event_with_baseline       its events have no element for a baseline
  same_requestid_again      it makes a new identifier for each message and writes it over one that it is given
  event_opt_outranks_created_event, opt_schedule_*, two_schedules_one_optid, two_scoped_opt_schedules,
  cancel_unknown_optid      it has no EiOpt: 404
  query_before_registration, query_while_registered   our VEN does not ask: it registers as it is set
  piggyback_cancel          it answers a report by nothing but "received"; its user's word on that is dropped
  ven_asks_metadata_*, several_metadata_requests, ven_cancels_vtn_report, ven_piggyback_cancels_vtn_report,
  vtn_republishes_metadata  it has no reports of its own and answers a request for them by 459
  invalid_event, two_vtns, created_event_is_answered   wait for HTTP push
"""

import asyncio
import logging
from decimal import Decimal
from pathlib import Path

import pytest

from certs.folder import Folder
from oadr.charging.ceilings import Price
from oadr.wire.ids import RequestId, VenId
from oadr.wire.signature import SignaturePolicy
from tests.interop.evening import HOUR, LONG_NAME, LONG_PROGRAMMES, MINUTES, Evening, Played
from tests.interop.site import BOTH_WAYS, PROGRAMMES, until
from tests.interop.their_vtn import POWER, REGISTRATION_ID, SECOND, VEN_ID, Charger, TheirVtn
from tests.pki import VEN_ECC, make_pki
from ven import Ven, VenConfig, assembly
from ven.clock import SystemClock
from ven.enrolment import Registration
from ven.leaving import leave
from ven.recording import Recorder

pytestmark = pytest.mark.filterwarnings(
    "ignore::aiohttp.web_exceptions.NotAppKeyWarning"  # its server predates them
)


LIMITED, HALF = Decimal("12.8"), Decimal("6.4")
"""A, at 40 % and at 20 %."""
TAKEN, NOT_UNDERSTOOD, NOT_MEANT = (200, "optIn"), (460, "optOut"), (462, "optOut")
POLICIES = (SignaturePolicy.OFF, SignaturePolicy.REQUIRED)


async def evening(folder: Path, signatures: SignaturePolicy) -> Played:
    pki = make_pki(folder / "pki")
    async with TheirVtn(pki, signatures, vtn_id=LONG_NAME, programmes=LONG_PROGRAMMES) as vtn:
        return await Evening(folder, pki, vtn, signatures).play()


@pytest.fixture(scope="module")
def evenings(tmp_path_factory: pytest.TempPathFactory) -> dict[SignaturePolicy, Played]:
    """Both at the same time."""

    async def main() -> list[Played]:
        folders = [tmp_path_factory.mktemp("evening") for _ in POLICIES]
        return await asyncio.gather(*map(evening, folders, POLICIES))

    logging.getLogger("openleadr").setLevel(logging.CRITICAL)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ven.samples.HISTORY_GRAIN", SECOND)  # of a minute, the evening is too short
        return dict(zip(POLICIES, asyncio.run(main()), strict=True))


@pytest.fixture(scope="module", params=POLICIES)
def played(request: pytest.FixtureRequest, evenings: dict[SignaturePolicy, Played]) -> Played:
    return evenings[request.param]


# --- registration ---


def test_register_then_metadata_both_ways(played: Played) -> None:
    """It has no reports of its own, and offers none."""
    assert [name for name, _ in played.vtn.heard[:3]] == [
        "oadrCreatePartyRegistration",
        "oadrRegisterReport",
        "oadrRequestEvent",
    ]
    assert not played.vtn.got("oadrRegisteredReport")


def test_no_events_empty_distribute(played: Played) -> None:
    """It answers by oadrResponse where a list of none belongs: there is nothing new, and nothing ends by that."""
    assert {"Shift", "Late"} <= set(played.kept)


def test_empty_poll(played: Played) -> None:
    assert {status for name, status in played.vtn.statuses if name == "oadrPoll"} == {200}


def test_vtn_asks_reregistration(played: Played) -> None:
    """Who is not registered is told this where the profile has 463 (payload_while_unregistered). It refuses
    identifiers that it does not know any more, so that our VEN registers anew.
    """
    heard, _ = played.vtn.got("oadrResponse")
    assert heard["response"]["response_code"] == 200
    first, again, anew, _ = played.vtn.got("oadrCreatePartyRegistration")
    assert (again["ven_id"], again["registration_id"]) == (VEN_ID, REGISTRATION_ID)
    for one in (first, anew):
        assert not {"ven_id", "registration_id"} & set(one)


def test_register_anew_while_registered(played: Played) -> None:
    """Everything is exchanged again."""
    names = [name for name, _ in played.vtn.heard]
    third = [number for number, name in enumerate(names) if name == "oadrCreatePartyRegistration"][2]
    assert names[third + 1 : third + 3] == ["oadrRegisterReport", "oadrRequestEvent"]


def test_reregister_with_same_ids(played: Played) -> None:
    """It was asked to; no report is described again."""
    (*_, request) = played.vtn.got("oadrCreatePartyRegistration")
    assert (request["ven_id"], request["registration_id"]) == (VEN_ID, REGISTRATION_ID)
    names = [name for name, _ in played.vtn.heard]
    last = len(names) - names[::-1].index("oadrCreatePartyRegistration")
    after = [name for name in names[last:] if name != "oadrUpdateReport"]
    assert after[:2] == ["oadrRequestEvent", "oadrPoll"]


def test_poll_drains_in_order(played: Played) -> None:
    told = [name for name, _ in played.vtn.answers_to("oadrPoll")]
    first = told.index("oadrCreateReport")
    assert told[first - 1] == "oadrDistributeEvent"
    assert told[first : first + 9] == ["oadrCreateReport"] * 8 + ["oadrResponse"]


def test_cancel_with_wrong_ids(played: Played) -> None:
    codes = [one["response"]["response_code"] for one in played.vtn.got("oadrCanceledPartyRegistration")]
    assert codes == [452, 452, 200]


def test_vtn_cancels_registration(played: Played) -> None:
    assert played.remains == ""


def configured(
    folder: Path, pki: Folder, vtn: TheirVtn, signatures: SignaturePolicy, ven_id: VenId | None = None
) -> VenConfig:
    return VenConfig(
        vtn_url=vtn.url,
        certificate=pki.secret(VEN_ECC),
        trust=pki.public("vtn-ca"),
        state=folder / "ven",
        market_contexts=PROGRAMMES,
        signatures=signatures,
        ven_id=ven_id,
    )


async def registered(config: VenConfig, vtn: TheirVtn) -> Registration:
    """A VEN that runs until it polls."""
    async with Ven(config, [Charger()]) as ven:

        async def polled() -> bool:
            return bool(vtn.got("oadrPoll"))

        await until(polled)
        known = ven.memory.registration
    assert known is not None
    return known


@BOTH_WAYS
async def test_preassigned_venid_is_kept(
    tmp_path: Path, pki: Folder, their_vtn: TheirVtn, signatures: SignaturePolicy
) -> None:
    name = VenId("Named_Before")
    config = configured(tmp_path, pki, their_vtn, signatures, name)
    known = await registered(config, their_vtn)
    assert (known.ven_id, known.registration_id) == (name, REGISTRATION_ID)
    (request,) = their_vtn.got("oadrCreatePartyRegistration")
    assert (request["ven_id"], request.get("registration_id")) == (name, None)
    assert {one["ven_id"] for one in their_vtn.got("oadrPoll")} == {name}


@BOTH_WAYS
async def test_ven_cancels_registration(
    tmp_path: Path, pki: Folder, their_vtn: TheirVtn, signatures: SignaturePolicy
) -> None:
    """As a unit of ours does that is reset. It has no word of its own for that and acknowledges the message."""
    config = configured(tmp_path, pki, their_vtn, signatures)
    known = await registered(config, their_vtn)
    clock = SystemClock()
    transport = assembly.http(config, clock.now, Recorder(0, clock.now), lambda _: None)
    try:
        assert await leave(transport, known, RequestId("R1"), clock)
    finally:
        await transport.close()
    assert not their_vtn.knows_it
    assert [name for name, _ in their_vtn.answers_to("oadrCancelPartyRegistration")] == ["oadrResponse"]


def test_long_values(played: Played) -> None:
    """All events of the evening came from this name and in such a market context."""
    vtn_id, ven_id = played.known_as
    assert (vtn_id, ven_id) == (LONG_NAME, VEN_ID)
    assert len(vtn_id) > 1000
    assert len(LONG_PROGRAMMES) > 2000
    held = played.held["all run"]["Shift"]
    assert held.event.descriptor.market_context == f"{LONG_PROGRAMMES}/load-shift"


def test_ids_in_other_letter_case(played: Played) -> None:
    """Its own name, and that of our VEN; wrong_vtnid is the same."""
    refused = [one for one in played.vtn.got("oadrCreatedEvent") if one["response"]["response_code"] == 452]
    assert refused
    assert all("event_responses" not in one for one in refused)
    assert played.words("From_Another") == []
    assert "From_Another" not in played.kept
    codes = [one["response"]["response_code"] for one in played.vtn.got("oadrCanceledPartyRegistration")]
    assert codes[1] == 452


# --- which events are taken ---


def test_events_by_request_event(played: Played) -> None:
    """What it did not hand out by itself; it was answered before anything else was sent."""
    name, told = played.vtn.answers_to("oadrRequestEvent")[0]
    assert name == "oadrDistributeEvent"
    assert [one["event_descriptor"]["event_id"] for one in told["events"]] == ["Early"]
    (first, *_) = played.vtn.got("oadrCreatedEvent")
    assert [one["event_id"] for one in first["event_responses"]] == ["Early"]
    assert first_word(played, "Early") == TAKEN


def first_word(played: Played, event_id: str) -> tuple[int, str]:
    _, code, opt = played.words(event_id)[0]
    return code, opt


@pytest.mark.parametrize(
    ("event_id", "word"),
    [
        pytest.param("Price", TAKEN, id="price_event"),
        pytest.param("Price_Of_Nothing", NOT_UNDERSTOOD, id="price_event-without_a_unit"),
        pytest.param("Day", TAKEN, id="day_of_hourly_prices"),
        pytest.param("Dispatch", TAKEN, id="dispatch_setpoint_event"),
        pytest.param("Dispatch_Of_Nothing", NOT_UNDERSTOOD, id="dispatch_setpoint_event-without_a_unit"),
        pytest.param("Custom", NOT_UNDERSTOOD, id="custom_signal_refused"),
        pytest.param("Shift", TAKEN, id="state_pending_mod0_always"),
        pytest.param("Active", TAKEN, id="state_active_mod0_always"),
        pytest.param("High", TAKEN, id="new_event_with_high_mod"),
        pytest.param("Cancelled", TAKEN, id="unknown_cancelled_event"),
        pytest.param("Test", TAKEN, id="test_event"),
        pytest.param("Expired", TAKEN, id="expired_and_current_event"),
        pytest.param("Full", TAKEN, id="optional_elements"),
        pytest.param("Elsewhere", NOT_MEANT, id="market_context_mismatch"),
        pytest.param("Other_Group", NOT_MEANT, id="target_mismatch"),
        pytest.param("Other_Resource", (469, "optOut"), id="target_mismatch-resource"),
        pytest.param("Group", TAKEN, id="target_kinds-group"),
        pytest.param("Resource", TAKEN, id="target_kinds-resource"),
        pytest.param("Ven", TAKEN, id="target_kinds-ven"),
        pytest.param("Party", NOT_MEANT, id="target_kinds-party"),
    ],
)
def test_event(played: Played, event_id: str, word: tuple[int, str]) -> None:
    assert first_word(played, event_id) == word


def test_two_events_one_or_more_answers(played: Played) -> None:
    first = next(one for one in played.vtn.got("oadrCreatedEvent") if len(one["event_responses"]) > 1)
    assert {"Shift", "Limit", "Run_1", "Price"} <= {one["event_id"] for one in first["event_responses"]}


def test_valid_and_invalid_event(played: Played) -> None:
    """In one list, and each is judged by itself."""
    assert (first_word(played, "Custom"), first_word(played, "Shift")) == (NOT_UNDERSTOOD, TAKEN)


def test_two_market_contexts(played: Played) -> None:
    assert (first_word(played, "Limit"), first_word(played, "Shift")) == (TAKEN, TAKEN)


def test_state_active_mod0_never(played: Played) -> None:
    assert played.amps["all run"]["never"] == LIMITED
    assert played.words("Active_Never") == []


def test_state_pending_mod0_never(played: Played) -> None:
    assert "Never" in played.kept
    assert played.words("Never") == []


def test_optional_elements(played: Played) -> None:
    period = played.held["all run"]["Full"].event.period
    given = (period.ramp_up, period.recovery, period.notification, period.start_after)
    assert {one.span if one else None for one in given} == {MINUTES}
    bare = played.held["all run"]["Shift"].event.period
    assert (bare.ramp_up, bare.recovery, bare.start_after) == (None, None, None)


def test_day_of_hourly_prices(played: Played) -> None:
    day = played.held["all run"]["Day"]
    for hour in range(24):
        (step,) = (one for one in day.steps if one.holds_at((hour + 0.5) * HOUR))
        assert step.advice == (Price(Decimal(hour) / 100, "EUR"),)
    assert not any(one.holds_at(24 * HOUR) for one in day.steps)


# --- changes ---


def test_event_then_modification(played: Played) -> None:
    """And new_modified_cancelled_together, state_pending_mod1_always: all by one list."""
    assert (1, 200, "optIn") in played.words("Shift")
    assert (1, 200, "optIn") in played.words("Gone")
    assert (0, 200, "optIn") in played.words("New")


def test_state_pending_mod1_never(played: Played) -> None:
    """And state_cancel_pending_mod1_never."""
    assert played.words("Never") == played.words("Gone_Never") == []
    assert "Gone_Never" not in played.kept


def test_state_cancel_pending_mod1_always(played: Played) -> None:
    assert played.words("Gone")[-1] == (1, 200, "optIn")
    assert "Gone" not in played.kept


def test_state_active_mod1_always(played: Played) -> None:
    """And run_modified_active."""
    assert (1, 200, "optIn") in played.words("Active")
    assert (played.amps["all run"]["active"], played.amps["after second thoughts"]["active"]) == (
        LIMITED,
        HALF,
    )


def test_state_cancel_active_mod1_always(played: Played) -> None:
    """And run_cancelled."""
    assert (2, 200, "optIn") in played.words("Active")
    assert played.amps["after the end"]["active"] is None


def test_lower_mod_number(played: Played) -> None:
    assert played.words("High")[:2] == [(5, 200, "optIn"), (3, 450, "optOut")]
    assert "High" in played.kept


def test_event_missing_from_payload(played: Played) -> None:
    assert played.amps["all run"]["missing"] == LIMITED
    assert played.amps["after second thoughts"]["missing"] is None
    assert "Missing" not in played.kept


def test_application_error_code(played: Played) -> None:
    """452 to the answer to an event that it has no more, 459 to what it does not know; our VEN carries on."""
    assert 452 in [told["response"]["response_code"] for _, told in played.vtn.answers_to("oadrCreatedEvent")]
    assert {("CreatedEvent", "452"), ("CanceledReport", "459")} <= {
        (one.about, one.code) for one in played.complaints
    }
    assert (0, 200, "optIn") in played.words("New"), "which came after that"


# --- what the chargers were told ---


def test_run_modified_pending(played: Played) -> None:
    """It begins an hour earlier than was said at first, and is stricter."""
    assert played.amps["all run"]["moved"] is None
    assert played.course("moved")[1] == HALF


def test_run_dispatch(played: Played) -> None:
    """From its receipt to its cancellation: it has no end of its own, and its set point is 11.04 kW."""
    assert played.held["all run"]["Run_Dispatch"].end is None
    for moment in ("all run", "after second thoughts"):
        assert played.amps[moment]["dispatch"] == Decimal(16)
    assert played.words("Run_Dispatch")[-1] == (1, 200, "optIn")
    assert played.amps["after the end"]["dispatch"] is None


def test_randomised_start(played: Played) -> None:
    """A second late at most, as the dice would have it; one without a tolerance is not."""
    held = played.held["all run"]["Random"]
    assert held.start == held.event.period.start + SECOND
    first = next(at for at, amps in played.told["random"] if amps is not None)
    assert first >= held.start
    prompt = played.held["all run"]["Active"]
    assert prompt.start == prompt.event.period.start


def test_randomised_then_modified(played: Played) -> None:
    """The dice fell otherwise meanwhile."""
    for moment, number in (("all run", 0), ("after second thoughts", 1)):
        held = played.held[moment]["Drawn"]
        assert (held.modification_number, held.start) == (number, held.event.period.start + MINUTES)


@pytest.mark.parametrize(
    ("charger", "heard_with"),
    [
        pytest.param("random", "Random", id="explicit"),
        pytest.param("dropped", "Expired", id="implicit"),  # by the list that has this instead
    ],
)
def test_randomised_cancel(played: Played, charger: str, heard_with: str) -> None:
    """A second after the cancellation was heard, as the dice would have it. Of both: randomised_explicit_cancel,
    randomised_implicit_cancel.
    """
    assert played.amps["after second thoughts"][charger] == LIMITED
    number = 1 if heard_with == "Random" else 0
    freed = next(at for at, amps in played.told[charger] if amps is not None and amps > LIMITED)
    assert freed >= played.first_polled(heard_with, number) + SECOND
    assert played.course(charger)[-1] is None


def test_run_simple(played: Played) -> None:
    """And several_events_run: level 2, then level 1 by steps, then nothing."""
    course = played.course("simple")
    assert course.index(LIMITED) < course.index(Decimal("22.4"))
    assert min(amps for amps in course if amps is not None) == LIMITED
    assert course[-1] is None


def test_a_test_event_moves_nothing(played: Played) -> None:
    assert {amps["test"] for amps in played.amps.values()} == {None}


def test_late_opt_out(played: Played) -> None:
    """Their user is told the first answer alone."""
    assert played.amps["all run"]["late"] == LIMITED
    assert played.amps["after second thoughts"]["late"] is None
    assert played.words("Late")[:2] == [(0, 200, "optIn"), (0, 200, "optOut")]
    assert [opt for event_id, opt in played.vtn.answers if event_id == "Late"] == ["optIn"]


def test_opt_out_one_resource(played: Played) -> None:
    """It knows no EiOpt; what our VEN has to say of its resource goes into its answer to the event."""
    assert {status for name, status in played.vtn.statuses if name == "oadrCreateOpt"} == {404}


def test_an_answer_to_an_event_that_is_over_is_answered_by_500(played: Played) -> None:
    """It has dropped the event with the list that told of it. Our VEN does not insist for ever."""
    assert ("oadrCreatedEvent", 500) in played.vtn.statuses
    assert 1 <= len(played.words("Expired")) <= 4


# --- reports ---


def test_piggyback_request(played: Played) -> None:
    """And usage_report_periodic, several values in each: its only way to ask by itself."""
    (first, *_) = played.vtn.got("oadrCreatedReport")
    (pending,) = first["pending_reports"]
    found = played.reports(pending["report_request_id"])
    assert 2 in [len(report["intervals"]) for report in found]
    assert float(POWER) in played.vtn.values


def created(played: Played, *pending: str) -> list[int]:
    """The codes of the answers that list these besides what runs already."""
    found = [
        (
            one["response"]["response_code"],
            {each["report_request_id"] for each in one.get("pending_reports", ())},
        )
        for one in played.vtn.got("oadrCreatedReport")
    ]
    return [code for code, names in found if set(pending) <= names]


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("Once", id="usage_report_once"),
        pytest.param("Status_Once", id="status_report_once"),
    ],
)
def test_once(played: Played, name: str) -> None:
    assert 200 in created(played, name)
    assert len(played.reports(name)) == 1


def test_status_report_periodic(played: Played) -> None:
    """And cancel_periodic_report."""
    (report, *_) = played.reports("Periodic")
    status = report["intervals"][0]["report_payload"]["payload_resource_status"]
    assert (status["online"], status["manual_override"]) == (True, False)
    first = played.vtn.got("oadrCanceledReport")[0]
    assert first["response"]["response_code"] == 200
    assert "Periodic" not in [one["report_request_id"] for one in first["pending_reports"]]


def test_short_report_period(played: Played) -> None:
    """Its length is for two."""
    begins = [report["dtstart"] for report in played.reports("Short")]
    assert begins == [played.soon + number * SECOND for number in range(2)]


def test_status_report_late_on_change(played: Played) -> None:
    """The first tells the state, the others that it has not changed."""
    qualities = [
        report["intervals"][-1]["report_payload"]["data_quality"] for report in played.reports("Late")
    ]
    assert qualities == ["Quality Good - Non Specific", *["No New Value - Previous Value Used"] * 2]


def test_history_usage_all(played: Played) -> None:
    """Asked for by a message of its user's: it passes over the offer of a history."""
    (report,) = played.reports("History")
    assert {one["report_payload"]["value"] for one in report["intervals"]} == {float(POWER)}
    starts = [one["dtstart"] for one in report["intervals"]]
    assert starts == sorted(set(starts))
    begins, ends = played.stretch
    assert starts[0] < begins
    assert starts[-1] > ends


def test_history_usage_part(played: Played) -> None:
    """And two_requests_in_one_payload: both came in one message."""
    whole, part = (
        [one["dtstart"] for report in played.reports(name) for one in report["intervals"]]
        for name in ("History", "Part")
    )
    begins, ends = played.stretch
    assert part == [at for at in whole if begins <= at < ends], "told in whole seconds"
    assert len(part) >= 2
    assert 200 in created(played, "Periodic"), "the history is told at once and is not pending"


def test_cancel_with_last_report(played: Played) -> None:
    """The last one comes after the word that it is over."""
    spoken = [
        (name, one) for name, one in played.vtn.heard if name in ("oadrCanceledReport", "oadrUpdateReport")
    ]
    ends = [number for number, (name, _) in enumerate(spoken) if name == "oadrCanceledReport"][-1]
    after = [
        report["report_request_id"]
        for name, one in spoken[ends:]
        if name == "oadrUpdateReport"
        for report in one["reports"]
    ]
    assert after.count("Last") == 1


def test_two_report_requests_running(played: Played) -> None:
    assert 200 in created(played, "Once", "Periodic")


def test_unknown_report_ids(played: Played) -> None:
    assert 452 in [one["response"]["response_code"] for one in played.vtn.got("oadrCreatedReport")]
    assert played.reports("Unknown") == []
    second = played.vtn.got("oadrCanceledReport")[1]
    assert second["response"]["response_code"] == 452


def test_metadata_request_in_mid_stream(played: Played) -> None:
    assert 200 in created(played, "Offer")
    (*_, last) = played.vtn.got("oadrRegisterReport")
    assert last["report_request_id"] == "Offer"
