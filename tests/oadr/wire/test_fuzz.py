"""A short run of `make fuzz`, and that it would notice."""

import pytest

from oadr.wire import envelope
from oadr.wire.schema import Schema
from tests.oadr.wire import fuzz
from tests.oadr.wire.fuzz import Damage

DAMAGE = Damage(20260115)


@pytest.mark.proves("P12", "X09", "B2")
def test_damaged_messages_are_read_or_refused(schema: Schema) -> None:
    outcome = fuzz.fuzz(3_000, DAMAGE, schema)
    assert outcome.read > 200
    assert outcome.refused > 200


def test_a_seed_and_a_number_say_which_message_it_is() -> None:
    one, again = Damage(7, each=2), Damage(7, each=2)
    assert all(one.done(number) == again.done(number) for number in range(20))
    assert one.done(1) != one.done(2)


def test_an_exception_that_is_no_refusal_stops_the_run_and_names_the_message(
    schema: Schema, monkeypatch: pytest.MonkeyPatch
) -> None:
    def faulty(*_: object, **__: object) -> None:
        raise KeyError("oops")

    monkeypatch.setattr(envelope, "read", faulty)
    with pytest.raises(KeyError) as caught:
        fuzz.fuzz(10, DAMAGE, schema)
    assert "seed 20260115, message 0: b" in caught.value.__notes__[0]


def test_memory_that_grows_is_noticed(schema: Schema, monkeypatch: pytest.MonkeyPatch) -> None:
    peaks = iter((1_000, 1_000, 1_001 + fuzz.ROOM))
    monkeypatch.setattr(fuzz, "_peak", lambda: next(peaks))
    with pytest.raises(fuzz.Grown):
        fuzz.fuzz(20, DAMAGE, schema)
