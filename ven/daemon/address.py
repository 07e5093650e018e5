"""Where the local API listens, and where its callers find it."""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Address:
    """Port 0 takes a free one."""

    host: IPv4Address | IPv6Address
    port: int

    @property
    def from_here(self) -> str:
        """The host by which this machine finds it: who listens at all addresses listens on loopback."""
        if not self.host.is_unspecified:
            return str(self.host)
        return "127.0.0.1" if isinstance(self.host, IPv4Address) else "::1"


def address(value: object) -> Address:
    """`127.0.0.1:8480` or `[::1]:8480`. No name: whoever answers for names does not choose the interface.

    Raises `ValueError`.
    """
    try:
        parts = urlsplit(f"//{value}")
        if isinstance(value, str) and parts.port is not None and parts.netloc == value and "@" not in value:
            return Address(ip_address(parts.hostname or ""), parts.port)
    except ValueError:
        pass
    raise ValueError("must be an address of this machine and a port, such as 127.0.0.1:8480")
