"""What an operator can get wrong; the message is one sentence that says what to do instead.

Mistake            never raised itself
  Impossible       an order or a file that makes no sense, whatever the state: wrong usage, exit code 2
  NotNow           what is asked for does not fit what there is: unknown feeder, overlap; exit code 1
    Stale          what was looked at is not what there is any more
    NotAllowed     what this person may not do
    NeedsTwo       what no person may do alone
"""


class Mistake(Exception):
    """The operator's to mend; nothing has been stored."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Impossible(Mistake):
    """Wrong in itself."""


class NotNow(Mistake):
    """Refused for the state that things are in."""


class Stale(NotNow):
    """Somebody has changed it since."""


class NotAllowed(NotNow):
    """Not this person's to do."""


class NeedsTwo(NotNow):
    """Nobody's to do alone; `reasons` are sentences that say why."""

    def __init__(self, reasons: tuple[str, ...]) -> None:
        super().__init__(f"this takes two people: {'; '.join(reasons)}")
        self.reasons = reasons
