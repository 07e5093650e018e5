"""OadrPoll, and oadrResponse: the answer when there is nothing else to say."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from oadr.wire.codec import Message
from oadr.wire.ids import VenId
from oadr.wire.messages.common import EiResponse


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll(Message):
    """A VEN that cannot be reached asks whether there is anything for it (r500)."""

    TAG: ClassVar = "oadr:oadrPoll"
    ven_id: Annotated[VenId, "ei:venID"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Response(Message):
    TAG: ClassVar = "oadr:oadrResponse"
    response: Annotated[EiResponse, "ei:eiResponse"]
    ven_id: Annotated[VenId | None, "ei:venID"] = None
