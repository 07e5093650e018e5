"""Orders as they come in and interventions as they go out, with the same figures as the command line shows."""

from datetime import datetime, timedelta
from typing import Annotated

from pydantic import Field

from oadr.charging.signals import Programme
from oadr.wire.ids import GroupId
from oadr.wire.messages.event import Event
from vtn.api.forms import (
    At,
    Form,
    InPercent,
    InTheNameOf,
    Moment,
    Name,
    Percent,
    Reason,
    Seconds,
    number,
    seconds,
)
from vtn.api.route import Reply
from vtn.delivery.release import Came
from vtn.model import intervention as model
from vtn.model.change import Change
from vtn.model.intervention import State
from vtn.model.proposal import Proposal
from vtn.model.release import Stage

MOST_FEEDERS = 100


class Order(Form):
    """Limit these feeders to this, from then, for so long, because of that."""

    programme: InPercent
    feeders: Annotated[tuple[Name, ...], Field(min_length=1, max_length=MOST_FEEDERS)]
    percent: Percent
    """Of the rated current of each chargepoint, which stays allowed; at most one decimal. 0 pauses."""
    start: At | None = None
    """Null: now."""
    seconds: Annotated[Seconds, Field(ge=1)]
    """How long. A supply limitation lasts two hours at most."""
    randomise_s: Seconds | None = None
    """Load shift only: each start is drawn from zero to this. Null leaves it to the site."""
    reason: Reason
    """It goes to the sites and into the public record."""
    ordered_by: InTheNameOf = "operator"
    """In whose name; the record is public, so a role rather than a person."""
    test: bool = False
    """The whole road without moving any load."""

    def order(self, now: datetime) -> model.Order:
        return model.Order(
            programme=Programme(self.programme),
            feeder_ids=tuple(GroupId(each) for each in dict.fromkeys(self.feeders)),
            percent=self.percent,
            start=(self.start or now).replace(microsecond=0),
            duration=timedelta(seconds=self.seconds),
            reason=self.reason,
            ordered_by=self.ordered_by,
            randomise=None if self.randomise_s is None else timedelta(seconds=self.randomise_s),
            is_test=self.test,
        )


class Changing(Form):
    """What is null or left out stays as it is."""

    percent: Percent | None = None
    start: At | None = None
    seconds: Annotated[Seconds, Field(ge=1)] | None = None
    randomise_s: Seconds | None = None
    reason: Reason
    changed_by: InTheNameOf = "operator"

    def change(self) -> Change:
        return Change(
            reason=self.reason,
            changed_by=self.changed_by,
            percent=self.percent,
            start=self.start,
            duration=None if self.seconds is None else timedelta(seconds=self.seconds),
            randomise=None if self.randomise_s is None else timedelta(seconds=self.randomise_s),
        )


class Signal(Form):
    name: str
    type: str
    values: tuple[str, ...]


class Written(Form):
    """An event in the operator's own words; it is given at the command line."""

    market_context: str
    priority: int | None
    response_required: str
    signals: tuple[Signal, ...]


class Before(Form):
    """What an order was until it was changed."""

    at: Moment
    reason: str
    changed_by: str
    percent: float | None
    start: Moment
    seconds: float | None
    randomise_s: float | None


class Intervention(Form):
    """An order that holds, or held."""

    intervention: str
    programme: Programme | None
    feeders: tuple[str, ...]
    percent: float | None
    start: Moment
    end: Moment | None
    """Null: its cancellation."""
    seconds: float | None
    randomise_s: float | None
    state: State
    test: bool
    reason: str
    ordered_by: str
    released_by: str | None
    """By pseudonym, as `second`."""
    second: str | None
    break_glass: str | None
    """Why one person released it alone that takes two."""
    ordered_at: Moment
    modification: int
    """Its ETag, which a change has to name."""
    written: Written | None
    changes: tuple[Before, ...]
    cancelled_at: Moment | None
    cancel_reason: str | None
    recorded_at: Moment | None
    """When its result went into the record."""


class Proposed(Form):
    """An order, or a change of one, on its way to be released."""

    proposal: int
    stage: Stage
    changes: str | None
    """The intervention that it would change; null: it is a new order."""
    programme: Programme | None
    feeders: tuple[str, ...]
    percent: float | None
    start: Moment
    at_once: bool
    """Whether it begins when it is released."""
    seconds: float | None
    randomise_s: float | None
    test: bool
    reason: str
    ordered_by: str
    digest: str
    """Of all that is approved; whoever approves says it again."""
    author: str
    written_at: Moment
    expires_at: Moment
    two_people: tuple[str, ...]
    """Why it takes a second person."""
    decided_by: str | None
    decided_at: Moment | None
    decision: str | None
    break_glass: bool
    intervention: str | None
    """What it has become."""


class Outcome(Form):
    """What came of it: an intervention that holds, a proposal that waits, or both, once it was approved."""

    intervention: Intervention | None
    proposal: Proposed | None


def came(what: Came, now: datetime) -> Reply:
    """201 or 200 say that it holds, 202 that it waits for another person."""
    given, waiting = what.intervention, what.proposal
    form = Outcome(
        intervention=None if given is None else intervention(given, now),
        proposal=None if waiting is None else proposed(waiting, now),
    )
    if given is not None:
        where = f"/api/v1/interventions/{given.intervention_id}"
        return Reply(form=form, status=200, headers={"Location": where, "ETag": etag(given)})
    assert waiting is not None, "one of the two came of it"
    return Reply(form=form, status=202, headers={"Location": f"/api/v1/proposals/{waiting.number}"})


def etag(one: model.Intervention) -> str:
    return f'"{one.modification_number}"'


def intervention(one: model.Intervention, now: datetime) -> Intervention:
    order = one.order
    return Intervention(
        intervention=one.intervention_id,
        programme=order.programme,
        feeders=order.feeder_ids,
        percent=number(order.percent),
        start=order.start,
        end=None if order.is_open_ended and one.cancelled_at is None else one.end,
        seconds=None if order.is_open_ended else seconds(order.duration),
        randomise_s=seconds(order.randomise),
        state=one.state(now),
        test=order.is_test,
        reason=order.reason,
        ordered_by=order.ordered_by,
        released_by=one.word.by,
        second=one.word.second,
        break_glass=one.word.broke_glass,
        ordered_at=one.ordered_at,
        modification=one.modification_number,
        written=None if order.written is None else _written(order.written),
        changes=tuple(_before(change) for change in one.changes),
        cancelled_at=one.cancelled_at,
        cancel_reason=one.cancel_reason,
        recorded_at=one.outcome_at,
    )


def proposed(one: Proposal, now: datetime) -> Proposed:
    order = one.order
    return Proposed(
        proposal=one.number,
        stage=one.stage(now),
        changes=None if one.amends is None else one.amends.intervention_id,
        programme=order.programme,
        feeders=order.feeder_ids,
        percent=number(order.percent),
        start=order.start,
        at_once=one.is_at_once,
        seconds=None if order.is_open_ended else seconds(order.duration),
        randomise_s=seconds(order.randomise),
        test=order.is_test,
        reason=order.reason,
        ordered_by=order.ordered_by,
        digest=one.digest,
        author=one.author,
        written_at=one.written_at,
        expires_at=one.expires_at,
        two_people=one.reasons,
        decided_by=one.decided_by,
        decided_at=one.decided_at,
        decision=one.decision,
        break_glass=one.broke_glass,
        intervention=one.became,
    )


def _before(change: model.Changed) -> Before:
    order = change.before
    return Before(
        at=change.at,
        reason=change.reason,
        changed_by=change.changed_by,
        percent=number(order.percent),
        start=order.start,
        seconds=None if order.is_open_ended else seconds(order.duration),
        randomise_s=seconds(order.randomise),
    )


def _written(event: Event) -> Written:
    return Written(
        market_context=event.descriptor.market_context,
        priority=event.descriptor.priority,
        response_required=event.response_required,
        signals=tuple(
            Signal(
                name=signal.name,
                type=signal.type,
                values=tuple(f"{interval.value}" for interval in signal.intervals),
            )
            for signal in event.signals
        ),
    )
