"""The XML namespaces of OpenADR 2.0b and the prefixes that tables and messages use for them."""

from typing import Final

NAMESPACES: Final[dict[str, str]] = {
    "oadr": "http://openadr.org/oadr-2.0b/2012/07",
    "ei": "http://docs.oasis-open.org/ns/energyinterop/201110",
    "pyld": "http://docs.oasis-open.org/ns/energyinterop/201110/payloads",
    "emix": "http://docs.oasis-open.org/ns/emix/2011/06",
    "power": "http://docs.oasis-open.org/ns/emix/2011/06/power",
    "scale": "http://docs.oasis-open.org/ns/emix/2011/06/siscale",
    "xcal": "urn:ietf:params:xml:ns:icalendar-2.0",
    "strm": "urn:ietf:params:xml:ns:icalendar-2.0:stream",
    "gml": "http://www.opengis.net/gml/3.2",
    "ds": "http://www.w3.org/2000/09/xmldsig#",
}


def qualified(name: str) -> str:
    """`ei:venID` in lxml's form, `{http://...}venID`."""
    prefix, local = name.split(":", 1)
    return f"{{{NAMESPACES[prefix]}}}{local}"


def local_name(tag: str) -> str:
    """The part of lxml's tag that a person reads."""
    return tag.rpartition("}")[2]
