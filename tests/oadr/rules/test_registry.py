"""The rules as a whole."""

import tomllib
from datetime import datetime
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from oadr.rules import Conversation, Exchange, Party, check, checking, document, exchange
from oadr.rules.breach import Rule
from oadr.wire.messages import DistributeEvent, Message
from tests.oadr.wire.strategies import messages, moments, of

SOURCE = Path(__file__).parents[3] / "docs" / "sources" / "rules.toml"
ALL: tuple[Rule, ...] = (*checking.RULES, *exchange.RULES, *document.RULES)


def test_every_rule_has_a_number_that_exists_and_says_what_it_wants() -> None:
    sections = tomllib.loads(SOURCE.read_text(encoding="utf-8"))["section"]
    numbers = {number for section in sections for number in section["rows"]}
    assert [rule.number for rule in ALL if rule.number not in numbers or not rule.says] == []


@given(
    st.lists(st.tuples(messages(), messages() | of(DistributeEvent) | st.none()), min_size=1, max_size=3),
    moments(),
)
def test_whatever_the_schema_takes_can_be_judged(
    said: list[tuple[Message, Message | None]], now: datetime
) -> None:
    conversation = Conversation()
    for request, reply in said * 2:
        check(request, Party.VTN, now)
        conversation, _ = conversation.step(Exchange(request, reply, now))
