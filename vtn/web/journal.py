"""The server's log: one line for each refusal, and not more than so many a minute from one peer.

What is written is chosen field by field. Whole messages, names and keys are never among them; text that comes from
a peer is cut and escaped.
"""

import re
from collections import Counter
from typing import Final, Protocol

from vtn.web.request_ids import REQUEST

LONGEST: Final = 200
PER_MINUTE: Final = 60
_ELEMENT: Final = re.compile(r"'\{http://[\w./:-]+\}(\w+)'")
_QUOTED: Final = re.compile(r"'.*'", re.DOTALL)


class Log(Protocol):
    """What this needs of structlog, or of a test."""

    def info(self, event: str, **fields: object) -> object: ...

    def warning(self, event: str, **fields: object) -> object: ...

    def error(self, event: str, **fields: object) -> object: ...


class Journal:
    """Call `minute` once a minute: it says what was left out, and starts counting anew."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._count: Counter[str] = Counter()
        self._turned_away = 0

    def refusal(self, remote: str, peer: str, what: str, why: str) -> None:
        """`peer` is the OpenADR fingerprint of the certificate; by it a person finds the site."""
        self._count[peer] += 1
        if self._count[peer] <= PER_MINUTE:
            self._log.warning(
                "refused", remote=remote, peer=peer, what=what, why=_plain(_unquoted(why)), **_request()
            )

    def turned_away(self) -> None:
        """Somebody is to come later, as one of many."""
        self._turned_away += 1

    def happened(self, what: str, **fields: object) -> None:
        self._log.info(what, **fields, **_request())

    def trouble(self, what: str, why: str) -> None:
        self._log.error(what, why=_plain(why), **_request())

    def minute(self) -> None:
        if self._turned_away:
            self._log.warning("told to come later", count=self._turned_away)
            self._turned_away = 0
        for peer, count in self._count.items():
            if count > PER_MINUTE:
                self._log.warning("refusals left out", peer=peer, count=count - PER_MINUTE)
        self._count.clear()


def _unquoted(text: str) -> str:
    """Without a peer's own words, which may be about people: of what is quoted only names of elements stay."""
    return _QUOTED.sub("'..'", _ELEMENT.sub(r"\1", text))


def _request() -> dict[str, str]:
    """Of which request this is, if of any."""
    request = REQUEST.get()
    return {} if request is None else {"request": request}


def _plain(text: str) -> str:
    """A peer's words, without anything that could pass for a line of ours."""
    return text[:LONGEST].encode("unicode_escape").decode("ascii")
