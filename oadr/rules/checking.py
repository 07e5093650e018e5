"""One message against every rule that shows in a message by itself."""

from datetime import datetime
from typing import Final

from oadr.rules import event, opt, registration, report, report_request, signal
from oadr.rules.breach import Breach, Party, Rule
from oadr.wire.messages import MESSAGES, Message

RULES: Final[tuple[Rule, ...]] = (
    *event.RULES,
    *signal.RULES,
    *opt.RULES,
    *report.RULES,
    *report_request.RULES,
    *registration.RULES,
)
_BY_KIND: Final = {kind: tuple(one for one in RULES if kind in one.kinds) for kind in MESSAGES}


def check(message: Message, sender: Party, now: datetime) -> tuple[Breach, ...]:
    """Every rule that `sender` breaks by saying `message` at `now`, by its own clock."""
    return tuple(breach for one in _BY_KIND[type(message)] for breach in one.breaches(message, sender, now))
