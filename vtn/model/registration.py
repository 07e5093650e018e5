"""A site that has registered, and who is calling."""

from dataclasses import dataclass
from datetime import datetime

from certs import Sha256
from oadr.wire.ids import RegistrationId, RequestId, VenId
from oadr.wire.signature import SignaturePolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    ven_id: VenId
    registration_id: RegistrationId
    request_id: RequestId
    """Of the request that made it: the same one again is a retry, not a new registration (r406)."""
    registered_at: datetime
    ven_name: str = ""
    greeted: bool = False
    """Whether the VEN has answered our oadrRegisterReport, which follows each new registration (r301)."""
    offered: bool = False
    """Whether the VEN has said what it can report, if only nothing: it is not asked again."""


@dataclass(frozen=True, slots=True)
class Caller:
    """The site that the certificate of a connection belongs to (P4)."""

    certificate: Sha256
    ven_id: VenId
    pseudonym: str
    registration_id: RegistrationId | None
    """None: approved, but not registered."""
    signatures: SignaturePolicy | None = None
    """Its own policy, if it has one."""
    record_last: int | None = None
    """So many of its last messages are kept, for whoever looks for a fault; None: none are."""
