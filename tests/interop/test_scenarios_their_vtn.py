"""The scenarios that openleadr's VTN can play with our VEN: each test bears the name of its scenario.

One evening is played, without signatures and with them; the tests look at what became of it.
"""

import asyncio
import logging
from decimal import Decimal
from pathlib import Path

import pytest

from oadr.wire.signature import SignaturePolicy
from tests.interop.evening import Evening, Played
from tests.interop.their_vtn import POWER, REGISTRATION_ID, VEN_ID, TheirVtn
from tests.pki import make_pki

pytestmark = pytest.mark.filterwarnings(
    "ignore::aiohttp.web_exceptions.NotAppKeyWarning"  # its server predates them
)


LIMITED, HALF = Decimal("12.8"), Decimal("6.4")
"""A, at 40 % and at 20 %."""
TAKEN, NOT_UNDERSTOOD, NOT_MEANT = (200, "optIn"), (460, "optOut"), (462, "optOut")
POLICIES = (SignaturePolicy.OFF, SignaturePolicy.REQUIRED)


async def evening(folder: Path, signatures: SignaturePolicy) -> Played:
    pki = make_pki(folder / "pki")
    async with TheirVtn(pki, signatures) as vtn:
        return await Evening(folder, pki, vtn, signatures).play()


@pytest.fixture(scope="module")
def evenings(tmp_path_factory: pytest.TempPathFactory) -> dict[SignaturePolicy, Played]:
    """Both at the same time."""

    async def main() -> list[Played]:
        folders = [tmp_path_factory.mktemp("evening") for _ in POLICIES]
        return await asyncio.gather(*map(evening, folders, POLICIES))

    logging.getLogger("openleadr").setLevel(logging.CRITICAL)
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
    """It refuses identifiers that it does not know any more, so that our VEN registers anew."""
    (heard,) = played.vtn.got("oadrResponse")
    assert heard["response"]["response_code"] == 200
    first, again, anew = played.vtn.got("oadrCreatePartyRegistration")
    assert (again["ven_id"], again["registration_id"]) == (VEN_ID, REGISTRATION_ID)
    for one in (first, anew):
        assert not {"ven_id", "registration_id"} & set(one)


def test_register_anew_while_registered(played: Played) -> None:
    """Everything is exchanged again."""
    names = [name for name, _ in played.vtn.heard]
    last = len(names) - names[::-1].index("oadrCreatePartyRegistration")
    assert names[last : last + 2] == ["oadrRegisterReport", "oadrRequestEvent"]


def test_cancel_with_wrong_ids(played: Played) -> None:
    codes = [one["response"]["response_code"] for one in played.vtn.got("oadrCanceledPartyRegistration")]
    assert codes == [452, 200]


def test_vtn_cancels_registration(played: Played) -> None:
    assert played.remains == ""


# --- which events are taken ---


def first_word(played: Played, event_id: str) -> tuple[int, str]:
    _, code, opt = played.words(event_id)[0]
    return code, opt


@pytest.mark.parametrize(
    ("event_id", "word"),
    [
        pytest.param("Price", NOT_UNDERSTOOD, id="price_event"),
        pytest.param("Dispatch", NOT_UNDERSTOOD, id="dispatch_setpoint_event"),  # without a unit
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
    (first, *_) = played.vtn.got("oadrCreatedEvent")
    assert {"Shift", "Limit", "Run_1", "Price"} <= {one["event_id"] for one in first["event_responses"]}


def test_valid_and_invalid_event(played: Played) -> None:
    """In one list, and each is judged by itself."""
    assert (first_word(played, "Custom"), first_word(played, "Shift")) == (NOT_UNDERSTOOD, TAKEN)


def test_two_market_contexts(played: Played) -> None:
    assert (first_word(played, "Limit"), first_word(played, "Shift")) == (TAKEN, TAKEN)


def test_state_pending_mod0_never(played: Played) -> None:
    assert "Never" in played.kept
    assert played.words("Never") == []


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


# --- what the chargers were told ---


def test_run_simple(played: Played) -> None:
    """And several_events_run: level 2, then level 1 by steps, then nothing."""
    course = played.told["simple"]
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
    (first, _) = played.vtn.got("oadrCanceledReport")
    assert first["response"]["response_code"] == 200
    assert "Periodic" not in [one["report_request_id"] for one in first["pending_reports"]]


def test_two_report_requests_running(played: Played) -> None:
    assert 200 in created(played, "Once", "Periodic")


def test_unknown_report_ids(played: Played) -> None:
    assert 452 in [one["response"]["response_code"] for one in played.vtn.got("oadrCreatedReport")]
    assert played.reports("Unknown") == []
    (_, second) = played.vtn.got("oadrCanceledReport")
    assert second["response"]["response_code"] == 452


def test_metadata_request_in_mid_stream(played: Played) -> None:
    assert 200 in created(played, "Offer")
    (*_, last) = played.vtn.got("oadrRegisterReport")
    assert last["report_request_id"] == "Offer"
