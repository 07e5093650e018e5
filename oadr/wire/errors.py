"""Everything that can go wrong between two parties, as one tree.

    OadrError                never raised itself
      PeerError              they broke a rule; we answer, and go on
        Malformed            no XML that we may read                 HTTP 406, 413, 415
        Invalid              breaks the schema or a rule             454, 459, 460, 462 ...
        Refused              unknown id, unknown party, wrong order  450, 452, 463 ...
        Forged               signature missing, wrong, or not ours to check    HTTP 403
      Unreachable            nobody's fault; the caller backs off
      Misuse                 our own caller's fault: a bug, never sent to a peer

Reading bytes raises a `PeerError` and nothing else; anything else that escapes is a bug.
"""

from enum import StrEnum
from typing import Final

LONGEST_WHY: Final = 200


class ResponseCode(StrEnum):
    """Application response codes; the exact number is informative unless a rule names it (r48)."""

    OK = "200"
    OUT_OF_SEQUENCE = "450"
    NOT_ALLOWED = "451"
    INVALID_ID = "452"
    NOT_RECOGNIZED = "453"
    INVALID_VALUE = "454"
    COMPLIANCE_ERROR = "459"
    SIGNAL_NOT_SUPPORTED = "460"
    REPORT_NOT_SUPPORTED = "461"
    TARGET_MISMATCH = "462"
    NOT_REGISTERED = "463"
    DEPLOYMENT_ERROR = "469"


class OadrError(Exception):
    """Root of the tree; catch it only to say that OpenADR is what went wrong."""


class PeerError(OadrError):
    """The other party's fault. `why` may be shown to that party: it holds nothing of ours.

    `code` answers it where an OpenADR answer is due.
    """

    code = ResponseCode.COMPLIANCE_ERROR

    def __init__(self, why: str) -> None:
        self.why = why if len(why) <= LONGEST_WHY else f"{why[:LONGEST_WHY]}..."  # it may quote the message
        super().__init__(self.why)


class Malformed(PeerError):
    """Bytes that are no OpenADR message; `status` is the HTTP status that answers them."""

    def __init__(self, why: str, status: int = 406) -> None:
        super().__init__(why)
        self.status = status


class Invalid(PeerError):
    """A readable message that says something impossible or unsupported."""

    def __init__(self, why: str, code: ResponseCode = ResponseCode.INVALID_VALUE) -> None:
        super().__init__(why)
        self.code = code


class Refused(PeerError):
    """A message that we understand and will not serve: unknown id, unknown party, wrong order."""

    def __init__(self, why: str, code: ResponseCode = ResponseCode.INVALID_ID) -> None:
        super().__init__(why)
        self.code = code


class Forged(PeerError):
    """A signature that is missing, wrong, or that nobody here may accept; answered by HTTP 403."""


class Unreachable(OadrError):
    """No usable answer came back; try again later."""


class Misuse(OadrError):
    """Our own program asked for something that has no form on the wire."""
