"""What can be read and done at the local API, under /api/v1. The table of it is in docs/local-api.md."""

import asyncio
import json
import tomllib
from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any, Final

from aiohttp import web

from oadr.charging.limit import Source
from oadr.wire.ids import OptId, ResourceId
from ven import boost, calendar_form
from ven.daemon import asked
from ven.daemon.capabilities import Capabilities
from ven.daemon.feed import Feed, Full, Listener
from ven.daemon.log import Happening, line
from ven.daemon.refusal import Refusal
from ven.daemon.shown import moment, words
from ven.daemon.status import Status
from ven.opts import Opt
from ven.ven import LimitChanged, Ven

ROOT: Final = "/api/v1"
QUIET: Final = 15.0
"""Seconds after which a listener is told that there is nothing to tell."""
UNREAD: Final = 10.0
"""Seconds that a listener may take to read."""
MOST_WORDS: Final = 200
"""Decisions that are kept, on events and ahead of time; the grid operator may be long in hearing of them."""
STREAM: Final = {
    "Content-Type": "text/event-stream",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Server": "ven",
}
EMERGENCY: Final = (
    "a supply limitation protects the network: "
    "what was set is kept, and raises nothing here before that is over"
)


class Routes:
    def __init__(
        self,
        ven: Ven,
        status: Callable[[], Status],
        capabilities: Callable[[], Capabilities],
        feed: Feed,
        now: Callable[[], datetime],
    ) -> None:
        self._ven = ven
        self._status = status
        self._capabilities = capabilities
        self._feed = feed
        self._now = now

    def table(self) -> list[web.RouteDef]:
        return [
            web.get(f"{ROOT}/status", self._read_status),
            web.get(f"{ROOT}/capabilities", self._read_capabilities),
            web.get(f"{ROOT}/calendar", self._read_calendar),
            web.put(f"{ROOT}/calendar", self._set_calendar),
            web.delete(f"{ROOT}/calendar", self._clear_calendar),
            web.post(f"{ROOT}/opt-out", self._opt_out),
            web.post(f"{ROOT}/opt-in", self._opt_in),
            web.get(f"{ROOT}/opt-schedules", self._read_schedules),
            web.post(f"{ROOT}/opt-schedules", self._add_schedule),
            web.delete(f"{ROOT}/opt-schedules/{{opt_id}}", self._cancel_schedule),
            web.post(f"{ROOT}/boost", self._boost),
            web.delete(f"{ROOT}/boost/{{resource_id}}", self._end_boost),
            web.get(f"{ROOT}/changes", self._changes, allow_head=False),
        ]

    # --- status ---

    async def _read_status(self, _: web.Request) -> web.Response:
        return web.json_response(self._status().as_json())

    async def _read_capabilities(self, _: web.Request) -> web.Response:
        return web.json_response(self._capabilities().as_json())

    # --- calendar ---

    async def _read_calendar(self, _: web.Request) -> web.Response:
        calendar = self._ven.local.calendar
        if calendar is None:
            return web.json_response({"calendar": None, "parsed": None})
        text = calendar_form.write(calendar)
        return web.json_response({"calendar": text, "parsed": tomllib.loads(text)})

    async def _set_calendar(self, request: web.Request) -> web.Response:
        body = asked.fields(await request.read())
        text = body.text("calendar", most=calendar_form.LONGEST)
        body.finish()
        await self._ven.set_calendar(calendar_form.read(text))
        return self._done()

    async def _clear_calendar(self, _: web.Request) -> web.Response:
        await self._ven.set_calendar(None)
        return self._done()

    # --- opts ---

    async def _opt_out(self, request: web.Request) -> web.Response:
        wish = asked.opt_out(asked.fields(await request.read()))
        self._check_known(wish.resources)
        self._check_room()
        await self._ven.opt_out(wish.event_id, reason=wish.reason, resources=wish.resources, party=wish.party)
        return self._done()

    async def _opt_in(self, request: web.Request) -> web.Response:
        wish = asked.opt_in(asked.fields(await request.read()))
        self._check_known(wish.resources)
        self._check_room()
        await self._ven.opt_in(wish.event_id, resources=wish.resources, party=wish.party)
        return self._done()

    async def _read_schedules(self, _: web.Request) -> web.Response:
        return web.json_response({"opt_schedules": [_schedule(one) for one in self._schedules()]})

    async def _add_schedule(self, request: web.Request) -> web.Response:
        wish = asked.opt_schedule(asked.fields(await request.read()), self._now())
        self._check_known(wish.resources)
        self._check_room()
        opt_id = await self._ven.opt_schedule(
            wish.periods, wish.opt, programme=wish.programme, resources=wish.resources
        )
        return self._done(201, opt_id=opt_id)

    async def _cancel_schedule(self, request: web.Request) -> web.Response:
        if not await self._ven.cancel_opt(OptId(request.match_info["opt_id"])):
            raise Refusal(404, "there is no such schedule")
        return self._done()

    def _check_room(self) -> None:
        if len(self._ven.opts) >= MOST_WORDS:
            raise Refusal(
                409, f"{MOST_WORDS} decisions are kept, and the grid operator has not heard them all"
            )

    def _schedules(self) -> list[Opt]:
        return [one for one in self._ven.opts if one.event is None and not one.is_cancelled]

    # --- boost ---

    async def _boost(self, request: web.Request) -> web.Response:
        wish = asked.boosting(asked.fields(await request.read()), boost.LONGEST)
        self._check_known((wish.resource_id,))
        until = await self._ven.boost(wish.resource_id, wish.duration)
        return self._done(until=moment(until))

    async def _end_boost(self, request: web.Request) -> web.Response:
        resource_id = ResourceId(request.match_info["resource_id"])
        self._check_known((resource_id,))
        await self._ven.end_boost(resource_id)
        return self._done()

    def _check_known(self, resources: Collection[ResourceId]) -> None:
        for one in sorted(resources):
            if one not in self._ven.hardware.actuators:
                raise Refusal(404, f"there is no chargepoint {words(one)} here")

    def _done(self, status: int = 200, **more: Any) -> web.Response:
        """In an emergency with a note that nothing set here ends it."""
        slots = (slot.limit.source for _, slot in self._ven.memory.slots)
        note = EMERGENCY if Source.SUPPLY_LIMIT in slots else None
        return web.json_response({"done": True, "note": note, **more}, status=status)

    # --- changes ---

    async def _changes(self, request: web.Request) -> web.StreamResponse:
        """Server-sent events: every chargepoint's limit as it is now, and then whatever happens."""
        try:
            with self._feed.listening() as listener:
                now = [LimitChanged(*each) for each in self._ven.hardware.limits.items()]
                return await self._tell(request, now, listener)
        except Full as error:
            raise Refusal(503, "there are too many listeners already") from error

    async def _tell(
        self, request: web.Request, now: list[LimitChanged], listener: Listener
    ) -> web.StreamResponse:
        response = web.StreamResponse(headers=STREAM)
        response.force_close()
        await response.prepare(request)
        told: bytes | None = b"".join(self._written(one) for one in now)
        try:
            while told is not None:
                async with asyncio.timeout(UNREAD):
                    await response.write(told)
                told = await self._next(listener)
        except (ConnectionError, TimeoutError):
            pass  # whoever listened has gone, or does not read
        return response

    async def _next(self, listener: Listener) -> bytes | None:
        """None: nothing more comes."""
        try:
            async with asyncio.timeout(QUIET):
                item = await listener.get()
        except TimeoutError:
            return b": nothing new\n\n"
        return None if item is None else self._written(item)

    def _written(self, item: Happening) -> bytes:
        said = line(item)
        fields = {name: words(each) if isinstance(each, str) else each for name, each in said.fields.items()}
        told = {**fields, "at": moment(self._now()), "level": said.level, "what": words(said.what)}
        kind = "limit" if isinstance(item, LimitChanged) else "news"
        return f"event: {kind}\ndata: {json.dumps(told)}\n\n".encode()


def _schedule(one: Opt) -> dict[str, Any]:
    return {
        "opt_id": one.opt_id,
        "opt": one.opt.value,
        "programme": one.programme,
        "resources": None if one.resources is None else sorted(one.resources),
        "periods": [{"start": moment(each.start), "end": moment(each.end)} for each in one.periods],
        "told": one.stage.value,
    }
