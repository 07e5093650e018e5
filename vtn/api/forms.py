"""What goes in and out: frozen forms, and the few types that their fields share.

Quantities leave as numbers of at most two decimals, times as UTC with a Z, as the command line shows them.
"""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, Final, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
)

from oadr.charging.signals import Programme
from vtn.model.intervention import LONGEST_REASON
from vtn.model.network import LONGEST_NAME

LONGEST_ROLE: Final = 100
LARGEST: Final = 2**31 - 1
"""Of whole numbers that a database keeps."""
EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(2200, 1, 1, tzinfo=UTC)
"""Between these all reckoning with times stays within what there is."""


class Form(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Nothing(Form):
    """No parameters, or no body."""


def _printable(text: str) -> str:
    if not text.strip() or not text.isprintable():
        raise ValueError("must be printable text")
    return text


def _within_reason(at: datetime) -> datetime:
    if not EARLIEST <= at <= LATEST:
        raise ValueError("must lie between the years 2000 and 2200")
    return at.astimezone(UTC)


def _number(value: object) -> object:
    """A number of JSON, and no text that looks like one."""
    if isinstance(value, bool | str):
        raise ValueError("must be a number")
    return value


def moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def number(quantity: Decimal | None) -> float | None:
    """None: not known."""
    return None if quantity is None else float(round(quantity, 2))


def seconds(length: timedelta | None) -> float | None:
    return None if length is None else round(length.total_seconds(), 3)


_TIME: Final[dict[str, Any]] = {"type": "string", "format": "date-time"}
Name = Annotated[str, Field(min_length=1, max_length=LONGEST_NAME), AfterValidator(_printable)]
"""Of a feeder, a site, a chargepoint, an intervention."""
Reason = Annotated[str, Field(min_length=1, max_length=LONGEST_REASON), AfterValidator(_printable)]
InTheNameOf = Annotated[str, Field(min_length=1, max_length=LONGEST_ROLE), AfterValidator(_printable)]
At = Annotated[AwareDatetime, AfterValidator(_within_reason), WithJsonSchema(_TIME)]
"""A time that comes in, with its zone."""
Moment = Annotated[datetime, PlainSerializer(moment), WithJsonSchema(_TIME)]
"""A time that goes out."""
Percent = Annotated[
    Decimal,
    BeforeValidator(_number),
    Field(ge=0, le=100),
    PlainSerializer(float),
    WithJsonSchema({"type": "number", "minimum": 0, "maximum": 100}),
]
Watts = Annotated[
    Decimal,
    BeforeValidator(_number),
    Field(ge=0, le=10**10),
    PlainSerializer(float),
    WithJsonSchema({"type": "number", "minimum": 0, "maximum": 10**10}),
]
Number = Annotated[int, Field(ge=1, le=LARGEST)]
"""Of a proposal, a halt."""
Seconds = Annotated[int, Field(strict=True, ge=0, le=7 * 86400)]
InPercent = Literal[Programme.SUPPLY_LIMIT, Programme.LOAD_SHIFT]
"""A programme in which a share of the current can be ordered."""
