"""Everything that the VEN library is told from outside, in one value."""

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from oadr.charging.meanings import PLAIN, Agreed
from oadr.wire.ids import GroupId, VenId, VtnId
from oadr.wire.signature import SignaturePolicy
from ven.calendar import Calendar
from ven.contract import Contract


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
    """Every release is delayed by a draw between zero and this (Rec 4), at most 1800 s."""
    ramp_every: timedelta = timedelta(seconds=60)
    """After the draw the limit rises by one step of the rating in each such time."""
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

    @property
    def signs(self) -> bool:
        return self.signatures is not SignaturePolicy.OFF
