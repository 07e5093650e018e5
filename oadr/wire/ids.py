"""Identifiers. Each is a string of its own type, compared byte by byte, never stripped or coerced (r512)."""

from typing import NewType

Token = NewType("Token", str)
"""An xs:token: outer blanks and runs of blanks carry no meaning and are collapsed on reading."""

VenId = NewType("VenId", str)
VtnId = NewType("VtnId", str)
RegistrationId = NewType("RegistrationId", str)
RequestId = NewType("RequestId", str)
EventId = NewType("EventId", str)
SignalId = NewType("SignalId", str)
OptId = NewType("OptId", str)
ResourceId = NewType("ResourceId", str)
GroupId = NewType("GroupId", str)
ReportRequestId = NewType("ReportRequestId", str)
ReportSpecifierId = NewType("ReportSpecifierId", str)
RId = NewType("RId", str)
Mrid = NewType("Mrid", str)

MarketContext = NewType("MarketContext", Token)
"""A URI that names a programme. Compare with `oadr.charging.signals.normalised`, not byte-wise (r512)."""

NO_REQUEST = RequestId("")
"""Echoed where the message that is answered carried no requestID (oadrPoll)."""
