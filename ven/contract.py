"""What the installer sets from the site's contract and its fuses. No message ever changes any of it."""

from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal

from oadr.charging.ceilings import Ceiling
from oadr.charging.electricity import FLOOR_AMPS
from oadr.charging.minimum import Profile
from ven.authority import Bounds
from ven.failsafe import OnSilence, Terms


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """The defaults are those of a site that owes nobody anything in silence and allows nobody to switch it off."""

    failsafe: Ceiling | None = None
    """What each chargepoint may draw while the grid operator is silent; None: what the calendar allows. Never 0, so
    that whoever can block a VTN cannot switch off a town."""
    failsafe_minimum: timedelta = timedelta(hours=2)
    """How long that holds once it has begun, 2 to 24 h."""
    on_silence: OnSilence = OnSilence.LAST_PROGRAMME
    default_percent: Decimal | None = None
    """The default mode of Rec 1, in percent of the rated current; None: the calendar. Never 0."""
    bounds: Bounds = field(default_factory=Bounds)
    """How far the grid operator's emergencies reach."""
    site_amps: Decimal | None = None
    """A per phase that all chargepoints may draw together, for the site's own fuse; None: as much as they can."""
    calendar_spread: timedelta = timedelta(seconds=600)
    """A limit of the calendar begins up to so much after the hour, so that a street does not switch as one (Rec 4)."""
    may_disable: bool = False
    """Whether an outlet that does not obey in an emergency may be switched off, as the last resort."""
    severe_amps: Decimal = Decimal(2)
    """So far above its limit an outlet must be for that."""
    profile: Profile = Profile.UK
    """Which country's rules decide what a supply limitation leaves at the least, and how exactly it is followed."""
    phase_switch: bool = False
    """Whether an outlet that went to one phase may go back while its car is plugged in. It can harm some cars, so
    otherwise it goes back with the next one."""

    def __post_init__(self) -> None:
        """Raises `ValueError`."""
        if self.failsafe is not None and self.failsafe.value <= 0:
            raise ValueError("the failsafe level is never 0")
        if self.default_percent is not None and not 0 < self.default_percent <= 100:
            raise ValueError("the default mode is above 0 and at most 100 percent")
        if not timedelta(hours=2) <= self.failsafe_minimum <= timedelta(hours=24):
            raise ValueError("the failsafe time is 2 to 24 hours")
        if self.site_amps is not None and self.site_amps < FLOOR_AMPS:
            raise ValueError(f"a fuse below {FLOOR_AMPS} A lets nobody charge")

    @property
    def link(self) -> Terms:
        return Terms(self.failsafe_minimum)
