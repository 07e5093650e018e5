"""The VEN's ring of messages, without a network."""

from datetime import datetime, timedelta

import pytest

from oadr.wire import envelope
from oadr.wire.errors import Unreachable
from oadr.wire.messages import Poll
from oadr.wire.recording import Direction, Recorded
from tests.ven.stage import VEN, response
from tests.ven.virtual import START
from ven.recording import Recorder
from ven.transport.http import Busy, Rejected

POLL, NOTHING = envelope.write(Poll(ven_id=VEN)), envelope.write(response())
REFUSAL = envelope.write(response("452"))
IN, OUT = Direction.IN, Direction.OUT


class Watch:
    """Goes on by a second whenever somebody looks at it."""

    def __init__(self) -> None:
        self._at = START - timedelta(seconds=1)

    def now(self) -> datetime:
        self._at += timedelta(seconds=1)
        return self._at


def answered(recorder: Recorder, raw: bytes, sent: bytes = POLL) -> None:
    with recorder.exchange("OadrPoll", sent) as heard:
        heard.raw = raw
        heard.reply = envelope.read(raw, None) if raw else None


def failing(recorder: Recorder, error: Unreachable, raw: bytes = b"") -> None:
    def fail() -> None:
        with recorder.exchange("OadrPoll", POLL) as heard:
            heard.raw = raw
            raise error

    with pytest.raises(type(error)) as caught:
        fail()
    assert caught.value is error


def test_request_and_answer_are_kept_with_their_times_and_the_verdict() -> None:
    recorder = Recorder(10, Watch().now)
    answered(recorder, REFUSAL)
    assert recorder.messages == (
        Recorded.of(POLL, OUT, "OadrPoll", "452", START),
        Recorded.of(REFUSAL, IN, "OadrPoll", "", START + timedelta(seconds=1)),
    )


def test_an_empty_answer_is_no_message() -> None:
    recorder = Recorder(10, Watch().now)
    answered(recorder, b"")
    (only,) = recorder.messages
    assert (only.direction, only.verdict) == (OUT, "200")


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (Unreachable("TimeoutError: "), "no reply: TimeoutError"),
        (Unreachable("ClientConnectorError: refused"), "no reply: ClientConnectorError: refused"),
        (Rejected("HTTP status 406"), "HTTP status 406"),
        (Busy("HTTP status 503"), "HTTP status 503"),
    ],
)
def test_a_request_that_nobody_takes_is_kept_with_the_reason(error: Unreachable, why: str) -> None:
    recorder = Recorder(10, Watch().now)
    failing(recorder, error)
    assert [(one.direction, one.verdict, one.xml.encode()) for one in recorder.messages] == [(OUT, why, POLL)]


def test_an_answer_that_cannot_be_used_is_kept_too() -> None:
    recorder = Recorder(10, Watch().now)
    failing(recorder, Rejected("unusable answer: not UTF-8"), b"\xff")
    out, in_ = recorder.messages
    assert (out.xml.encode(), in_.xml) == (POLL, "\ufffd")
    assert out.verdict == in_.verdict == "unusable answer: not UTF-8"


def test_no_more_than_the_last_ones_are_kept() -> None:
    recorder = Recorder(3, Watch().now)
    for _ in range(5):
        answered(recorder, NOTHING)
    assert [one.direction for one in recorder.messages] == [IN, OUT, IN]
    assert recorder.messages[-1].at == START + timedelta(seconds=9)


def test_off_keeps_nothing() -> None:
    recorder = Recorder(0, Watch().now)
    answered(recorder, NOTHING)
    failing(recorder, Unreachable("no"))
    assert recorder.messages == ()
