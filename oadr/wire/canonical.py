"""Canonical XML of one element: the bytes that are hashed, and the tree that is made anew from them.

libxml2 writes it. An element that is canonicalised alone takes the namespaces around it along (inclusive form) or
those that it uses (exclusive form), but no xml:lang or the like of its ancestors; signxml and openleadr do the same.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from lxml import etree

from oadr.wire.errors import Forged
from oadr.wire.parser import parser

INCLUSIVE: Final = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
WITH_COMMENTS: Final = f"{INCLUSIVE}#WithComments"
EXCLUSIVE: Final = "http://www.w3.org/2001/10/xml-exc-c14n#"
"""Not the profile's, but what other libraries take unless told otherwise."""

_TAKEN: Final = frozenset((INCLUSIVE, WITH_COMMENTS, EXCLUSIVE))
_PREFIXES: Final = re.compile(
    r"(?:#default|[A-Za-z_][\w.-]*)(?: (?:#default|[A-Za-z_][\w.-]*)){0,31}", re.ASCII
)
"""Not more of them than there may be namespaces: each is looked for at each element."""


@dataclass(frozen=True, slots=True)
class Method:
    """How an element becomes bytes. `prefixes` are those that the exclusive form treats as the inclusive one does."""

    algorithm: str = INCLUSIVE
    prefixes: tuple[str, ...] = ()

    def forms(self, element: etree._Element) -> Iterator[bytes]:
        """The bytes of `element` where it stands; then, if these are not the right ones, made with more effort.

        Lent to a document of its own, an element has copies of its namespaces, and libxml2 tells them from those of
        its descendants by where they are kept: it writes some anew where a default namespace is in scope or a
        declaration is repeated. Written out and parsed it has none but its own. Whoever has the right digest may
        take either, since only those bytes are read.
        """
        yield self._written(element)
        yield self._written(remade(etree.tostring(element, with_tail=False)))

    def _written(self, element: etree._Element) -> bytes:
        return etree.tostring(
            element,
            method="c14n",
            exclusive=self.algorithm == EXCLUSIVE,
            with_comments=self.algorithm == WITH_COMMENTS,
            inclusive_ns_prefixes=self.prefixes or None,
        )


_PLAIN: Final = {algorithm: Method(algorithm) for algorithm in _TAKEN}


def method(algorithm: str | None, prefixes: str | None = None) -> Method:
    """The method of this name. Raises `Forged` for any other, and for a list of prefixes where none belongs."""
    plain = _PLAIN.get(algorithm or "")
    if plain is None:
        raise Forged("a transform or canonicalisation that is not taken here")
    if prefixes is None:
        return plain
    if algorithm != EXCLUSIVE or not _PREFIXES.fullmatch(prefixes):
        raise Forged("a list of prefixes that is not taken here")
    return Method(EXCLUSIVE, tuple(prefixes.split(" ")))


_PARSER: Final = parser()
"""It may be kept, since it only sees what libxml2 has written."""


def remade(data: bytes) -> etree._Element:
    """The tree that these bytes are, with nothing left of the one that they were written from."""
    return etree.fromstring(data, _PARSER)
