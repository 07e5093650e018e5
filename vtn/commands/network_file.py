"""Reading a file that describes the network: CSV, or JSON with the same names, a row for each chargepoint.

feeder,feeder_name,feeder_rating_kw,site,site_name,certificate,chargepoint,rated_amps,phases,step
F12,Mill Lane,250,S1,Mill Lane 3,,evse-1,32,3,10

`signatures` may be a column too: what is wanted of the site's messages, as `vtn approve` has it. And `substation`: what
the feeder hangs on, so that an order for a whole substation is known as one.

All or nothing: every cell that is wrong is named, and one is enough to refuse the file.
"""

import csv
import io
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Final

from vtn.commands.network_cells import COLUMNS, OPTIONAL
from vtn.commands.network_rows import Row, network
from vtn.model.errors import Impossible
from vtn.model.network import Network

LARGEST: Final = 64 * 1024 * 1024


def read(path: Path) -> Network:
    """Raises `Impossible`, which names file, line and column of what is wrong."""
    try:
        raw = path.read_bytes()
        if len(raw) > LARGEST:
            raise Impossible(f"{path} is larger than {LARGEST} bytes")
        text = raw.decode("utf-8-sig")
    except OSError as error:
        raise Impossible(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise Impossible(f"{path} is not UTF-8") from error
    found = network(_rows(path, text))
    if not found.chargepoints:
        raise Impossible(f"{path} names no chargepoint")
    return found


def _rows(path: Path, text: str) -> Iterator[Row]:
    match path.suffix.lower():
        case ".csv":
            return _of_csv(path, text)
        case ".json":
            return _of_json(path, text)
    raise Impossible(f"{path}: the name must end in .csv or .json")


def _of_csv(path: Path, text: str) -> Iterator[Row]:
    first = text.partition("\n")[0]
    delimiter = ";" if ";" in first and "," not in first else ","
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        names = [name.strip() for name in next(reader, [])]
        _check_columns(str(path), names)
        for cells in reader:
            if any(cell.strip() for cell in cells):
                place = f"{path}:{reader.line_num}"
                if len(cells) != len(names):
                    raise Impossible(f"{place}: there are {len(cells)} cells in place of {len(names)}")
                yield Row(place, dict(zip(names, map(str.strip, cells), strict=True)))
    except csv.Error as error:
        raise Impossible(f"{path}: this is no CSV: {error}") from error


def _of_json(path: Path, text: str) -> Iterator[Row]:
    try:
        rows = json.loads(text, parse_float=Decimal, parse_constant=str)
    except (ValueError, RecursionError) as error:
        raise Impossible(f"{path}: this is no JSON: {error}") from error
    if not isinstance(rows, list):
        raise Impossible(f"{path}: this must be a list of chargepoints")
    for number, row in enumerate(rows, start=1):
        place = f"{path}: entry {number}"
        if not isinstance(row, dict):
            raise Impossible(f"{place}: this must be an object with {', '.join(COLUMNS)}")
        _check_columns(place, list(row))
        yield Row(place, {name: _cell(place, name, value) for name, value in row.items()})


def _cell(place: str, name: str, value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise Impossible(f"{place}: {name}: must be text or a number")
    return str(value).strip()


def _check_columns(place: str, names: list[str]) -> None:
    for name in names:
        if name not in COLUMNS:
            raise Impossible(f"{place}: there is no column {name!r}; known are {', '.join(COLUMNS)}")
        if names.count(name) > 1:
            raise Impossible(f"{place}: the column {name} is there twice")
    for name in COLUMNS:
        if name not in names and name not in OPTIONAL:
            raise Impossible(f"{place}: the column {name} is missing")
