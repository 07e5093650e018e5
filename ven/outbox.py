"""What the VEN owes its VTN to say, in its order, and what it tells the people here. Sans-IO."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

from oadr.wire.ids import RequestId, VenId
from oadr.wire.messages import Message, RequestEvent
from oadr.wire.messages.registration import ServiceName
from ven.news import News, PeerComplained


class Failure(Enum):
    """Why no usable reply came."""

    SILENT = auto()
    REJECTED = auto()
    """The VTN is there, but its answer is none: an HTTP error, or not readable."""
    BUSY = auto()
    """The VTN is there and asks to be tried again later (HTTP 503): nothing is given up for that."""


@dataclass(frozen=True, slots=True)
class Request:
    """Something to send: to which service, and what."""

    service: ServiceName
    message: Message

    @property
    def name(self) -> str:
        return type(self.message).__name__


class Outbox:
    """An answer stays until it was answered in turn, or given up; news stay until somebody has read them."""

    def __init__(self, new_id: Callable[[], str]) -> None:
        self._new_id = new_id
        self._owed: deque[Request] = deque()
        self._news: deque[News] = deque()

    def request_id(self) -> RequestId:
        """A new one."""
        return RequestId(self._new_id())

    # --- to the VTN ---

    @property
    def first(self) -> Request | None:
        return self._owed[0] if self._owed else None

    def owe(self, service: ServiceName, message: Message) -> None:
        self._owed.append(Request(service, message))

    def ask_for_events(self, ven_id: VenId) -> None:
        """For the complete list, after every new contact: it alone may lift a limit."""
        if not any(isinstance(request.message, RequestEvent) for request in self._owed):
            self.owe(ServiceName.EVENT, RequestEvent(request_id=self.request_id(), ven_id=ven_id))

    def settle(self, request: Request) -> bool:
        """It is not owed any more; False: it never was, for it was made on the spot."""
        if self.first is not request:
            return False
        self._owed.popleft()
        return True

    def clear(self) -> None:
        """Nothing of this means anything to the VTN any more."""
        self._owed.clear()

    # --- to the people here ---

    def tell(self, news: News) -> None:
        self._news.append(news)

    def tell_misfit(self, reply: Message, request: Request) -> None:
        self.tell(PeerComplained(request.name, "", f"answered by {type(reply).__name__}"))

    def next_news(self) -> News | None:
        return self._news.popleft() if self._news else None
