"""The way from a command of `ven` to the program that runs: its local API, with the code from the state folder."""

import json
from contextlib import closing
from http.client import HTTPConnection, HTTPException
from typing import Any, Final

from ven.daemon import codes
from ven.daemon.api import PATIENCE
from ven.daemon.config import Settings
from ven.daemon.notdone import NotDone
from ven.daemon.routes import ROOT

WAIT: Final = PATIENCE + 10.0
"""Seconds: a command comes back when disk and chargers have taken what it wants."""
LONGEST_ANSWER: Final = 4 * 1024 * 1024


def ask(settings: Settings, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """What it answers. Raises `NotDone`."""
    address = settings.local_api
    if address is None:
        raise NotDone("the settings have no local_api; set it and start `ven run` anew")
    headers = {"Authorization": f"Bearer {code(settings)}"} | (
        {"Content-Type": "application/json"} if body else {}
    )
    with closing(HTTPConnection(address.from_here, address.port, timeout=WAIT)) as connection:
        try:
            connection.request(method, ROOT + path, json.dumps(body) if body else None, headers)
            response = connection.getresponse()
            return _answer(response.status, response.read(LONGEST_ANSWER))
        except ConnectionRefusedError as error:
            raise NotDone("`ven run` does not run, or with another local_api") from error
        except (OSError, HTTPException) as error:
            raise NotDone(f"`ven run` does not answer: {error or type(error).__name__}") from error


def code(settings: Settings) -> str:
    """That of this unit. Raises `NotDone`."""
    try:
        found = codes.read(settings.ven.state)
    except OSError as error:
        raise NotDone(f"the code of this unit cannot be read: {error.strerror}") from error
    if found is None:
        raise NotDone("there is no code yet: `ven run` draws one when it first starts with local_api set")
    return found


def _answer(status: int, raw: bytes) -> dict[str, Any]:
    try:
        found = json.loads(raw)
        why = found.get("error")
    except (ValueError, AttributeError) as error:
        raise NotDone("what answers at local_api is not `ven run`") from error
    if status >= 400:
        raise NotDone(str(why or f"refused with HTTP status {status}"))
    return dict(found)
