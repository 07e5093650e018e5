"""A file with an event in the operator's own words."""

from pathlib import Path
from typing import Annotated, Final

import typer

from oadr.wire import codec, envelope
from oadr.wire.errors import PeerError
from oadr.wire.messages import DistributeEvent
from oadr.wire.messages.event import Event
from oadr.wire.namespaces import qualified
from oadr.wire.schema import Schema, installed_folder
from vtn.model.errors import Impossible, NotNow

AsIs = Annotated[
    bool,
    typer.Option(
        "--as-is", help="Send it although it breaks numbered rules, to see how the other end takes it."
    ),
]

_ALONE: Final = qualified("oadr:oadrEvent")


def read(path: Path) -> Event:
    """The one event of an oadrDistributeEvent, in its envelope or bare, or an oadrEvent. Raises `Impossible`."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise Impossible(f"{path}: {error.strerror or error}") from error
    try:
        root = envelope.parse(raw, envelope.REQUEST_LIMIT)
        if root.tag == _ALONE:
            return codec.read(Event, root)
        message = envelope.read(raw, None)
    except PeerError as error:
        raise Impossible(f"{path}: {error}") from error
    if not isinstance(message, DistributeEvent) or len(message.events) != 1:
        raise Impossible(f"{path}: wants an oadrDistributeEvent with one event, or an oadrEvent")
    return message.events[0]


def schema() -> Schema:
    """Raises `NotNow` where it is not installed: nothing is sent that was not held against it."""
    folder = installed_folder()
    if folder is None:
        raise NotNow("the OpenADR schemas are not installed; they come with: pip install 'feederguard[vtn]'")
    return Schema(folder)
