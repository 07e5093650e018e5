"""Every way to spoil a record is found, with its cause and with the entry where it starts."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from io import BytesIO

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from oadr.ledger import export
from oadr.ledger.checkpoint import Checkpoint
from oadr.ledger.entry import Entry, EntryType, LogId
from oadr.ledger.errors import (
    Altered,
    Forked,
    Incomplete,
    LedgerError,
    NotCanonical,
    UnexplainedHole,
    UnknownKey,
)
from oadr.ledger.export import Hole
from oadr.ledger.header import Header
from oadr.ledger.verification import verify
from tests.oadr.ledger import second_verifier
from tests.oadr.ledger.records import KEY, NOON, STRANGER, Record, record, rewritten

GOOD = record(12, (4, 9))


def refused(
    lines: Iterable[bytes], *, key: Ed25519PublicKey | None = None, known: Iterable[Checkpoint] = ()
) -> LedgerError:
    with pytest.raises(LedgerError) as caught:
        verify(lines, key=key, known=known)
    return caught.value


def found(error: LedgerError) -> tuple[type[LedgerError], int | None, int | None]:
    return type(error), error.seq, error.until


def without(
    of: Record, *seqs: int, erased: tuple[int, int] | None, seals: tuple[int, ...] = (4, 9)
) -> Record:
    """The same log with holes; the entry after the fifth says what was erased."""
    body = {"first": erased[0], "last": erased[1]} if erased else {"of": 0}
    made = record(len(of.entries), seals, bodies={6: (EntryType.ERASED, body)})
    entries = tuple(
        Hole.where(Entry.read(raw)).raw if seq in seqs else raw for seq, raw in enumerate(made.entries)
    )
    return replace(made, entries=entries)


def test_a_good_record_is_believed_and_said_to_be_what_it_is() -> None:
    verified = verify(GOOD.lines, key=KEY.public_key(), known=GOOD.checkpoints)
    assert (verified.entries, verified.holes, verified.checkpoints) == (12, 0, 2)
    assert (verified.sealed, verified.unsealed, verified.seal) == (9, 3, GOOD.checkpoints[1])
    assert (verified.first, verified.last) == (NOON, NOON + timedelta(seconds=11))
    assert verified.counts == {
        EntryType.BEGIN: 1,
        EntryType.EVENT_OUT: 3,
        EntryType.OPT: 2,
        EntryType.OUTCOME: 2,
        EntryType.CANCEL: 2,
        EntryType.INTERVENTION: 2,
    }


@given(st.integers(1, 40), st.sets(st.integers(1, 40), max_size=5))
def test_both_verifiers_believe_what_we_export(size: int, seals: set[int]) -> None:
    lines = record(size, tuple(sorted(n for n in seals if n <= size))).lines
    assert verify(lines).entries == size
    assert second_verifier.believes(b"".join(lines), KEY.public_key().public_bytes_raw())


@pytest.mark.proves("O07", "B17", "W107")
def test_every_changed_bit_is_found() -> None:
    """The file is everything an auditor has: header, entries, checkpoints and line ends."""
    whole = b"".join(record(2, (2,)).lines)
    for bit in range(len(whole) * 8):
        changed = bytearray(whole)
        changed[bit // 8] ^= 1 << bit % 8
        refused(BytesIO(changed))


def test_both_verifiers_find_the_same_changed_bits() -> None:
    whole = b"".join(record(3, (2,)).lines)
    for place in range(0, len(whole), 7):
        changed = bytearray(whole)
        changed[place] ^= 1 << place % 8
        assert not second_verifier.believes(bytes(changed))
        refused(BytesIO(changed))


@pytest.mark.proves("B17")
def test_every_cut_is_found() -> None:
    whole = b"".join(record(4, (3,)).lines)
    for end in range(len(whole)):
        assert type(refused(BytesIO(whole[:end]))) is Incomplete
        assert not second_verifier.believes(whole[:end])


@pytest.mark.proves("B17")
@pytest.mark.parametrize("index", range(len(GOOD.lines)))
def test_every_line_left_out_or_doubled_is_found(index: int) -> None:
    lines = GOOD.lines
    refused((*lines[:index], *lines[index + 1 :]))
    refused((*lines[: index + 1], *lines[index:]))


@pytest.mark.parametrize("seq", range(1, 12))
def test_a_changed_entry_is_named(seq: int) -> None:
    """Also where it is the `prev` that was changed: the entry after it still vouches for the rest."""
    raw = GOOD.entries[seq]
    prev = Entry.read(raw).prev.hex()
    for changed in (raw.replace(b'"e-', b'"f-'), raw.replace(prev.encode(), b"00" * 32)):
        lines = [line.replace(raw, changed) for line in GOOD.lines]
        error = refused(lines)
        assert type(error) is Altered
        if seq < 11:
            assert (error.seq, error.until) == (seq, seq)
        else:
            assert error.seq is not None
            assert error.until is not None
            assert error.seq <= seq <= error.until


@pytest.mark.parametrize("seq", range(1, 11))
def test_an_entry_left_out_is_a_hole_that_nobody_explains(seq: int) -> None:
    at = GOOD.line_of(seq)
    lines = (*GOOD.lines[:at], *GOOD.lines[at + 1 :])
    assert found(refused(lines)) == (UnexplainedHole, seq, seq)


def test_more_entries_left_out_are_one_hole() -> None:
    lines = [line for line in GOOD.lines if not any(line == GOOD.entries[n] + b"\n" for n in (5, 6, 7))]
    assert found(refused(lines)) == (UnexplainedHole, 5, 7)


def test_entries_that_changed_places_are_found_where_they_start() -> None:
    lines = list(GOOD.lines)
    for a, b in ((5, 6), (2, 10), (1, 3)):
        swapped = list(lines)
        i, j = GOOD.line_of(a), GOOD.line_of(b)
        swapped[i], swapped[j] = swapped[j], swapped[i]
        assert found(refused(swapped)) == (Altered, a, a)


def test_a_doubled_entry_is_named() -> None:
    at = GOOD.line_of(7)
    assert found(refused((*GOOD.lines[: at + 1], *GOOD.lines[at:]))) == (Altered, 7, 7)


def test_entries_cut_off_are_missing_even_if_their_checkpoint_stays() -> None:
    assert found(refused(GOOD.lines[: GOOD.line_of(10)])) == (Incomplete, 10, 11)
    fully = record(12, (4, 12))
    at = fully.line_of(10)
    assert found(refused((*fully.lines[:at], fully.lines[-1]))) == (Incomplete, 10, 11)


def test_a_checkpoint_left_out_moved_or_doubled_is_found() -> None:
    at = GOOD.line_of(3) + 1
    seal, rest = GOOD.lines[at], (*GOOD.lines[:at], *GOOD.lines[at + 1 :])
    assert found(refused(rest)) == (Incomplete, None, None)
    assert found(refused((*rest[:3], seal, *rest[3:]))) == (Altered, 2, 2)
    assert found(refused((*rest, seal))) == (Altered, 4, 4)
    assert type(refused((*rest[:at], seal, seal, *rest[at:]))) is Altered


def test_who_has_no_key_cannot_change_an_entry_and_mend_the_chain() -> None:
    spoilt = rewritten(GOOD.entries, 6)
    lines = export.write(Header.read(GOOD.lines[0][:-1]), spoilt, GOOD.checkpoints)
    assert found(refused(lines)) == (Altered, 4, 8)
    late = rewritten(GOOD.entries, 10)
    lines = export.write(Header.read(GOOD.lines[0][:-1]), late, GOOD.checkpoints)
    assert found(refused(lines)) == (Altered, 9, 11)


def test_a_checkpoint_or_header_signed_by_another_key_is_not_believed() -> None:
    at = GOOD.line_of(8) + 1
    forged = record(9, (9,), key=STRANGER)
    lines = (*GOOD.lines[:at], forged.checkpoints[0].raw + b"\n", *GOOD.lines[at + 1 :])
    assert found(refused(lines)) == (UnknownKey, 8, 8)
    assert found(refused((forged.lines[0], *GOOD.lines[1:]))) == (UnknownKey, None, None)


def test_another_keys_signature_under_our_keys_name_is_not_believed() -> None:
    at = GOOD.line_of(8) + 1
    seal = GOOD.checkpoints[1]
    forged = replace(seal, signature=record(9, (9,), key=STRANGER).checkpoints[0].signature)
    assert found(refused((*GOOD.lines[:at], forged.raw + b"\n", *GOOD.lines[at + 1 :]))) == (Altered, 8, 8)


def test_a_record_made_anew_with_another_key_is_found_by_whoever_knows_the_key() -> None:
    forged = record(12, (4, 9), key=STRANGER)
    assert verify(forged.lines).entries == 12
    assert found(refused(forged.lines, key=KEY.public_key())) == (UnknownKey, 0, 0)
    assert type(refused(forged.lines, known=GOOD.checkpoints)) is UnknownKey


@pytest.mark.proves("O07", "W107")
@pytest.mark.parametrize(("fork", "first", "last"), [(2, 0, 3), (6, 4, 8)])
def test_a_history_rewritten_by_the_owner_of_the_key_is_found_by_whoever_kept_a_checkpoint(
    fork: int, first: int, last: int
) -> None:
    other = record(12, (4, 9), fork=fork)
    assert verify(other.lines).entries == 12
    assert found(refused(other.lines, known=GOOD.checkpoints)) == (Forked, first, last)


def test_two_histories_in_one_export_are_a_fork() -> None:
    other = record(12, (4, 9), fork=6)
    lines = replace(GOOD, checkpoints=(GOOD.checkpoints[0], other.checkpoints[1])).lines
    assert found(refused(lines)) == (Forked, 4, 8)


def test_a_log_rolled_back_is_found_by_whoever_kept_a_checkpoint() -> None:
    short = record(6, (4,))
    assert verify(short.lines, known=GOOD.checkpoints[:1]).entries == 6
    assert found(refused(short.lines, known=GOOD.checkpoints)) == (Incomplete, 6, 8)


def test_a_kept_checkpoint_seals_and_is_itself_checked() -> None:
    unsealed = record(12, ())
    assert verify(unsealed.lines).sealed == 0
    assert verify(unsealed.lines, known=GOOD.checkpoints).sealed == 9
    assert type(refused(unsealed.lines, known=[replace(GOOD.checkpoints[0], size=5)])) is Altered
    foreign = record(12, (4,), log_id=LogId("x"))
    assert type(refused(unsealed.lines, known=foreign.checkpoints)) is Altered


def test_erased_entries_are_accepted_where_a_sealed_entry_says_so() -> None:
    holed = without(GOOD, 2, 3, 5, erased=(2, 5))
    verified = verify(holed.lines, known=holed.checkpoints)
    assert (verified.entries, verified.holes, verified.header.size) == (9, 3, 12)
    assert second_verifier.believes(b"".join(holed.lines))


@pytest.mark.parametrize(
    ("erased", "seals", "seq"),
    [
        (None, (4, 9), 2),
        ((3, 5), (4, 9), 2),
        ((2, 4), (4, 9), 5),
        ((2, 5), (4,), 2),
        ((2, 5), (), 2),
    ],
)
def test_other_holes_are_not_explained(
    erased: tuple[int, int] | None, seals: tuple[int, ...], seq: int
) -> None:
    holed = without(GOOD, 2, 3, 5, erased=erased, seals=seals)
    assert found(refused(holed.lines)) == (UnexplainedHole, seq, seq)
    assert not second_verifier.believes(b"".join(holed.lines))


def test_nothing_is_erased_in_advance() -> None:
    holed = without(GOOD, 8, erased=(2, 100))
    assert found(refused(holed.lines)) == (UnexplainedHole, 8, 8)
    assert not second_verifier.believes(b"".join(holed.lines))


def test_the_hashes_of_a_hole_are_those_of_what_was_there() -> None:
    holed = without(GOOD, 2, erased=(2, 2))
    hole = Hole.read(holed.entries[2])
    for spoilt, cause in (
        (replace(hole, leaf=bytes(32)), (Altered, 0, 3)),
        (replace(hole, digest=bytes(32)), (Altered, 2, 2)),
        (replace(hole, seq=3), (UnexplainedHole, 2, 2)),
    ):
        lines = [line.replace(hole.raw, spoilt.raw) for line in holed.lines]
        assert found(refused(lines)) == cause
        assert not second_verifier.believes(b"".join(lines))


def test_the_first_entry_cannot_be_erased() -> None:
    lines = [
        line.replace(GOOD.entries[0], Hole.where(Entry.read(GOOD.entries[0])).raw) for line in GOOD.lines
    ]
    assert found(refused(lines)) == (Incomplete, 0, 0)
    assert found(refused((GOOD.lines[0], *GOOD.lines[3:]))) == (UnexplainedHole, 0, 1)
    assert found(refused(GOOD.lines[1:])) == (Incomplete, 0, 0)


def test_what_is_no_line_of_an_export_is_refused_where_it_stands() -> None:
    at = GOOD.line_of(7)
    for line in (
        b"\n",
        b"{}\n",
        b"[]\n",
        b'{"kind":"more"}\n',
        GOOD.lines[at].replace(b":", b": "),
        b"\xff\n",
    ):
        assert found(refused((*GOOD.lines[:at], line, *GOOD.lines[at + 1 :]))) == (NotCanonical, 7, 7)
    assert found(refused((*GOOD.lines[:at], b'"' + b"a" * (2**20 + 1)))) == (NotCanonical, 7, 7)
    assert found(refused((*GOOD.lines[:at], GOOD.lines[0], *GOOD.lines[at:]))) == (Altered, 7, 7)


def test_an_export_of_a_later_format_is_refused_and_not_guessed_at() -> None:
    later = GOOD.lines[0].replace(b'"format":1', b'"format":2')
    assert "format 2" in refused((later, *GOOD.lines[1:])).why


def test_an_entry_of_another_log_is_found() -> None:
    other = record(12, log_id=LogId("x"))
    at = GOOD.line_of(5)
    lines = (*GOOD.lines[:at], other.entries[5] + b"\n", *GOOD.lines[at + 1 :])
    assert found(refused(lines)) == (Altered, 5, 5)
    assert type(refused((other.lines[0], *GOOD.lines[1:]))) is Altered
