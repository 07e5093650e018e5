"""A poll that is recognised says what the whole door said; whatever is new goes through the door."""

from certs import Sha256
from oadr.wire import envelope
from oadr.wire.envelope import Opened
from oadr.wire.ids import RequestId, VenId
from oadr.wire.messages import Poll, QueryRegistration
from oadr.wire.replay import Once
from oadr.wire.signature import SignaturePolicy
from tests.oadr.wire.sealing import NOW
from vtn.web.repeated import KEPT, LARGEST, Repeated

OFF, REQUIRED = SignaturePolicy.OFF, SignaturePolicy.REQUIRED
PEER, OTHER = Sha256("a" * 64), Sha256("b" * 64)
POLL = Opened(Poll(ven_id=VenId("V1")), None)
RAW = envelope.write(POLL.message)


def acquainted() -> Repeated:
    memory = Repeated()
    memory.learn(RAW, PEER, OFF, POLL)
    return memory


def test_the_same_bytes_of_the_same_peer_on_the_same_terms_are_recognised() -> None:
    memory = acquainted()
    assert memory.recognise(RAW, PEER, OFF) == POLL
    assert memory.recognise(RAW + b" ", PEER, OFF) is None
    assert memory.recognise(RAW, OTHER, OFF) is None
    assert memory.recognise(RAW, PEER, REQUIRED) is None, "terms that have changed ask for a new look"


def test_what_was_signed_what_acts_and_what_is_long_is_not_remembered() -> None:
    memory = Repeated()
    memory.learn(RAW, PEER, OFF, Opened(POLL.message, Once("n", NOW)))
    memory.learn(RAW, PEER, OFF, Opened(QueryRegistration(request_id=RequestId("Q")), None))
    memory.learn(RAW + b" " * LARGEST, PEER, OFF, POLL)
    assert memory.recognise(RAW, PEER, OFF) is None
    assert memory.recognise(RAW + b" " * LARGEST, PEER, OFF) is None


def test_the_one_longest_silent_is_forgotten() -> None:
    memory = acquainted()
    for number in range(KEPT - 1):
        memory.learn(RAW, Sha256(f"{number:064}"), OFF, POLL)
    assert memory.recognise(RAW, PEER, OFF)
    memory.learn(RAW, OTHER, OFF, POLL)
    assert memory.recognise(RAW, PEER, OFF), "it has just called"
    assert memory.recognise(RAW, Sha256(f"{0:064}"), OFF) is None
