"""One value, one form: RFC 8785 without its floats."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oadr.ledger import canonical
from oadr.ledger.errors import NotCanonical
from tests.oadr.ledger import second_verifier

texts = st.text(st.characters(exclude_categories=["Cs"]))
integers = st.integers(-canonical.LARGEST, canonical.LARGEST)
values = st.recursive(
    st.none() | st.booleans() | integers | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=20,
)


def thawed(value: Any) -> Any:
    if isinstance(value, tuple):
        return [thawed(item) for item in value]
    return {key: thawed(item) for key, item in value.items()} if hasattr(value, "items") else value


@given(values)
def test_what_is_written_is_read_as_it_was(value: Any) -> None:
    assert thawed(canonical.decode(canonical.encode(value))) == value


@given(values)
def test_another_implementation_writes_the_same_bytes(value: Any) -> None:
    assert canonical.encode(value) == second_verifier.canonical(value)


def test_keys_are_in_the_order_of_rfc_8785() -> None:
    """Section 3.2.3 gives this example: code units of UTF-16 put the emoji before U+FB33."""
    keys = ("\u20ac", "\r", "\ufb33", "1", "\U0001f600", "\u0080", "\u00f6")
    ordered = canonical.decode(canonical.encode(dict.fromkeys(keys, 0)))
    assert isinstance(ordered, Mapping)
    assert tuple(ordered) == ("\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001f600", "\ufb33")


def test_strings_are_escaped_as_rfc_8785_says() -> None:
    text = '\u20ac$\u000f\nA\'B"\\\\"/'
    assert canonical.encode(text) == '"\u20ac$\\u000f\\nA\'B\\"\\\\\\\\\\"/"'.encode()


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b'{"a":1',
        b'{"a": 1}',
        b' {"a":1}',
        b'{"a":1}\n',
        b'{"b":1,"a":1}',
        b'{"a":1,"a":1}',
        b"1.0",
        b"1e2",
        b"-0",
        b"01",
        b"NaN",
        b"Infinity",
        b"9007199254740992",
        b"-9007199254740992",
        b"9" * 5_000,
        b'"\\u0041"',
        b'"\\/"',
        b'"\\u000F"',
        b'"\\ud800"',
        b'"\xff"',
        b'"\xed\xa0\x80"',
        b'\xef\xbb\xbf"a"',
        '{"\ufb33":0,"\U0001f600":0}'.encode(),
        b"[" * 100_000,
        b"[" * 33 + b"]" * 33,
        b'"' + b"a" * canonical.LONGEST + b'"',
    ],
)
def test_every_other_form_is_refused(raw: bytes) -> None:
    with pytest.raises(NotCanonical):
        canonical.decode(raw)


def test_32_levels_are_read_and_written() -> None:
    raw = b"[" * 32 + b"]" * 32
    assert canonical.encode(canonical.decode(raw)) == raw


@given(st.binary(max_size=40) | texts.map(str.encode))
def test_bytes_are_canonical_or_refused(raw: bytes) -> None:
    try:
        value = canonical.decode(raw)
    except NotCanonical:
        return
    assert canonical.encode(value) == raw


@pytest.mark.parametrize(
    "value",
    [1.0, float("nan"), 2**53, -(2**53), b"a", {1: 2}, {"a": {2}}, "\ud800", {"\ud800": 1}, "a" * 2**20],
)
def test_what_has_no_form_is_not_written(value: Any) -> None:
    with pytest.raises(NotCanonical):
        canonical.encode(value)


def test_a_value_that_holds_itself_is_not_written() -> None:
    value: list[Any] = []
    value.append(value)
    with pytest.raises(NotCanonical):
        canonical.encode(value)


def test_what_is_read_cannot_be_changed() -> None:
    value: Any = canonical.decode(b'{"a":{"b":[1,{}]}}')
    with pytest.raises(TypeError):
        value["a"]["b"][1]["c"] = 1
    with pytest.raises(TypeError):
        value["a"]["b"] = 1
