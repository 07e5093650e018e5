"""Ends that do what ours never do by themselves: a VEN that queries or leaves, a VTN that names the wrong one."""

from collections import deque
from dataclasses import replace
from typing import Any, Self, TypeVar

from oadr.wire.ids import RegistrationId, RequestId
from oadr.wire.messages import CreatedPartyRegistration, CreatePartyRegistration, Message, Poll, Response
from oadr.wire.messages.common import EiResponse
from oadr.wire.messages.registration import ProfileName, ServiceName, TransportName
from tests.pair.town import Town
from tests.pair.wire import Wire
from tests.vtn.world import HOME
from ven.session import Request

T = TypeVar("T", bound=Message)


class ScriptedVen:
    """Speaks as the town's home over a wire of its own. What it breaks belongs to the play; our VTN keeps the rules."""

    def __init__(self, town: Town) -> None:
        self._wire = Wire(town.dso.hear, town.clock.now, lambda: town.clock.now() + town.dso.ahead)
        self._names = iter(range(1000))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._wire.ven.breaches.clear()
        await self._wire.close()

    async def say(self, service: ServiceName, message: Message, kind: type[T]) -> T:
        """The answer, which must be of that kind."""
        reply = await self._wire.exchange(Request(service, message))
        assert isinstance(reply, kind), reply
        return reply

    async def register(self, **changes: Any) -> RegistrationId:
        """Under which registrationID the VTN has it now."""
        plain = CreatePartyRegistration(
            request_id=self.name(),
            profile=ProfileName.B,
            transport=TransportName.SIMPLE_HTTP,
            http_pull=True,
        )
        sent = replace(plain, **changes)
        reply = await self.say(ServiceName.REGISTER_PARTY, sent, CreatedPartyRegistration)
        assert reply.response.accepted
        assert reply.registration_id
        return reply.registration_id

    async def poll(self) -> Message:
        return await self.say(ServiceName.POLL, Poll(ven_id=HOME), Message)

    def name(self) -> RequestId:
        return RequestId(f"S{next(self._names)}")


class ScriptedVtn:
    """Hands the town's VEN, at its next empty poll, whatever a test wants, and takes the answers to that."""

    def __init__(self, town: Town) -> None:
        self._town = town
        self._mail: deque[Message] = deque()
        town.wire.alter = self._alter

    async def pass_on(self, message: Message) -> None:
        """The VEN has it now, whatever it says to that."""
        self._mail.append(message)
        await self._town.wait(seconds=11)
        assert not self._mail, "the VEN has not polled"

    async def hand_out(self, message: Message, kind: type[T]) -> T:
        """The VEN's answer to it, which must be of that kind."""
        before = len(self._town.wire.said)
        await self.pass_on(message)
        (answer,) = (said for _, said in self._town.wire.said[before:] if isinstance(said, kind))
        return answer

    def _alter(self, reply: Message) -> Message:
        if not isinstance(reply, Response):
            return reply
        _, request = self._town.wire.said[-1]
        if isinstance(request, Poll):
            return self._mail.popleft() if self._mail else reply
        return replace(
            reply, response=EiResponse(request_id=reply.response.request_id)
        )  # to what it never said
