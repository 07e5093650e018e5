"""What a rule is to a program: a number, whom it binds, what it is asked about, and how a breach is found."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from oadr.wire.errors import Invalid


class Party(StrEnum):
    VEN = "VEN"
    VTN = "VTN"


BOTH: Final = frozenset(Party)


@dataclass(frozen=True, slots=True)
class Breach:
    """`where` in the message, and `why` that is not as rule `rule` wants it of `by`."""

    rule: str
    by: Party
    where: str
    why: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.by}, {self.where}: {self.why}"


Finding = tuple[str, str]
"""Where, and why."""
Find = Callable[[Any, datetime], Iterable[Finding]]


@dataclass(frozen=True, slots=True)
class Rule:
    """One numbered rule, as far as it shows in one of `kinds`. `binds` are those who may break it."""

    number: str
    kinds: tuple[type, ...]
    binds: frozenset[Party]
    says: str
    """The rule in our words."""
    find: Find

    def breaches(self, subject: Any, by: Party, now: datetime) -> Iterator[Breach]:
        """Those that `subject` shows; none if it is of another kind, or from somebody whom the rule does not bind."""
        if by not in self.binds or not isinstance(subject, self.kinds):
            return
        try:
            yield from (Breach(self.number, by, where, why) for where, why in self.find(subject, now))
        except Invalid as error:  # durations that lead outside the calendar
            yield Breach(self.number, by, type(subject).__name__, error.why)


def rule(*kinds: type, binds: Party | None = None) -> Callable[[Callable[[Any], Iterable[Finding]]], Rule]:
    """Make a rule of a function whose name is the rule's number; without `binds` it binds both ends."""

    def made(find: Callable[[Any], Iterable[Finding]]) -> Rule:
        return _made(find, kinds, binds, lambda subject, _: find(subject))

    return made


def rule_at(*kinds: type, binds: Party | None = None) -> Callable[[Find], Rule]:
    """As `rule`, for what depends on the time, which is the sender's."""
    return lambda find: _made(find, kinds, binds, find)


def _made(of: Callable[..., object], kinds: tuple[type, ...], binds: Party | None, find: Find) -> Rule:
    number = of.__name__.partition("_")[0]  # r308 also of r308_any_point, where one rule needs two functions
    return Rule(number, kinds, BOTH if binds is None else frozenset({binds}), of.__doc__ or "", find)
