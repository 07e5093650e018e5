"""A log grows by what its head says, and by nothing else."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from oadr.ledger import canonical, log, tree
from oadr.ledger.checkpoint import Checkpoint
from oadr.ledger.entry import GENESIS, Entry, EntryType, LogId
from oadr.ledger.errors import Altered, Incomplete, NotCanonical, UnexplainedHole, UnknownKey
from oadr.ledger.log import Head
from oadr.ledger.tree import Frontier
from tests.oadr.ledger.records import KEY, LOG, NOON, STRANGER, record


def test_the_first_entry_follows_nothing_and_names_the_key() -> None:
    head, entry = log.begin(LOG, KEY.public_key(), NOON)
    assert (entry.seq, entry.prev, entry.type) == (0, GENESIS, EntryType.BEGIN)
    assert log.public_key(entry) == KEY.public_key()
    assert (head.size, head.chain_head, head.root) == (1, entry.digest, tree.root([entry.raw]))


def test_each_entry_names_the_hash_of_the_one_before() -> None:
    entries = tuple(Entry.read(raw) for raw in record(20).entries)
    assert [entry.prev for entry in entries[1:]] == [entry.digest for entry in entries[:-1]]
    assert [entry.seq for entry in entries] == list(range(20))


def test_a_head_is_the_same_grown_stored_or_rebuilt() -> None:
    full = record(20)
    for size, grown in enumerate(full.heads, start=1):
        assert Head.of(full.entries[:size]) == grown == Head.read(grown.raw)
        assert grown.root == tree.root(full.entries[:size])


def test_a_stored_head_stays_small() -> None:
    assert len(record(1_000, ()).heads[-1].raw) < 1_000


@pytest.mark.parametrize(
    ("name", "value"),
    [("size", 8), ("size", True), ("size", 0), ("frontier", []), ("chain_head", "AB" * 32), ("more", 1)],
)
def test_a_head_that_was_not_written_by_us_is_refused(name: str, value: canonical.Value) -> None:
    fields = canonical.decode(record(7, ()).heads[-1].raw)
    assert isinstance(fields, Mapping)
    with pytest.raises(NotCanonical):
        Head.read(canonical.encode({**fields, name: value}))


def test_an_entry_is_read_as_it_was_made() -> None:
    head, _ = log.begin(LOG, KEY.public_key(), NOON)
    _, entry = head.append(EntryType.NOTIFY, {"to": "\u20ac", "amps": [6, 10]}, NOON)
    assert Entry.read(entry.raw) == entry


def test_times_are_utc_and_whole_milliseconds() -> None:
    head, _ = log.begin(LOG, KEY.public_key(), NOON)
    summer = timezone(timedelta(hours=2))
    _, entry = head.append(EntryType.GAP, {}, datetime(2026, 7, 1, 14, 0, 0, 1_999, tzinfo=summer))
    assert b'"time":"2026-07-01T12:00:00.001Z"' in entry.raw
    with pytest.raises(ValueError, match="zone"):
        head.append(EntryType.GAP, {}, datetime(2026, 7, 1))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"seq":1,', b'"seq":true,'),
        (b'"seq":1,', b'"seq":-1,'),
        (b'"seq":1,', b'"seq":"1",'),
        (b"12:00:01.000Z", b"12:00:01.000+00:00"),
        (b"12:00:01.000Z", b"12:00:01Z"),
        (b"12:00:01.000Z", b"12:00:61.000Z"),
        (b'"event_out"', b'"event_oot"'),
        (b'"log_id":"7f3c9a10"', b'"log_id":""'),
        (b'"body":{', b'"body":[],"c":{'),
        (b'"type"', b'"kind":"x","type"'),
        (b'"prev":"', b'"prev":"0'),
    ],
)
def test_what_is_no_entry_is_refused(old: bytes, new: bytes) -> None:
    raw = record(2, ()).entries[1]
    assert raw.count(old) == 1
    with pytest.raises(NotCanonical):
        Entry.read(raw.replace(old, new))


def test_only_the_next_entry_follows() -> None:
    full, other = record(12), record(12, fork=3)
    head, entries = full.heads[4], tuple(Entry.read(raw) for raw in full.entries)
    assert head.follow(entries[5]) == full.heads[5]
    with pytest.raises(UnexplainedHole, match="entries 5 to 7 are missing"):
        head.follow(entries[8])
    for wrong in (
        entries[4],
        Entry.read(other.entries[5]),
        Entry.read(record(12, log_id=LogId("x")).entries[5]),
    ):
        with pytest.raises(Altered):
            head.follow(wrong)
    again = Entry.make(LOG, 5, NOON, EntryType.BEGIN, entries[0].body, head.chain_head)
    with pytest.raises(Altered, match="within"):
        head.follow(again)


def test_a_log_is_rebuilt_from_all_of_its_entries_or_not_at_all() -> None:
    entries = record(5, ()).entries
    with pytest.raises(Incomplete):
        Head.of(())
    with pytest.raises(Altered):
        Head.of(entries[1:])
    with pytest.raises(UnexplainedHole):
        Head.of((*entries[:2], *entries[3:]))


def test_a_begin_without_a_proper_key_begins_nothing() -> None:
    for body in (
        {},
        {"algorithm": "none", "public_key": "00" * 32},
        {"algorithm": "Ed25519", "public_key": "00"},
    ):
        with pytest.raises(NotCanonical):
            Head.first(Entry.make(LOG, 0, NOON, EntryType.BEGIN, body, GENESIS))


def test_a_checkpoint_is_read_as_it_was_signed() -> None:
    seal = record(9, (5,)).checkpoints[0]
    assert Checkpoint.read(seal.raw) == seal
    seal.verify(KEY.public_key())
    assert (seal.size, seal.root) == (5, record(5, ()).heads[-1].root)


def test_no_value_of_a_checkpoint_can_be_changed() -> None:
    seal = record(9, (5,)).checkpoints[0]
    other = record(9, (5,), fork=2).checkpoints[0]
    for changed in (
        replace(seal, log_id=LogId("x")),
        replace(seal, size=6),
        replace(seal, root=other.root),
        replace(seal, chain_head=other.chain_head),
        replace(seal, time=NOON),
        replace(seal, signature=other.signature),
    ):
        with pytest.raises(Altered):
            changed.verify(KEY.public_key())
    with pytest.raises(UnknownKey):
        seal.verify(STRANGER.public_key())


def test_a_log_is_not_sealed_with_another_key() -> None:
    """A changed key file would otherwise be noticed by the auditor, when it is too late."""
    with pytest.raises(UnknownKey):
        Checkpoint.sign(record(3, ()).heads[-1], Ed25519PrivateKey.generate(), NOON)


def test_there_is_no_checkpoint_of_nothing() -> None:
    seal = record(3, (2,)).checkpoints[0]
    with pytest.raises(NotCanonical):
        Checkpoint.read(replace(seal, size=0).raw)


def test_an_empty_frontier_is_nobodys_head() -> None:
    head = replace(record(3, ()).heads[-1], frontier=Frontier())
    with pytest.raises(NotCanonical):
        Head.read(head.raw)
