"""What the HTTP library has to say, in our own log: bytes that are no HTTP are refusals, all else is our fault."""

import logging
from traceback import extract_tb

from aiohttp.http_exceptions import HttpProcessingError

from vtn.web.journal import Journal


class HttpLog(logging.Handler):
    def __init__(self, journal: Journal) -> None:
        super().__init__(logging.WARNING)
        self._journal = journal

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, HttpProcessingError):
            self._journal.refusal("-", "-", "HTTP 400", type(error).__name__)
        elif error is None:
            self._journal.trouble("http", record.getMessage())
        else:
            place = extract_tb(error.__traceback__)[-1]
            self._journal.trouble(
                "http", f"{type(error).__name__} in {place.name}, line {place.lineno}: {error}"
            )


def logger(journal: Journal) -> logging.Logger:
    """A logger of this server alone: it is in no tree, and no other server's lines reach it (P13)."""
    own = logging.Logger("http")
    own.addHandler(HttpLog(journal))
    return own
