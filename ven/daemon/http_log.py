"""What the HTTP library has to say, in our own log: only faults of ours. Bytes that are no HTTP are not worth a line,
for anybody could fill a disk with them, and the library would quote them with the code in them."""

import logging
from traceback import extract_tb

from aiohttp.http_exceptions import HttpProcessingError

from ven.daemon.log import Log


class HttpLog(logging.Handler):
    def __init__(self, log: Log) -> None:
        super().__init__(logging.WARNING)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        if error is None or isinstance(error, HttpProcessingError):
            return
        place = extract_tb(error.__traceback__)[-1]
        self._log.warning(
            "fault in the local API", why=f"{type(error).__name__} in {place.name}, line {place.lineno}"
        )


def logger(log: Log) -> logging.Logger:
    """A logger of this server alone, in no tree."""
    own = logging.Logger("local API")
    own.addHandler(HttpLog(log))
    return own
