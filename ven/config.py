"""Everything that the VEN library is told from outside, in one value."""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from oadr.charging.meanings import PLAIN, Agreed
from oadr.charging.signals import Programme
from oadr.wire.ids import GroupId, VenId, VtnId
from oadr.wire.signature import SignaturePolicy
from ven.calendar import Calendar
from ven.contract import Contract
from ven.party import DSO, PLANNED, Party, Role


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherVtn:
    """A VTN beside the grid operator's: an aggregator's, a supplier's. People here may decline what it orders.

    Its silence changes no limit. Where it and the grid operator order at once, the smaller limit holds.
    """

    name: str
    """By which people here know it. One that changes its name is another one."""
    vtn_url: str
    certificate: Path
    """As for the grid operator's; the same file where both trust one authority."""
    trust: Path
    market_contexts: str
    """Base URI of its programmes: `<base>/load-shift` and `<base>/price`."""
    programmes: frozenset[Programme] = PLANNED
    """What it may order. Never a supply limitation: that is answered by 451."""
    least_percent: Decimal | None = None
    """Of the rated current, above 0: none of its limits goes below, nor below 6 A. None: as low as it likes."""
    ven_id: VenId | None = None
    vtn_id: VtnId | None = None
    groups: frozenset[GroupId] = frozenset()
    check_host_name: bool = True
    signatures: SignaturePolicy = SignaturePolicy.OFF
    agreed: Agreed = PLAIN

    def __post_init__(self) -> None:
        """Raises `ValueError`."""
        if not self.name.strip() or self.name == DSO:
            raise ValueError(f"another VTN has a name, and not {DSO!r}")
        if not self.programmes or not self.programmes <= PLANNED:
            raise ValueError(f"another VTN orders {' or '.join(sorted(PLANNED))}")
        if self.least_percent is not None and not 0 < self.least_percent <= 100:
            raise ValueError("the least percent of another VTN is above 0 and at most 100")

    @property
    def role(self) -> Role:
        return Role(Party(self.name), self.programmes, self.least_percent)


@dataclass(frozen=True, slots=True, kw_only=True)
class VenConfig:
    """Paths are files; durations bound what the grid operator or our own dice may choose."""

    vtn_url: str
    """Base address of the VTN, `https://host:port` with an optional prefix; `/OpenADR2/...` is appended (r511)."""
    certificate: Path
    """PEM file with this VEN's private key and certificate chain."""
    trust: Path
    """PEM file with the certification authority of the VTN; no other is believed."""
    state: Path
    """Folder for what must survive a power cut. One VEN each."""
    market_contexts: str
    """Base URI of the programmes: `<base>/supply-limit` and `<base>/load-shift`."""
    name: str = ""
    """Shown to the operator at registration."""
    ven_id: VenId | None = None
    """Only where the operator has given one beforehand; else the VTN assigns it (r402)."""
    vtn_id: VtnId | None = None
    """Pinned identity of the VTN; None takes the one that it tells at registration."""
    groups: frozenset[GroupId] = frozenset()
    """Names of feeders and groups whose events concern every chargepoint here."""
    check_host_name: bool = True
    """Off only for VTN certificates that carry a device name in place of a host name."""
    signatures: SignaturePolicy = SignaturePolicy.OFF
    """What is wanted of the VTN's messages (r514). Unless it is off the VEN signs too, with the key of its TLS, and
    then clocks at both ends must agree to five minutes."""
    restore_max: timedelta = timedelta(seconds=600)
    """Every release waits for a moment drawn from a span of this length (Rec 4), at most 1800 s, after a short hold."""
    ramp_every: timedelta = timedelta(seconds=60)
    """After the draw the limit rises by one step of the rating in each such time. Where it is shorter than a minute,
    so is what holds a limit down before it rises (see `ven.arbiter`)."""
    randomise_default: timedelta = timedelta(seconds=600)
    """Start of a load shift that names no randomisation of its own."""
    sample_every: timedelta = timedelta(seconds=1)
    request_timeout: timedelta = timedelta(seconds=20)
    """Whole exchange, from connecting to the last byte."""
    retry_cap: timedelta = timedelta(seconds=300)
    """Longest pause between attempts while the VTN is silent; attempts never end."""
    agreed: Agreed = PLAIN
    """How the grid operator's signals are read where the profile leaves it open."""
    contract: Contract = field(default_factory=Contract)
    """Failsafe level, default mode, the bounds of the grid operator's authority, the site's fuse."""
    preset: Calendar | None = None
    """The load control calendar that a unit begins with; once one was set here, that one counts."""
    record_messages: int = 0
    """So many of the last messages are kept in memory to find a fault, requests and answers; 0: none. Their XML may
    hold personal data."""

    others: tuple[OtherVtn, ...] = ()
    """VTNs beside the grid operator's, whose address stands above."""

    def __post_init__(self) -> None:
        """Raises `ValueError`."""
        if len({one.name for one in self.others}) != len(self.others):
            raise ValueError("two other VTNs have one name")

    @property
    def signs(self) -> bool:
        return self.signatures is not SignaturePolicy.OFF

    def towards(self, other: OtherVtn) -> "VenConfig":
        """The settings of a VEN that speaks with this other one alone."""
        return replace(
            self,
            vtn_url=other.vtn_url,
            certificate=other.certificate,
            trust=other.trust,
            market_contexts=other.market_contexts,
            ven_id=other.ven_id,
            vtn_id=other.vtn_id,
            groups=other.groups,
            check_host_name=other.check_host_name,
            signatures=other.signatures,
            agreed=other.agreed,
            others=(),
        )
