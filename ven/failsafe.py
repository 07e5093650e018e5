"""What a site does while nobody tells it anything: the link to the grid operator, and the limit that it means. Sans-IO.

    power-up --> init --list--> limited <----------> controlled
                  |                |    starts, ends     |
                  | 120 s          +------ silence ------+
                  v                            v
              autonomous <-- minimum over -- failsafe --list--> limited, controlled

Contact is a verified answer of the grid operator. Contact alone lifts nothing: a complete list of events does,
since only that says that there is no order any more. How low the failsafe level lies is the contract's affair,
never a message's, and never nothing: whoever can block a VTN must not be able to switch off a town.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from oadr.states.machine import Machine, Row

INIT_LIMIT: Final = timedelta(seconds=120)
"""So long after power-up, or after contact is back, the list of events may take."""
SHORTEST_HEARTBEAT: Final = timedelta(seconds=120)
POLLS_MISSED: Final = 3
LONGEST_MINIMUM: Final = timedelta(hours=24)
PROGRAMME_AGE: Final = timedelta(hours=24)
"""Yesterday's programme may not fit today (Rec 1)."""


class Link(StrEnum):
    INIT = "init"
    """Power has just come: nobody knows yet what holds."""
    LIMITED = "limited"
    """In contact, and a supply limitation holds."""
    CONTROLLED = "controlled"
    """In contact, and there is none."""
    FAILSAFE = "failsafe"
    """Silence. What was ordered holds to its end, and the contract's failsafe level."""
    AUTONOMOUS = "autonomous"
    """On its own: the local calendar decides."""


class Cue(StrEnum):
    """What moves the link."""

    LIST_ACTIVE = "a fresh list of events with a supply limitation that holds"
    LIST_FREE = "a fresh list of events without one"
    STARTS = "a supply limitation starts"
    ENDS = "the supply limitation ends, is cancelled or has left the list"
    NO_LIST = "no list within 120 s of power-up or of new contact"
    SILENCE = "no verified answer for three polls, 120 s at the least"
    MINIMUM_OVER = "the failsafe time is over, and no event that was held still runs"
    SENT_AWAY = "the grid operator has ended the registration, and what was held is over"


L, C = Link, Cue

LINK: Final = Machine(
    name="Link to the grid operator",
    says="Contact has no row: an answer alone lifts no limit. What has no row in a state changes nothing in it.",
    start=L.INIT,
    rows=(
        Row(
            L.INIT,
            C.LIST_ACTIVE,
            L.LIMITED,
            "what was ordered before the power went holds, or what is ordered now",
        ),
        Row(L.INIT, C.LIST_FREE, L.CONTROLLED, "limits rise, each after a random wait"),
        Row(L.INIT, C.NO_LIST, L.AUTONOMOUS, "the grid operator is not there: the calendar decides"),
        Row(L.CONTROLLED, C.STARTS, L.LIMITED, "at once"),
        Row(L.CONTROLLED, C.SILENCE, L.FAILSAFE, "the contract's failsafe level"),
        Row(L.CONTROLLED, C.SENT_AWAY, L.AUTONOMOUS, "nobody limits any more", ("r407",)),
        Row(L.LIMITED, C.ENDS, L.CONTROLLED, "limits rise, each after a random wait", ("r61",)),
        Row(L.LIMITED, C.SILENCE, L.FAILSAFE, "the order holds to its end, and the failsafe level beside it"),
        Row(L.FAILSAFE, C.LIST_ACTIVE, L.LIMITED, "at once"),
        Row(L.FAILSAFE, C.LIST_FREE, L.CONTROLLED, "limits rise, each after a random wait"),
        Row(L.FAILSAFE, C.NO_LIST, L.AUTONOMOUS, "somebody answers, but not as a grid operator does"),
        Row(L.FAILSAFE, C.MINIMUM_OVER, L.AUTONOMOUS, "limits rise, each after a random wait"),
        Row(L.AUTONOMOUS, C.LIST_ACTIVE, L.LIMITED, "at once"),
        Row(L.AUTONOMOUS, C.LIST_FREE, L.CONTROLLED, "the grid operator has the say again"),
    ),
)


class OnSilence(StrEnum):
    """The report's two alternatives for lost communication (Rec 1)."""

    LAST_PROGRAMME = "last-programme"
    """Go on with what was told last, a day at the most, and then as the other."""
    DEFAULT_MODE = "default-mode"
    """The default level at once, whatever the programme of the day was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """`since` of the link; `contact_at` None: never yet, so the clock of silence does not run."""

    link: Link = Link.INIT
    since: datetime
    contact_at: datetime | None = None
    back_at: datetime | None = None
    """First contact since silence; None: still silent, or a list has come since."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What the conversation knows of the grid operator."""

    contact_at: datetime | None
    """Newest verified answer."""
    listed_at: datetime | None
    """Newest complete list of events."""
    poll_every: timedelta
    is_registered: bool


@dataclass(frozen=True, slots=True)
class Terms:
    """`minimum`: how long the failsafe level holds once it has begun, 2 to 24 h."""

    minimum: timedelta = timedelta(hours=2)

    def heartbeat(self, poll_every: timedelta) -> timedelta:
        """How long silence lasts before it counts."""
        return max(POLLS_MISSED * poll_every, SHORTEST_HEARTBEAT)


def contact(state: State, now: datetime) -> State:
    """A verified answer came, whatever it says."""
    is_back = state.link in (Link.FAILSAFE, Link.INIT, Link.AUTONOMOUS) and state.back_at is None
    return replace(state, contact_at=now, back_at=now if is_back else state.back_at)


def listed(state: State, *, is_limited: bool, now: datetime) -> State:
    """A complete list of events came, and `is_limited` after it."""
    cue = Cue.LIST_ACTIVE if is_limited else Cue.LIST_FREE
    return moved(replace(contact(state, now), back_at=None), cue, now)


def passed(
    state: State, terms: Terms, poll_every: timedelta, *, is_limited: bool, is_known: bool, now: datetime
) -> State:
    """What time alone does. `is_limited`: a supply limitation holds now; `is_known`: there is a registration."""
    if state.link is Link.CONTROLLED and is_limited:
        state = moved(state, Cue.STARTS, now)
    elif state.link is Link.LIMITED and not is_limited:
        state = moved(state, Cue.ENDS, now)
    for cue, at in _deadlines(state, terms, poll_every, is_limited=is_limited, is_known=is_known):
        if at <= now:
            return moved(state, cue, now)
    return state


def next_wake(
    state: State, terms: Terms, poll_every: timedelta, *, is_limited: bool, is_known: bool
) -> datetime | None:
    """When `passed` may next come to something else, were nothing to happen; None: never."""
    found = _deadlines(state, terms, poll_every, is_limited=is_limited, is_known=is_known)
    return min((at for _, at in found), default=None)


def _deadlines(
    state: State, terms: Terms, poll_every: timedelta, *, is_limited: bool, is_known: bool
) -> list[tuple[Cue, datetime]]:
    match state.link:
        case Link.INIT:
            return [(Cue.NO_LIST, state.since + INIT_LIMIT)]
        case Link.CONTROLLED if not is_known:
            return [(Cue.SENT_AWAY, state.since)]
        case Link.LIMITED if not is_known:
            return []  # nobody has to be heard: what was ordered holds to its end
        case Link.CONTROLLED | Link.LIMITED if state.contact_at is not None:
            return [(Cue.SILENCE, state.contact_at + terms.heartbeat(poll_every))]
        case Link.FAILSAFE:
            lacks_list = [(Cue.NO_LIST, state.back_at + INIT_LIMIT)] if state.back_at else []
            is_over = [] if is_limited else [(Cue.MINIMUM_OVER, state.since + terms.minimum)]
            return [*lacks_list, *is_over]
    return []


def moved(state: State, cue: Cue, now: datetime) -> State:
    after = LINK.maybe_after(state.link, cue)
    if after is None:
        return state
    return replace(state, link=after, since=now, back_at=None if after is Link.FAILSAFE else state.back_at)


def is_on_default(state: State, on_silence: OnSilence, now: datetime) -> bool:
    """Whether the default level has taken the place of the programme that was told last (Rec 1)."""
    begins = default_begins(state, on_silence)
    return begins is not None and begins <= now


def default_begins(state: State, on_silence: OnSilence) -> datetime | None:
    """When that is so, as the link stands; None: not before it is another."""
    if state.link not in (Link.FAILSAFE, Link.AUTONOMOUS):
        return None
    if on_silence is OnSilence.DEFAULT_MODE:
        return state.since
    return (state.contact_at or state.since) + PROGRAMME_AGE
