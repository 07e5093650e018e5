"""Who may speak to the local API, asked of every request before anything of it is read.

The driver's browser may have a page of a stranger open, which can send requests to this machine: so the name that
the browser was led by has to be ours (against DNS rebinding), the page has to be ours, and the code of this unit
stands in a header that no stranger's page can set. There is no cookie, and no header that lets another origin in.
"""

from collections.abc import Awaitable, Callable, Collection
from ipaddress import ip_address
from math import ceil
from typing import Final
from urllib.parse import urlsplit

from aiohttp import web

from ven.daemon.codes import Door
from ven.daemon.refusal import Refusal

SCHEME: Final = "bearer"
CHALLENGE: Final = {"WWW-Authenticate": "Bearer"}
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Guard:
    """`names` are the host names of this machine; its addresses and `localhost` need not be told.

    `warn` hears of an address that guesses codes.
    """

    def __init__(
        self, door: Door, names: Collection[str], now: Callable[[], float], warn: Callable[[str], None]
    ) -> None:
        self._door = door
        self._names = frozenset(name.lower().rstrip(".") for name in names) | {"localhost"}
        self._now = now
        self._warn = warn

    def check(self, request: web.Request) -> None:
        """Raises `Refusal`."""
        self._check_host(request.headers.get("Host", ""))
        _check_origin(request)
        self._check_code(request)
        if request.can_read_body and request.content_type != "application/json":
            raise Refusal(415, "the content type has to be application/json")

    def _check_host(self, host: str) -> None:
        """A name that leads here is a stranger's unless it is known; an address is nobody's trick."""
        name = _name(host)
        if name not in self._names and not _is_address(name):
            raise Refusal(403, "this host name is not one of this unit")

    def _check_code(self, request: web.Request) -> None:
        address, now = request.remote or "", self._now()
        if wait := self._door.wait(address, now):
            seconds = str(ceil(wait))
            raise Refusal(429, f"too many wrong codes; wait {seconds} s", {"Retry-After": seconds})
        scheme, _, code = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != SCHEME or not code:
            raise Refusal(401, "the code of this unit is needed; `ven code` prints it", CHALLENGE)
        if not self._door.opens(code.strip(), address, now):
            if self._door.is_guessing(address):
                self._warn(address)
            raise Refusal(401, "that is not the code of this unit", CHALLENGE)


def _name(host: str) -> str:
    """Of a Host header, without its port; empty for what is none."""
    try:
        return (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _check_origin(request: web.Request) -> None:
    origin, site = request.headers.get("Origin"), request.headers.get("Sec-Fetch-Site", "none")
    is_foreign = origin is not None and origin.lower() != f"http://{request.host}".lower()
    if is_foreign or site not in ("none", "same-origin"):
        raise Refusal(403, "another page may not ask this")
