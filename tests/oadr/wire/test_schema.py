"""The official schema: found, compiled, and a step of its own."""

from pathlib import Path

import pytest
from lxml import etree

from oadr.wire import envelope, schema
from oadr.wire.errors import LONGEST_WHY, Malformed, Misuse
from oadr.wire.ids import RequestId
from oadr.wire.messages import QueryRegistration
from oadr.wire.schema import Schema


def test_the_installed_folder_is_found_and_may_be_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = schema.installed_folder()
    assert folder
    assert (folder / schema.ROOT_FILE).is_file()
    monkeypatch.setattr(schema, "find_spec", lambda _name: None)
    assert schema.installed_folder() is None


def test_a_folder_without_the_files_is_our_own_fault(tmp_path: Path) -> None:
    with pytest.raises(Misuse):
        Schema(tmp_path)
    (tmp_path / schema.ROOT_FILE).write_text("<not-a-schema/>")
    with pytest.raises(Misuse):
        Schema(tmp_path)


def test_a_valid_message_passes_and_another_is_malformed(schema: Schema) -> None:
    root = envelope.build(QueryRegistration(request_id=RequestId("Q1")))
    schema.check(root)
    root[0].append(etree.Element("stranger"))
    with pytest.raises(Malformed) as caught:
        schema.check(root)
    assert caught.value.status == 406


@pytest.mark.proves("X10")
def test_a_refusal_does_not_send_the_message_back(schema: Schema) -> None:
    raw = b"<" + b"a" * 60_000 + b"/>"
    with pytest.raises(Malformed) as caught:
        envelope.read(raw, schema)
    assert len(caught.value.why) <= LONGEST_WHY + len("...")
