"""The numbered conformance rules of OpenADR 2.0b, as functions that find breaches. No clock, no input, no output.

check             one message
check_document    its bytes
Conversation      a sequence of exchanges, from one end's view
"""

from oadr.rules.breach import Breach, Party
from oadr.rules.checking import check
from oadr.rules.conversation import Conversation
from oadr.rules.document import check_document
from oadr.rules.exchange import Exchange

__all__ = ["Breach", "Conversation", "Exchange", "Party", "check", "check_document"]
