"""What the demo is about: one feeder, three sites, twelve chargepoints, and the files that the programs read.

The cars are real, of one morning at a workplace (examples/data); what their power did in between is simulated.
"""

import csv
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

DATA: Final = Path(__file__).parents[1] / "data" / "acn-sessions.csv"
BEGIN: Final = "2019-10-31T14:45:00Z"
"""The moment of the recording at which the demo starts: most cars are plugged in and charging."""

FEEDER: Final = "F12"
FEEDER_NAME: Final = "Mill Lane"
RATING_KW: Final = 100
PERCENT: Final = 40
LIMITED_SECONDS: Final = 40
RESTORE_SECONDS: Final = 15
RAMP_SECONDS: Final = 2
"""In earnest half an hour, ten minutes and a minute: nobody would watch that to the end."""
PROGRAMMES: Final = "http://dso.example/programmes"


@dataclass(frozen=True, slots=True)
class Outlet:
    resource_id: str
    amps: int
    phases: int
    station: str | None
    """Whose recorded cars come to it; None: one car that never leaves."""
    car_amps: int
    """The most that these cars take, per phase."""
    behaviour: str = "obedient"
    """How the charger takes its limits."""
    slow_by: int = 10
    """Seconds, of one that is slow."""


@dataclass(frozen=True, slots=True)
class Place:
    ven_id: str
    name: str
    outlets: tuple[Outlet, ...]
    restore_seconds: int = RESTORE_SECONDS
    ramp_seconds: int = RAMP_SECONDS
    contract: str = ""
    """Lines of the site's `[contract]`."""


PLACES: Final = (
    Place(
        "Mill_Lane_Homes",
        "homes 1 to 7",
        (
            Outlet("home-1", 32, 1, "AG-1F04", 32),
            Outlet("home-3", 32, 1, "AG-1F05", 32),
            Outlet("home-5", 32, 1, "AG-1F09", 16),
            Outlet("home-7", 32, 1, "AG-1F12", 10),
        ),
    ),
    Place(
        "Market_Car_Park",
        "market car park",
        (
            Outlet("market-1", 16, 3, "AG-3F16", 16),
            Outlet("market-2", 16, 3, "AG-3F20", 16),
            Outlet("market-3", 16, 3, "AG-3F24", 16),
            Outlet("market-4", 16, 3, "AG-3F27", 16),
        ),
    ),
    Place(
        "Dairy_Depot",
        "dairy depot",
        (
            Outlet("depot-1", 32, 3, "AG-4F34", 16),
            Outlet("depot-2", 32, 3, "AG-4F37", 16),
            Outlet("depot-3", 32, 3, "AG-4F40", 16),
            Outlet("depot-4", 32, 3, "AG-4F45", 32),
        ),
    ),
)
"""What the outlets are rated is not what the cars take: one is below its limit before anybody orders one."""
COLUMNS: Final = (
    "feeder",
    "feeder_name",
    "feeder_rating_kw",
    "site",
    "site_name",
    "certificate",
    "chargepoint",
    "rated_amps",
    "phases",
)
OUTLETS: Final = {outlet.resource_id: outlet for place in PLACES for outlet in place.outlets}


@dataclass(frozen=True, slots=True)
class Town:
    """The folder of a demo. Every path that a program is told is below it."""

    folder: Path
    port: int
    places: tuple[Place, ...] = PLACES

    @property
    def pki(self) -> Path:
        return self.folder / "pki"

    @property
    def network(self) -> Path:
        return self.folder / "network.csv"

    @property
    def vtn(self) -> Path:
        return self.folder / "vtn.toml"

    @property
    def record(self) -> Path:
        return self.folder / "record.jsonl"

    def ven(self, place: Place) -> Path:
        return self.folder / f"{place.ven_id}.toml"

    def state(self, place: Place) -> Path:
        return self.folder / f"{place.ven_id}-state"

    def write(self, certificates: Mapping[str, str]) -> None:
        """Every file; `certificates` holds the SHA-256 of each site's certificate."""
        self._write_network(certificates)
        self.vtn.write_text(_VTN.format(port=self.port, programmes=PROGRAMMES), encoding="utf-8")
        for place in self.places:
            self.ven(place).write_text(self._ven(place), encoding="utf-8")

    def _write_network(self, certificates: Mapping[str, str]) -> None:
        with self.network.open("w", encoding="utf-8", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(COLUMNS)
            for place in self.places:
                site = (place.ven_id, place.name, certificates[place.ven_id])
                for one in place.outlets:
                    outlet = (one.resource_id, one.amps, one.phases)
                    rows.writerow((FEEDER, FEEDER_NAME, RATING_KW, *site, *outlet))

    def _ven(self, place: Place) -> str:
        head = _VEN.format(
            port=self.port,
            programmes=PROGRAMMES,
            ven_id=place.ven_id,
            name=place.name,
            restore=place.restore_seconds,
            ramp=place.ramp_seconds,
            contract=place.contract,
        )
        return head + "".join(_outlet(one) for one in place.outlets)


def _outlet(one: Outlet) -> str:
    table = _OUTLET.format(
        resource_id=one.resource_id,
        amps=one.amps,
        phases=one.phases,
        car_amps=one.car_amps,
        behaviour=one.behaviour,
        slow_by=one.slow_by,
    )
    if one.station is None:
        return table
    return table + _RECORDED.format(data=DATA, station=one.station, begin=BEGIN)


def free_port() -> int:
    """One that nobody listens at now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


_VTN: Final = """\
state = "vtn-state"
port = {port}
chains = ["pki/secrets/vtn-rsa.pem", "pki/secrets/vtn-ecc.pem"]
trust = "pki/certs/ven-ca.pem"
market_contexts = "{programmes}"
poll_every = 2          # in earnest 10
report_every = 2        # in earnest 10
late_reports = 5        # in earnest 60
log = "json"
"""

_VEN: Final = """\
vtn_url = "https://localhost:{port}"
certificate = "pki/secrets/{ven_id}.pem"
trust = "pki/certs/vtn-ca.pem"
state = "{ven_id}-state"
market_contexts = "{programmes}"
name = "{name}"
restore_max = {restore}        # in earnest 600
ramp_every = {ramp}          # in earnest 60
log = "json"

[contract]
{contract}
"""

_OUTLET: Final = """
[[chargepoint]]
resource_id = "{resource_id}"
amps = {amps}
phases = {phases}
driver = "simulated"
behaviour = "{behaviour}"
slow_by = {slow_by}
car_amps = {car_amps}
car_phases = {phases}
"""

_RECORDED: Final = """\
sessions = "{data}"
station = "{station}"
begin = {begin}
"""
