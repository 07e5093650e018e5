"""Any message that the official schema takes, drawn from the message classes themselves.

    @given(messages())            # of any type
    @given(of(DistributeEvent))   # of one type; parts of messages likewise

A class says by its hints what may stand where: `tuple` without a default is a list that may not be empty,
an optional text is never empty, because an empty element is an omitted one (r46). What the hints cannot say
is in the tables below: closed lists of words, read from the XSDs, and the units.
"""

from collections.abc import Callable
from dataclasses import MISSING, Field, fields
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from functools import cache
from types import NoneType, UnionType
from typing import Any, Final, TypeVar, Union, get_args, get_origin, get_type_hints

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from lxml import etree

from oadr.wire import scalars
from oadr.wire.messages import MESSAGES, Message
from oadr.wire.messages.common import PowerAttributes, Scale, Unit, UnitKind
from oadr.wire.scalars import Duration
from oadr.wire.schema import installed_folder

T = TypeVar("T")

XSD: Final = "{http://www.w3.org/2001/XMLSchema}"
FEW: Final = 2
"""How long lists get: one is the usual, two show that order is kept."""

ODD_IDS: Final = (
    "0001",
    "1.2.3",
    "true",
    "1e3",
    " inner  and outer blanks ",
    "A & <B>",
    "]]>",
    "&amp;",
    "<!DOCTYPE x>",
    "<?pi?>",
    "line\nfeed\tand\rreturn",
    "\N{GRINNING FACE}",
    "e\N{COMBINING ACUTE ACCENT}\N{RIGHT-TO-LEFT OVERRIDE}\N{ZERO WIDTH SPACE}",
    "\x85\u2028\U0010fffd",
)
_NOT_XML: Final = "".join(map(chr, (*range(9), 11, 12, *range(14, 32), 0xFFFE, 0xFFFF)))


def messages() -> SearchStrategy[Message]:
    return st.sampled_from(MESSAGES).flatmap(of)


def of(kind: type[T]) -> SearchStrategy[T]:
    """Values of a message class, or of a class that stands in one."""
    if kind not in _of:
        _of[kind] = units() if kind is Unit else _built(kind)
    return _of[kind]


_of: Final[dict[Any, SearchStrategy[Any]]] = {}


def _built(kind: Any) -> SearchStrategy[Any]:
    hints = get_type_hints(kind, include_extras=True)
    return st.builds(
        kind, **{field.name: _part(field, *get_args(hints[field.name])) for field in fields(kind)}
    )


def texts(*, empty: bool = True) -> SearchStrategy[str]:
    """What XML can carry, odd identifiers first."""
    alphabet = st.characters(codec="utf-8", exclude_characters=_NOT_XML)
    return st.sampled_from(ODD_IDS) | st.text(alphabet, min_size=0 if empty else 1, max_size=12)


def numbers() -> SearchStrategy[Decimal]:
    return st.decimals(-(10**12), 10**12, places=3) | st.sampled_from(
        [Decimal(text) for text in ("0", "0.29", "1E+3", "-1E-7", "3.4E+38")]
    )


def durations() -> SearchStrategy[Duration]:
    days = st.integers(-(10**9), 10**9).map(lambda seconds: Duration(seconds=seconds))
    months = st.tuples(st.integers(0, 86_400), st.integers(0, 1_200)).map(lambda both: Duration(*both))
    return st.just(Duration()) | days | months


def moments() -> SearchStrategy[datetime]:
    return st.datetimes(timezones=st.just(UTC)).map(lambda moment: moment.replace(microsecond=0))


def units() -> SearchStrategy[Unit]:
    return st.sampled_from(UnitKind).flatmap(_unit)


def _unit(kind: UnitKind) -> SearchStrategy[Unit]:
    descriptions, symbols = _UNITS.get(kind) or (texts(), texts())
    pulses = kind is UnitKind.PULSE_COUNT
    power = "power:power" in kind
    return st.builds(
        Unit,
        kind=st.just(kind),
        description=descriptions,
        symbol=symbols,
        scale=st.none() if pulses else st.sampled_from(Scale),
        pulse_factor=numbers() if pulses else st.none(),
        power=of(PowerAttributes) if power else st.none(),
    )


_MONEY: Final = (
    st.sampled_from(["currency", "currencyPerKW", "currencyPerKWh"]),
    st.sampled_from(["EUR", "CHF", "GBP"]),
)
_UNITS: Final = {
    kind: (st.just(description), st.sampled_from(symbols))
    for kind, description, *symbols in (
        (UnitKind.POWER_REAL, "RealPower", "W", "J/s"),
        (UnitKind.POWER_APPARENT, "ApparentPower", "VA"),
        (UnitKind.POWER_REACTIVE, "ReactivePower", "VAR"),
        (UnitKind.ENERGY_REAL, "RealEnergy", "Wh"),
        (UnitKind.ENERGY_APPARENT, "ApparentEnergy", "VAh"),
        (UnitKind.ENERGY_REACTIVE, "ReactiveEnergy", "VARh"),
        (UnitKind.VOLTAGE, "Voltage", "V"),
        (UnitKind.CURRENT, "Current", "A"),
        (UnitKind.FREQUENCY, "Frequency", "Hz"),
        (UnitKind.TEMPERATURE, "temperature", "celsius", "fahrenheit"),
        (UnitKind.THERM, "Therm", "thm"),
        (UnitKind.PULSE_COUNT, "pulse count", "count"),
    )
} | dict.fromkeys(
    (
        UnitKind.CURRENCY,
        UnitKind.CURRENCY_PER_KW,
        UnitKind.CURRENCY_PER_KWH,
        UnitKind.CURRENCY_PER_THM,
    ),
    _MONEY,
)


# --- from a field's hint to its values ----------------------------------------------------------------------


def _part(field: "Field[Any]", hint: Any, place: str) -> SearchStrategy[Any]:
    if get_origin(hint) is tuple:
        at_least = 0 if field.default is not MISSING else 1
        one = _value(get_args(hint)[0], place, empty="[]" in place)
        return st.lists(one, min_size=at_least, max_size=FEW).map(tuple)
    kinds = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    optional = NoneType in kinds
    some = [_value(kind, place, empty=not optional) for kind in kinds if kind is not NoneType]
    return st.one_of(st.none(), *some) if optional else st.one_of(*some)


def _value(kind: Any, place: str, *, empty: bool) -> SearchStrategy[Any]:
    last = place.rpartition("/")[2]
    if last in _PLACES:
        return _PLACES[last]()
    while hasattr(kind, "__supertype__"):
        kind = kind.__supertype__
    if kind is str:
        return texts(empty=empty)
    if kind in _SCALARS:
        return _SCALARS[kind]()
    if issubclass(kind, StrEnum):
        return st.sampled_from(kind)
    return of(kind)


_SCALARS: Final[dict[Any, Callable[[], SearchStrategy[Any]]]] = {
    bool: st.booleans,
    int: lambda: st.integers(0, scalars.MAX_UNSIGNED),
    Decimal: numbers,
    datetime: moments,
    Duration: durations,
}


@cache
def _words(file: str, name: str) -> SearchStrategy[str]:
    """The members of a closed list in the official schema, and private words beside them."""
    folder = installed_folder()
    assert folder, "the official schemas come with openleadr"
    types = etree.parse(folder / file).iterfind(f"{XSD}simpleType[@name='{name}']")
    words = [str(word.get("value")) for kind in types for word in kind.iter(f"{XSD}enumeration")]
    private = texts().map(lambda text: scalars.collapse(f"x-y{text}"))
    return st.sampled_from(words) | private


def _positions() -> SearchStrategy[str]:
    return st.lists(st.floats(-180, 180), max_size=4).map(lambda places: " ".join(map(str, places)))


def _market_contexts() -> SearchStrategy[str]:
    segments = st.text("abcXYZ019-._~", max_size=8)
    return st.builds("http://{}.example/{}".format, st.text("abcxyz", min_size=1, max_size=8), segments)


_PLACES: Final[dict[str, Callable[[], SearchStrategy[Any]]]] = {
    "ei:responseCode": lambda: st.from_regex(r"[0-9]{3}", fullmatch=True),
    "ei:confidence": lambda: st.integers(0, 100),
    "gml:posList": _positions,
    "emix:marketContext": _market_contexts,
    "ei:signalName": lambda: _words("oadr_ei_20b.xsd", "SignalNameEnumeratedType"),
    "ei:optReason": lambda: _words("oadr_ei_20b.xsd", "OptReasonEnumeratedType"),
    "ei:reportName": lambda: _words("oadr_ei_20b.xsd", "reportNameEnumeratedType"),
    "ei:reportType": lambda: _words("oadr_ei_20b.xsd", "ReportEnumeratedType"),
    "ei:readingType": lambda: _words("oadr_ei_20b.xsd", "ReadingTypeEnumeratedType"),
    "oadr:oadrDataQuality": lambda: _words("oadr_20b.xsd", "oadrDataQualityType"),
}
