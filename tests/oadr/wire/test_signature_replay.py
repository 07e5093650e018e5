"""A signed message acts near the time of its signing, and once."""

from datetime import timedelta
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oadr.wire import envelope, replay
from oadr.wire.envelope import Terms
from oadr.wire.errors import Forged
from oadr.wire.ids import VenId
from oadr.wire.messages import Poll
from oadr.wire.replay import WINDOW, Once, Recent, ReplayProtect
from oadr.wire.signature import SignaturePolicy
from tests.oadr.wire.sealing import NOW, signer

SECOND: Final = timedelta(seconds=1)
LIFETIME: Final = 2 * WINDOW.total_seconds()


@pytest.mark.proves("X20", "F3")
@pytest.mark.parametrize("window", [WINDOW, timedelta(seconds=5), timedelta(0)])
def test_a_message_is_fresh_within_the_window_on_both_sides_and_nowhere_else(window: timedelta) -> None:
    for away in (-window, timedelta(0), window):
        guard = ReplayProtect(NOW + away, "n1")
        assert replay.fresh(guard, NOW, window) == Once("n1", NOW + away + window)
    for away in (-window - SECOND, window + SECOND, timedelta(days=-365), timedelta(days=365)):
        with pytest.raises(Forged):
            replay.fresh(ReplayProtect(NOW + away, "n1"), NOW, window)


@pytest.mark.proves("X20")
@given(
    away=st.timedeltas(-3 * WINDOW, 3 * WINDOW),
    later=st.timedeltas(timedelta(0), 6 * WINDOW),
)
def test_what_may_be_forgotten_is_no_longer_fresh(away: timedelta, later: timedelta) -> None:
    guard = ReplayProtect(NOW + away, "n1")
    try:
        once = replay.fresh(guard, NOW)
    except Forged:
        return
    if NOW + later > once.expires_at:
        with pytest.raises(Forged):
            replay.fresh(guard, NOW + later)


@pytest.mark.proves("X20")
@pytest.mark.parametrize("nonce", ["", " ", "\t\r\n ", "n" * (replay.NONCE_LENGTH + 1)])
def test_a_nonce_that_says_nothing_or_too_much_is_refused(nonce: str) -> None:
    with pytest.raises(Forged):
        replay.fresh(ReplayProtect(NOW, nonce), NOW)


def test_the_nonce_is_kept_as_it_was_sent() -> None:
    """What an XML reader of another make would call equal is not."""
    assert replay.fresh(ReplayProtect(NOW, " N "), NOW).nonce == " N "


@pytest.mark.proves("X20")
def test_a_message_is_taken_once_however_it_is_wrapped() -> None:
    own, recent = signer("P-256"), Recent()
    terms = Terms(SignaturePolicy.REQUIRED, own.certificate)
    raw = own.sign(Poll(ven_id=VenId("V1")), NOW, "n1")
    for times, same in enumerate((raw, raw, raw.replace(b"><", b"><!-- new --><"), b"\xef\xbb\xbf" + raw)):
        once = envelope.open(same, None, terms, NOW).once
        assert once
        if times == 0:
            recent.spend("peer", once, 0.0)
        else:
            with pytest.raises(Forged, match="replayed"):
                recent.spend("peer", once, float(times))


def once(nonce: str) -> Once:
    return Once(nonce, NOW)


@pytest.mark.proves("X20")
def test_a_nonce_is_its_peers_own() -> None:
    recent = Recent()
    recent.spend("one", once("n1"), 0.0)
    recent.spend("other", once("n1"), 0.0)
    with pytest.raises(Forged):
        recent.spend("one", once("n1"), 0.0)


@pytest.mark.proves("X20")
@given(
    times=st.lists(st.floats(0, 10 * LIFETIME), min_size=1, max_size=30),
    first=st.floats(0, 10 * LIFETIME),
    after=st.floats(0, LIFETIME),
)
def test_a_nonce_is_remembered_for_two_windows_whatever_happens_between(
    times: list[float], first: float, after: float
) -> None:
    recent = Recent()
    moments = sorted(times)
    for number, at in enumerate(at for at in moments if at <= first):
        recent.spend("peer", once(f"before {number}"), at)
    recent.spend("peer", once("this"), first)
    for number, at in enumerate(at for at in moments if first < at <= first + after):
        recent.spend("peer", once(f"after {number}"), at)
    with pytest.raises(Forged, match="replayed"):
        recent.spend("peer", once("this"), first + after)


def test_what_can_no_longer_be_replayed_is_forgotten() -> None:
    recent = Recent()
    for round_ in range(10):
        for number in range(100):
            recent.spend("peer", once(f"{round_} {number}"), round_ * LIFETIME)
        assert len(recent) <= 200
    recent.spend("peer", once("late"), 100 * LIFETIME)
    assert len(recent) == 1


def test_a_flood_is_refused_rather_than_remembered_without_end() -> None:
    recent = Recent(limit=100)
    for number in range(100):
        recent.spend("peer", once(str(number)), 0.0)
    with pytest.raises(Forged, match="too many"):
        recent.spend("peer", once("one more"), 0.0)
    with pytest.raises(Forged, match="replayed"):
        recent.spend("peer", once("0"), 0.0)
    recent.spend("peer", once("one more"), LIFETIME)


class Counted(str):
    """A nonce that counts how often it is compared."""

    __slots__ = ()
    compared = 0

    def __eq__(self, other: object) -> bool:
        Counted.compared += 1
        return super().__eq__(other)

    __hash__ = str.__hash__


@pytest.mark.proves("A06")
def test_a_nonce_is_found_without_looking_at_the_others() -> None:
    recent = Recent(limit=20_000)
    for number in range(20_000):
        recent.spend("peer", once(Counted(number)), 0.0 if number < 19_999 else LIFETIME)
    Counted.compared = 0
    with pytest.raises(Forged, match="replayed"):
        recent.spend("peer", once(Counted(7)), LIFETIME)
    recent.spend("peer", once(Counted("new")), LIFETIME)
    assert Counted.compared < 10
