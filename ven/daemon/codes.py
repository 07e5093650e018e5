"""The code of this unit, which opens its local API; and the wait of whoever has a wrong one.

Drawn by chance at the first start, so no two units share one, and there is no default (ETSI EN 303 645, 5.1-1). It
has a hundred bits and is shown to whoever owns the state folder, so it lies there as it is, readable to the owner
only. To have another, remove the file and start anew.
"""

import hmac
import os
import secrets
from collections import OrderedDict
from contextlib import suppress
from ipaddress import IPv6Address, ip_address
from pathlib import Path
from typing import Final

FILE: Final = "code"
LETTERS: Final = "abcdefghjkmnpqrstuvwxyz23456789"
"""Those that nobody takes for another when a code is read aloud."""
GROUPS: Final = 4
GROUP: Final = 5
FREE_TRIES: Final = 5
"""Wrong ones in a row that cost nothing but a refusal."""
LONGEST_WAIT: Final = 60.0
"""Seconds."""
MOST_ADDRESSES: Final = 256


def read(folder: Path) -> str | None:
    """None: there is none yet. Raises `OSError`."""
    try:
        return (folder / FILE).read_text(encoding="utf-8").strip() or None
    except FileNotFoundError:
        return None
    except UnicodeDecodeError:
        return None


def made(folder: Path) -> str:
    """The code of this unit, drawn now if it has none. Raises `OSError`."""
    return read(folder) or _drawn(folder)


def _drawn(folder: Path) -> str:
    """The file appears whole or not at all."""
    code = "-".join("".join(secrets.choice(LETTERS) for _ in range(GROUP)) for _ in range(GROUPS))
    fresh = folder / f".{FILE}.new"
    with suppress(FileNotFoundError):
        fresh.unlink()
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(f"{code}\n")
        file.flush()
        os.fsync(file.fileno())
    os.replace(fresh, folder / FILE)
    return code


class Door:
    """Knows the code, and who has tried wrong ones. `now` is in seconds of a clock that nobody sets."""

    def __init__(self, code: str) -> None:
        self._code = code.encode()
        self._wrong: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def is_guessing(self, address: str) -> bool:
        """Whether this address has just begun to pay for wrong codes; once, until it has the right one."""
        return self._wrong.get(_network(address), (0, 0.0))[0] == FREE_TRIES

    def wait(self, address: str, now: float) -> float:
        """Seconds until the next code of this address is looked at."""
        _, until = self._wrong.get(_network(address), (0, 0.0))
        return max(0.0, until - now)

    def opens(self, code: str, address: str, now: float) -> bool:
        """Whether that is the code; to be asked when there is no `wait`."""
        network = _network(address)
        if hmac.compare_digest(code.encode(errors="surrogatepass"), self._code):
            self._wrong.pop(network, None)
            return True
        tries = self._wrong.pop(network, (0, 0.0))[0] + 1
        wait = 0.0 if tries < FREE_TRIES else min(2.0 ** min(tries - FREE_TRIES, 30), LONGEST_WAIT)
        self._wrong[network] = (tries, now + wait)
        if len(self._wrong) > MOST_ADDRESSES:
            self._wrong.popitem(last=False)
        return False


def _network(address: str) -> str:
    """Whoever has one IPv6 address has 2^64 of them."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    return str(int(found) >> 64) if isinstance(found, IPv6Address) and not found.ipv4_mapped else str(found)
