"""Settings read strictly: every key has a kind, a key that nobody asks for is refused, a complaint names its place."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, Generic, TypeGuard, TypeVar
from urllib.parse import urlsplit

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)


class BadSetting(Exception):
    """A setting that stops the program: one sentence that names file (or variable, or flag), key and fault."""


@dataclass(frozen=True, slots=True)
class Setting:
    """A value and the place to be named when it is wrong. Relative paths start at `folder`."""

    value: object
    place: str
    folder: Path
    is_text: bool = False
    """From the environment or a flag, where everything is text."""


@dataclass(frozen=True, slots=True)
class Kind(Generic[T]):
    """What a key may hold. `read` takes a TOML value, `parse` makes one of text; both raise `ValueError`."""

    read: Callable[[Any], T]
    parse: Callable[[str], object] = str


class Table:
    """Some settings, each to be taken once."""

    def __init__(self, place: str, settings: Mapping[str, Setting]) -> None:
        self._place = place
        self._settings = dict(settings)

    def take(self, key: str, kind: Kind[T], default: T | None = None) -> T:
        """Raises `BadSetting` when the value is wrong, or missing where there is no default."""
        setting = self._settings.pop(key, None)
        if setting is not None:
            return _read(setting, kind)
        if default is None:
            raise BadSetting(f"{self._place}: {key} is missing")
        return default

    def maybe(self, key: str, kind: Kind[T]) -> T | None:
        setting = self._settings.pop(key, None)
        return None if setting is None else _read(setting, kind)

    def path(self, key: str) -> Path:
        folder = self._settings[key].folder if key in self._settings else Path()
        return folder / self.take(key, TEXT)

    def file(self, key: str) -> Path:
        """A path to a file that is there."""
        place = self._settings[key].place if key in self._settings else key
        found = self.path(key)
        if not found.is_file():
            raise BadSetting(f"{place}: there is no file {found}")
        return found

    def has(self, key: str) -> bool:
        return key in self._settings

    def complaint(self, why: str) -> BadSetting:
        """About the table as a whole."""
        return BadSetting(f"{self._place}: {why}")

    def finish(self) -> None:
        """Raises `BadSetting` if a key is left: a misspelt setting must not be a silent default."""
        for setting in self._settings.values():
            raise BadSetting(f"{setting.place}: no such setting")


def _read(setting: Setting, kind: Kind[T]) -> T:
    try:
        value = kind.parse(str(setting.value)) if setting.is_text else setting.value
        return kind.read(value)
    except ValueError as error:
        raise BadSetting(f"{setting.place}: {error}") from error


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("must be text, and not empty")
    return value


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("must be true or false")
    return value


def _parse_flag(text: str) -> object:
    return {"true": True, "false": False}.get(text.lower(), text)


def _parse_number(text: str) -> object:
    try:
        return Decimal(text)
    except InvalidOperation:
        return text


def _names(value: object) -> frozenset[str]:
    if not isinstance(value, list) or not all(isinstance(one, str) and one for one in value):
        raise ValueError("must be a list of names")
    return frozenset(value)


def _parse_names(text: str) -> object:
    return [name.strip() for name in text.split(",") if name.strip()]


def _moment(value: object) -> datetime:
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise ValueError("must be a time with its zone, such as 2019-10-31T15:00:00Z")
    return value


def _is_number(value: object) -> TypeGuard[int | Decimal]:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def number(least: str, most: str, unit: str = "") -> Kind[Decimal]:
    """From `least` to `most`, both allowed."""

    def read(value: object) -> Decimal:
        found = Decimal(value) if _is_number(value) else Decimal("NaN")
        if not found.is_finite() or not Decimal(least) <= found <= Decimal(most):
            raise ValueError(f"must be a number from {least} to {most}{unit and f' {unit}'}")
        return found

    return Kind(read, _parse_number)


def whole(least: int, most: int) -> Kind[int]:
    def read(value: object) -> int:
        found = number(str(least), str(most)).read(value)
        if found != int(found):
            raise ValueError("must be a whole number")
        return int(found)

    return Kind(read, _parse_number)


def seconds(least: str, most: str) -> Kind[timedelta]:
    inner = number(least, most, "seconds")
    return Kind(lambda value: timedelta(seconds=float(inner.read(value))), _parse_number)


def choice(options: type[E]) -> Kind[E]:
    def read(value: object) -> E:
        if value not in tuple(options):
            raise ValueError(f"must be one of {', '.join(options)}")
        return options(str(value))

    return Kind(read)


def inner(values: object, place: str, folder: Path) -> Table:
    """A table within a file. Raises `BadSetting` for anything else."""
    if not isinstance(values, dict):
        raise BadSetting(f"{place} is a table, [{place.rpartition(': ')[2]}]")
    return Table(place, {key: Setting(value, f"{place}: {key}", folder) for key, value in values.items()})


def _https(value: object) -> str:
    """Without TLS there is no VEN (r67)."""
    if not isinstance(value, str) or urlsplit(value).scheme != "https" or not urlsplit(value).hostname:
        raise ValueError("must be an address that begins with https://")
    return value


TEXT: Final = Kind(_text)
HTTPS: Final = Kind(_https)
FLAG: Final = Kind(_flag, _parse_flag)
NAMES: Final = Kind(_names, _parse_names)
MOMENT: Final = Kind(_moment)
