"""openleadr's VEN, run as it is, and a memory of what it says and is told."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

from openleadr import OpenADRClient, messaging

import certs
from certs.folder import Folder
from oadr.wire.signature import SignaturePolicy
from tests.interop.site import PATIENCE, Home
from vtn.app import Server

Said = tuple[str, dict[str, Any]]
"""A message as openleadr reads it: its name, and what is in it."""


class TheirVen:
    """Says `word` to every event and to every change of one, or what `words` has for it."""

    def __init__(
        self,
        pki: Folder,
        server: Server,
        signatures: SignaturePolicy,
        home: Home,
        ven_id: str | None = None,
    ) -> None:
        vtn = certs.describe(pki.public("vtn-ecc"), datetime.now(UTC))
        self.home = home
        signs = signatures is not SignaturePolicy.OFF
        self.client = OpenADRClient(
            ven_name="openleadr",
            vtn_url=self.url(server),
            cert=str(pki.public(home.certificate)),
            key=str(pki.secret(home.certificate)),
            ca_file=str(pki.public("root")),  # a stock client wants the chain to its end
            show_fingerprint=False,
            allow_jitter=False,
            disable_signature=not signs,
            vtn_fingerprint=vtn.fingerprint if signs else None,
            ven_id=ven_id,
        )
        self.word = "optIn"
        self.words: dict[str, str] = {}
        self.events: list[dict[str, Any]] = []
        self.said: list[Said] = []
        self.told: list[Said] = []
        self.client.add_handler("on_event", self._decide)
        self.client.add_handler("on_update_event", self._decide)
        self.client.add_hook("before_send_xml", lambda raw: self.said.append(messaging.parse_message(raw)))
        self.client.add_hook("after_parse_xml", lambda *message: self.told.append(message))

    @staticmethod
    def url(server: Server) -> str:
        return f"https://localhost:{server.port}/OpenADR2/Simple/2.0b"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.client.client_session:
            await self.client.stop()

    async def run(self) -> None:
        """Registers, tells what it reports, asks for events; then polls until there is nothing left for it."""
        await self.client.run()
        await self.drain()

    async def poll(self) -> str:
        """What its timer does; it stays with one poll each, whatever comes. Returns what it was given."""
        first = len(self.told)
        await self.client._poll()
        return self.told[first][0]

    async def drain(self) -> list[str]:
        """What comes by polls, up to where there is nothing."""
        found = [await self.poll()]
        while found[-1] != "oadrResponse":
            found.append(await self.poll())
        return found

    async def until(self, what: Callable[[], Awaitable[bool]]) -> None:
        """Polls until `what` is so."""
        async with asyncio.timeout(PATIENCE):
            while not await what():
                await self.client._poll()
                await asyncio.sleep(0.02)

    def sent(self, name: str) -> list[dict[str, Any]]:
        return [message for kind, message in self.said if kind == name]

    def got(self, name: str) -> list[dict[str, Any]]:
        return [message for kind, message in self.told if kind == name]

    @property
    def code(self) -> int:
        """Of the newest answer to it."""
        return int(self.told[-1][1]["response"]["response_code"])

    def _decide(self, event: dict[str, Any]) -> str:
        self.events.append(event)
        return self.words.get(event["event_descriptor"]["event_id"], self.word)
