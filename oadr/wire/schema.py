"""The official XSDs, read from where the Alliance's files are installed; we ship none.

The `openleadr` distribution carries them in its folder `schema`. The folder is found without importing
the package, which would change logger levels. Another folder with the same files serves as well.
"""

from importlib.util import find_spec
from os import PathLike
from pathlib import Path
from typing import Final

from lxml import etree

from oadr.wire.errors import Malformed, Misuse

ROOT_FILE: Final = "oadr_20b.xsd"


class Schema:
    """The compiled schema. Not to be shared between threads."""

    def __init__(self, folder: str | PathLike[str]) -> None:
        """Compile `folder`/oadr_20b.xsd (about 5 ms). Raises `Misuse` when that cannot be done."""
        try:
            self._schema = etree.XMLSchema(etree.parse(str(Path(folder) / ROOT_FILE)))
        except (OSError, etree.LxmlError) as error:
            raise Misuse(f"no usable OpenADR schema in {folder}") from error

    def check(self, element: etree._Element) -> None:
        """Raise `Malformed` unless `element` is valid. A step of its own after parsing, never the parser's."""
        try:
            valid = self._schema.validate(element)
        except etree.LxmlError as error:
            raise Malformed("cannot be validated") from error
        if not valid:
            fault = self._schema.error_log.last_error
            raise Malformed(f"breaks the schema: {fault.message if fault else 'somewhere'}")


def installed_folder() -> Path | None:
    """The folder of the installed XSDs, or None where nothing brought them."""
    spec = find_spec("openleadr")
    places = spec.submodule_search_locations if spec else None
    folder = Path(places[0]) / "schema" if places else None
    return folder if folder and (folder / ROOT_FILE).is_file() else None
