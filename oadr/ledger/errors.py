"""Why a record is not believed, as one tree.

LedgerError            never raised itself
  NotCanonical         not in the one form that it may have
  Altered              not what was written or signed
  Incomplete           the end is missing
  UnexplainedHole      entries are missing, and no sealed entry says that they were erased
  UnknownKey           signed by a key that nobody vouches for
  Forked               the log signed two histories; both signatures are the proof
  Unproven             a proof does not lead to its root
"""

from typing import ClassVar, Self


class LedgerError(Exception):
    """`why` is one sentence for an auditor.

    The first entry that is wrong has the sequence number `seq`, or one from `seq` to `until` where the record
    does not tell more closely: a checkpoint seals many entries at once. Both are None where it is not an entry
    that is wrong.
    """

    cause: ClassVar[str]

    def __init__(self, why: str, seq: int | None = None, until: int | None = None) -> None:
        super().__init__(why)
        self.why = why
        self.seq = seq
        self.until = seq if until is None else until

    def at(self, seq: int) -> Self:
        """The same, found where entry `seq` belongs."""
        return type(self)(self.why, seq)


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
