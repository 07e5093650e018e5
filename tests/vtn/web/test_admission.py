"""A fleet of 100 000 comes back at once, in a time of our own: nobody waits for an event behind a registration."""

import heapq
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise

import pytest

from oadr.wire.ids import RequestId, VenId
from oadr.wire.messages import (
    CreatedEvent,
    CreatePartyRegistration,
    Poll,
    QueryRegistration,
    RegisterReport,
    RequestEvent,
    UpdateReport,
)
from oadr.wire.messages.common import EiResponse
from tests.vtn.world import HOME, registration
from vtn.web.admission import FLOOR, LONGEST, SHORTEST, Admission, Kind, Spread, kind_of

FLEET = 100_000


@dataclass(slots=True)
class Crowd:
    """Sites that ask until they are let in, each as late as it was told."""

    admission: Admission
    fleet: int = FLEET
    let_in: Counter[int] = field(default_factory=Counter)
    """By second."""
    last: dict[Kind, float] = field(default_factory=dict)
    """When the last one of each kind got in."""
    longest: int = 0

    def come(self, asking: list[tuple[float, int, Kind]]) -> None:
        heapq.heapify(asking)
        while asking:
            at, number, kind = heapq.heappop(asking)
            pause = self.admission.admit(kind, self.fleet, at)
            if pause is None:
                self.let_in[int(at)] += 1
                self.last[kind] = at
            else:
                self.longest = max(self.longest, pause)
                heapq.heappush(asking, (at + pause, number, kind))


@pytest.mark.proves("VT06", "B12", "A04")
def test_a_hundred_thousand_sites_come_back_without_a_storm() -> None:
    """All within ten seconds after a power cut, and each obeys its Retry-After."""
    crowd = Crowd(Admission())
    crowd.come([(number % 10_000 / 1000, number, Kind.RETURN) for number in range(FLEET)])
    assert max(crowd.let_in.values()) < FLEET / 100
    assert sum(crowd.let_in.values()) == FLEET
    assert crowd.last[Kind.RETURN] < 600
    assert crowd.longest <= LONGEST


@pytest.mark.proves("VT06")
def test_a_crowd_that_does_not_wait_is_let_in_no_faster() -> None:
    admission, let_in = Admission(), Counter[int]()
    for step in range(20 * 2000):
        at = step / 2000
        let_in[int(at)] += admission.admit(Kind.RETURN, FLEET, at) is None
    assert max(let_in.values()) < FLEET / 100
    assert sum(let_in.values()) >= 0.9 * 20 * FLEET * 0.005, "and nothing of what there is lies idle"


@pytest.mark.proves("VT06")
def test_who_asks_for_events_goes_before_who_registers() -> None:
    crowd = Crowd(Admission())
    half = FLEET // 2
    asking = [(number % 10_000 / 1000, number, Kind.RETURN) for number in range(half)]
    asking += [(number % 10_000 / 1000, half + number, Kind.EVENTS) for number in range(4_000)]
    crowd.come(asking)
    assert crowd.last[Kind.EVENTS] < 15
    assert crowd.last[Kind.RETURN] > 90


@pytest.mark.proves("VT06")
def test_a_poll_is_never_told_to_come_later() -> None:
    admission = Admission()
    admission.is_disk_full = True
    while admission.admit(Kind.RETURN, FLEET, 0) is None:
        pass
    response = EiResponse(request_id=RequestId("R"))
    answer = CreatedEvent(response=response, event_responses=(), ven_id=HOME)
    for message in (Poll(ven_id=HOME), answer):
        assert admission.admit(kind_of(message), FLEET, 0) is None


def test_which_messages_are_a_return() -> None:
    asked = {
        QueryRegistration(request_id=RequestId("Q")): Kind.RETURN,
        registration(): Kind.RETURN,
        RegisterReport(request_id=RequestId("O"), ven_id=HOME): Kind.RETURN,
        RequestEvent(request_id=RequestId("E"), ven_id=HOME): Kind.EVENTS,
        UpdateReport(request_id=RequestId("U"), reports=(), ven_id=VenId("V")): Kind.TELEMETRY,
    }
    assert isinstance(registration(), CreatePartyRegistration)
    assert {kind_of(message) for message in asked} == {Kind.RETURN, Kind.EVENTS, Kind.TELEMETRY}
    assert all(kind_of(message) is kind for message, kind in asked.items())


def test_a_small_fleet_is_served_as_fast_as_one_process_can() -> None:
    admission = Admission()
    assert [admission.admit(Kind.EVENTS, 3, 0.0) for _ in range(int(FLOOR))] == [None] * int(FLOOR)
    assert admission.admit(Kind.EVENTS, 3, 0.0) is not None
    assert admission.admit(Kind.EVENTS, 3, 1.0) is None


def test_a_clock_that_stands_still_or_goes_back_makes_no_tokens() -> None:
    admission = Admission()
    while admission.admit(Kind.EVENTS, 3, 10.0) is None:
        pass
    assert admission.admit(Kind.EVENTS, 3, 5.0) is not None
    assert admission.admit(Kind.EVENTS, 3, 5.0) is not None


@pytest.mark.proves("VT08")
def test_when_the_disk_is_full_telemetry_waits_and_nothing_else() -> None:
    admission = Admission()
    admission.is_disk_full = True
    assert admission.admit(Kind.TELEMETRY, FLEET, 0.0) is not None
    assert admission.admit(Kind.EVENTS, FLEET, 0.0) is None
    admission.is_disk_full = False
    assert admission.admit(Kind.TELEMETRY, FLEET, 0.0) is None


@pytest.mark.proves("VT06")
def test_who_is_told_to_come_later_is_told_different_times() -> None:
    spread = Spread()
    told = [spread.within(SHORTEST, LONGEST) for _ in range(10_000)]
    by_tenth = Counter((seconds - SHORTEST) * 10 // (LONGEST - SHORTEST + 1) for seconds in told)
    assert (min(told), max(told)) == (SHORTEST, LONGEST)
    assert all(900 < count < 1100 for count in by_tenth.values()), "evenly"
    assert all(abs(one - other) > 50 for one, other in pairwise(told))
