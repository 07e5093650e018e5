"""What openleadr's VEN is sent, and what our VTN knows of its answers."""

from datetime import timedelta
from typing import Any

from oadr.wire.messages.common import OptType
from tests.interop.office import Office
from tests.interop.their_ven import TheirVen
from vtn.model.intervention import Intervention

LATER = timedelta(hours=1)


async def answered(ven: TheirVen, office: Office, *given: Intervention, number: int = 0) -> None:
    """Polls until it has answered these in this modification."""

    async def done() -> bool:
        answers = [await office.answer(one) for one in given]
        return all(answer and answer.modification_number == number for answer in answers)

    await ven.until(done)


async def opt(office: Office, given: Intervention) -> OptType | None:
    answer = await office.answer(given)
    return answer.opt if answer else None


async def event_id(office: Office, given: Intervention) -> str:
    return (await office.delivery(given)).event_id


async def listed(ven: TheirVen, reply_limit: int | None = None) -> list[dict[str, Any]]:
    """What it is sent when it asks."""
    kind, told = await ven.client.request_event(reply_limit)
    assert kind == "oadrDistributeEvent"
    events: list[dict[str, Any]] = told.get("events", [])
    return events


def names(events: list[dict[str, Any]]) -> list[str]:
    return [event["event_descriptor"]["event_id"] for event in events]


def statuses(events: list[dict[str, Any]]) -> list[str]:
    return [event["event_descriptor"]["event_status"] for event in events]
