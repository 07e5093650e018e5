"""Why a record is not believed, as one tree.

LedgerError            never raised itself
  NotCanonical         not in the one form that it may have
  Altered              not what was written or signed
  Incomplete           the end is missing
  UnexplainedHole      entries are missing, and no sealed entry says that they were erased
  UnknownKey           signed by a key that nobody vouches for
  Forked               the log signed two histories; its checkpoints are the proof
  Unproven             a proof does not lead to its root
"""

from typing import ClassVar


class LedgerError(Exception):
    """`why` is one sentence for an auditor.

    `seq` is the first sequence number at which the record is known to be wrong, None where there is no record
    to number. `since` is lower when a checkpoint was broken that covers more than one entry: those from
    `since` to `seq` may be wrong as well.
    """

    cause: ClassVar[str]

    def __init__(self, why: str, seq: int | None = None, since: int | None = None) -> None:
        super().__init__(why)
        self.why = why
        self.seq = seq
        self.since = seq if since is None else since


class NotCanonical(LedgerError):
    cause = "not canonical"


class Altered(LedgerError):
    cause = "altered"


class Incomplete(LedgerError):
    cause = "incomplete"


class UnexplainedHole(LedgerError):
    cause = "unexplained hole"


class UnknownKey(LedgerError):
    cause = "unknown key"


class Forked(LedgerError):
    cause = "forked"


class Unproven(LedgerError):
    cause = "unproven"
