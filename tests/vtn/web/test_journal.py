"""What gets into the log, and what does not."""

import pytest

from tests.vtn.web.server import Memory
from vtn.web.journal import LONGEST, PER_MINUTE, Journal


@pytest.mark.proves("A07", "VT12")
def test_each_peer_has_its_own_lines_and_what_is_left_out_is_counted() -> None:
    log = Memory()
    journal = Journal(log)
    for _ in range(10_000):
        journal.refusal("192.0.2.1", "AA", "HTTP 406", "not well-formed")
    journal.refusal("192.0.2.2", "BB", "oadrPoll 452", "venID")
    assert [line["peer"] for line in log.take()] == ["AA"] * PER_MINUTE + ["BB"]
    journal.minute()
    assert log.lines == [("warning", "refusals left out", {"peer": "AA", "count": 10_000 - PER_MINUTE})]
    log.lines.clear()
    journal.minute()
    assert log.lines == []
    journal.refusal("192.0.2.1", "AA", "HTTP 406", "again")
    assert len(log.take()) == 1


def test_a_peers_words_are_cut_and_cannot_pass_for_a_line_of_ours() -> None:
    log = Memory()
    journal = Journal(log)
    journal.refusal("192.0.2.1", "AA", "HTTP 406", "a\nb\x1b[2J\u202e" + "x" * 1000)
    journal.trouble("store away", "disk\nfull")
    (_, _, refusal), (level, _, trouble) = log.lines
    why = str(refusal["why"])
    assert why.startswith("a\\nb\\x1b[2J\\u202e")
    assert why.isascii()
    assert why.isprintable()
    assert len(why) < LONGEST + 20
    assert (level, trouble) == ("error", {"why": "disk\\nfull"})


def test_of_what_breaks_the_schema_the_place_is_told_and_not_the_words() -> None:
    log = Memory()
    journal = Journal(log)
    element = "'{http://openadr.org/oadr-2.0b/2012/07}oadrVenName'"
    for words in ("Mrs O'Hara", "{http://x}Mrs O'Hara", "x" * 300 + "O'Hara"):
        journal.refusal("192.0.2.1", "AA", "HTTP 406", f"Element {element}: The value '{words}' is too long.")
    assert {line["why"] for line in log.take()} == {"Element oadrVenName: The value '..' is too long."}
