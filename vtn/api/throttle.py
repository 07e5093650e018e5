"""How many wrong keys one address may show a minute before it is told to wait.

A key has 256 random bits, so nobody finds one by trying; this keeps the log readable and the store at rest. A right key
is served all the same: a colleague behind the same address must be able to give an order.
"""

from collections import OrderedDict
from typing import Final

PER_MINUTE: Final = 10
REMEMBERED: Final = 4096
"""Addresses."""
MINUTE: Final = 60.0


class Throttle:
    """`at` is in seconds of a clock that never goes back."""

    def __init__(self) -> None:
        self._tries: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def failed(self, address: str, at: float) -> int:
        """Seconds to wait; 0: not yet."""
        since, count = self._tries.pop(address, (at, 0))
        if at - since >= MINUTE:
            since, count = at, 0
        self._tries[address] = (since, count + 1)
        if len(self._tries) > REMEMBERED:
            self._tries.popitem(last=False)
        return 0 if count < PER_MINUTE else max(1, int(since + MINUTE - at))
