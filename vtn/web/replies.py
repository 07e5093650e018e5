"""How an answer is written and packed: what is said over and over again is worked out once."""

from functools import lru_cache
from typing import Final

from aiohttp import web

from oadr.wire import envelope
from oadr.wire.ids import NO_REQUEST
from oadr.wire.messages import Message, Response

CODINGS: Final = (web.ContentCoding.gzip, web.ContentCoding.deflate)
"""How an answer may be packed, the first that is accepted."""
KEPT: Final = 4096
"""Short answers that are kept written."""


def written(message: Message) -> bytes:
    """Polls are most of the traffic, and while there is nothing to say a VEN's answer is always the same.

    Only what echoes nothing is kept, so a peer cannot make it long.
    """
    if isinstance(message, Response) and message.response.request_id == NO_REQUEST:
        return _kept(message)
    return envelope.write(message)


@lru_cache(KEPT)
def _kept(response: Response) -> bytes:
    return envelope.write(response)


@lru_cache(64)
def coding(accepted: str) -> web.ContentCoding | None:
    """What the peer takes of what we have; a weight of 0 means that it does not."""
    weights = dict(part.replace(" ", "").partition(";")[::2] for part in accepted.lower().split(","))
    taken = {name for name, weight in weights.items() if weight.rstrip("0.") != "q="}
    return next((coding for coding in CODINGS if not taken.isdisjoint((coding.value, "*"))), None)
