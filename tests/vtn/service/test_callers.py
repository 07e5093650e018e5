"""Who may say what: every message that the VTN takes, from every kind of caller."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from certs import Sha256
from oadr.wire.ids import (
    RequestId,
    VenId,
)
from oadr.wire.messages import (
    CancelOpt,
    CreateOpt,
    CreateReport,
    Message,
    Poll,
    QueryRegistration,
    RegisterReport,
    RequestEvent,
)
from oadr.wire.messages.common import EiResponse
from oadr.wire.messages.registration import ProfileName, TransportName
from oadr.wire.scalars import Duration
from tests.cluster import Cluster
from tests.vtn.service.said import METADATA_REQUEST, SAID, R, Said
from tests.vtn.world import (
    CERTIFICATES,
    HOME,
    LATE,
    PARK,
    STRANGER,
    World,
    created_event,
    registration,
)
from vtn.delivery.index import Index
from vtn.service.dispatch import SERVICES
from vtn.service.refusals import PROFILES
from vtn.store.engine import Store, StoreAway

BEFORE = ("a query", "a registration")


def without_name(message: Message) -> Message:
    """Its venID left out, where the schema lets it be."""
    optional = {"ven_id": None} if getattr(message, "ven_id", None) else {}
    required = (Poll, RequestEvent, CreateOpt, CancelOpt, type(created_event()))
    return message if isinstance(message, required) else replace(message, **optional)  # type: ignore[type-var]


async def codes(world: World, certificate: Sha256, said: Said = SAID) -> dict[str, str]:
    """The code that answers each message, once the payload is seen to be the fitting one and to echo the request."""
    found = {}
    for name, (message, fitting, _) in said.items():
        world.later(minutes=1)
        reply = await world.say(message, certificate)
        if isinstance(message, Poll) and isinstance(reply, CreateReport | RegisterReport):
            found[name] = "200"
            continue
        response: EiResponse = reply.response
        assert type(reply) is fitting, name
        asked = getattr(message, "request_id", None)
        assert asked in (None, response.request_id), name
        found[name] = response.code
    return found


def test_the_table_has_every_message_that_is_taken() -> None:
    assert {type(message) for message, _, __ in SAID.values()} == {
        kind for known in SERVICES.values() for kind in known
    }


@pytest.mark.proves("r517", "r303", "I02", "P5")
async def test_an_unknown_certificate_is_not_registered(world: World) -> None:
    assert await codes(world, STRANGER) == dict.fromkeys(SAID, "463")


@pytest.mark.proves("r517", "I09")
async def test_who_has_not_registered_may_ask_and_register(world: World) -> None:
    found = await codes(world, CERTIFICATES[HOME], {name: SAID[name] for name in SAID if name not in BEFORE})
    assert set(found.values()) == {"463"}
    found = await codes(world, CERTIFICATES[HOME], {name: SAID[name] for name in BEFORE})
    assert set(found.values()) == {"200"}


@pytest.mark.proves("r500", "r517", "r400", "r304", "r208", "I01", "P4")
async def test_nobody_acts_under_another_sites_name(world: World) -> None:
    await world.greeted(PARK)
    before = await world.recorded()
    named = {name: row for name, row in SAID.items() if getattr(row[0], "ven_id", None) is not None}
    assert await codes(world, CERTIFICATES[PARK], named) == dict.fromkeys(named, "452")
    assert await world.recorded() == before


@pytest.mark.proves("I03")
async def test_a_refusal_does_not_tell_which_names_exist(world: World) -> None:
    await world.greeted(PARK)
    for message, _, __ in SAID.values():
        if getattr(message, "ven_id", None) is None:
            continue
        for certificate in (STRANGER, CERTIFICATES[LATE], CERTIFICATES[PARK]):
            answers = [
                await world.say(replace(message, ven_id=VenId(ven_id)), certificate)  # type: ignore[type-var]
                for ven_id in (HOME, "nobody", "HOME")
            ]
            assert answers[0] == answers[1] == answers[2]


@pytest.mark.proves("r303", "r207", "F4", "I02", "r512")
async def test_the_registered_site_is_served_with_and_without_its_name(world: World) -> None:
    await world.greeted()
    expected = {name: code for name, (_, __, code) in SAID.items()}
    assert await codes(world, CERTIFICATES[HOME]) == expected
    nameless = {name: (without_name(row[0]), *row[1:]) for name, row in SAID.items()}
    assert await codes(world, CERTIFICATES[HOME], nameless) == expected
    assert (await world.say(Poll(ven_id=VenId("Home")))).response.code == "452"


@pytest.mark.proves("r404", "r403")
async def test_a_query_tells_the_ids_only_to_whoever_is_registered(world: World) -> None:
    query = QueryRegistration(request_id=R)
    before = await world.say(query)
    assert (before.registration_id, before.ven_id) == (None, None)
    assert before.profiles == PROFILES
    known = await world.register()
    after = await world.say(query)
    for reply in (known, after):
        assert (reply.registration_id, reply.ven_id) == (known.registration_id, HOME)
        assert reply.profiles == PROFILES
        assert reply.poll_frequency == Duration(10)
        assert reply.vtn_id == "VTN-1"


@pytest.mark.parametrize(
    "changes",
    [
        {"profile": ProfileName.A},
        {"transport": TransportName.XMPP},
        {"http_pull": False},
        {"xml_signature": True},
    ],
)
async def test_what_is_not_spoken_here_is_refused(world: World, changes: dict[str, Any]) -> None:
    reply = await world.say(registration(**changes))
    assert reply.response.code == "451"
    assert reply.registration_id is None
    assert reply.profiles == PROFILES


@pytest.mark.proves("r400")
async def test_a_renewal_with_another_registration_is_refused(world: World) -> None:
    await world.register()
    foreign = (await world.register(PARK)).registration_id
    assert foreign
    reply = await world.say(registration("R2", registration_id=foreign, ven_id=HOME))
    assert reply.response.code == "452"
    assert (await world.say(QueryRegistration(request_id=R))).registration_id not in (None, foreign)


@pytest.mark.proves("r41")
async def test_a_list_of_events_has_a_name_even_if_the_request_had_none(world: World) -> None:
    await world.greeted()
    for certificate, code in ((CERTIFICATES[HOME], "200"), (STRANGER, "463")):
        reply = await world.say(RequestEvent(request_id=RequestId(""), ven_id=HOME), certificate)
        assert reply.request_id
        assert (reply.response.request_id, reply.response.code) == ("", code)
        assert reply.events == ()


async def test_our_offer_names_the_request_that_it_answers(world: World) -> None:
    await world.greeted()
    await world.say(CreateReport(request_id=R, requests=(METADATA_REQUEST,), ven_id=HOME))
    greeting = await world.poll()
    assert type(greeting).__name__ == "RegisterReport"
    assert greeting.report_request_id == "M1"  # type: ignore[attr-defined]


def untouchable(world: World) -> None:
    """From now on whoever touches the store fails the test."""

    class Untouchable(Store):
        def reading(self) -> Any:
            raise AssertionError("the store was touched")

        writing = reading

    world.desk = replace(world.desk, store=Untouchable(world.store._backend, world.folder))


@pytest.mark.proves("r500")
async def test_a_poll_with_nothing_to_say_touches_no_store(world: World) -> None:
    await world.greeted()
    await world.greeted(PARK)
    await world.give()
    assert type(await world.poll()).__name__ == "DistributeEvent"
    untouchable(world)
    for certificate in (STRANGER, CERTIFICATES[LATE]):
        assert (await world.say(Poll(ven_id=HOME), certificate)).response.code == "463"
    assert (await world.say(Poll(ven_id=HOME), CERTIFICATES[PARK])).response.code == "452"
    assert (await world.poll_response()).accepted, "its answer is waited for"
    world.later(seconds=5)
    with pytest.raises(AssertionError, match="touched"):
        await world.poll()


ASK: dict[str, Callable[[World], Awaitable[object]]] = {
    "poll": lambda world: world.poll(),
    "request": lambda world: world.events(),
    "word": lambda world: world.say(created_event()),
    "register": lambda world: world.register(request_id="R7"),
}


@pytest.mark.proves("S6", "VT04")
async def test_when_the_store_is_away_there_is_no_answer_instead_of_an_empty_one(world: World) -> None:
    await world.greeted()
    await world.give()
    await world.store.close()
    with away(world):
        for name in ("poll", "request", "register"):
            with pytest.raises(StoreAway):
                await ASK[name](world)
    assert type(await world.poll()).__name__ == "DistributeEvent"


@contextmanager
def away(world: World) -> Iterator[None]:
    """The folder is gone, or the server lets nobody in."""
    if world.url is None:
        moved = world.folder.rename(world.folder.with_name("away"))
        yield
        moved.rename(world.folder)
    else:
        with Cluster.of(world.url).closed(world.url):
            yield


READ_ONLY = {"sqlite": "PRAGMA query_only=ON", "postgresql": "SET default_transaction_read_only=on"}


@pytest.mark.proves("S6")
def test_before_the_store_was_read_nobody_is_refused() -> None:
    with pytest.raises(StoreAway):
        Index().caller(STRANGER)


@pytest.mark.proves("VT08")
async def test_a_list_that_was_read_is_handed_out_although_that_cannot_be_noted(world: World) -> None:
    """Another process holds the store for writing, as long as it likes; a full disk looks alike."""
    await world.greeted()
    await world.give()
    async with world.store.reading() as tx:
        await tx.exec_driver_sql(READ_ONLY[tx.dialect.name])  # stays with the connection, which is used again
    reply = await world.poll()
    assert type(reply).__name__ == "DistributeEvent"
    (delivery,) = await world.deliveries()
    assert delivery.offered_at is None
