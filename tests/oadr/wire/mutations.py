"""What may befall a message on its way: damage to its bytes, and to the order of its elements."""

from copy import deepcopy
from random import Random
from typing import Final

from lxml import etree

from oadr.wire import codec

SPLICES: Final = (
    *(
        b"<",
        b">",
        b"/",
        b"&",
        b"'",
        b'"',
        b"]]>",
        b"<![CDATA[",
        b"<!--",
        b"-->",
        b"<?",
        b"<!DOCTYPE x>",
        b"&e;",
    ),
    *(b"\x00", b"\xff", b"\xef\xbb\xbf", b"\xc0\x80", b"\xed\xa0\x80", b"&#0;", b"&#xD800;", b"&#1114112;"),
    *(b"NaN", b"INF", b"-1", b"1e400", b"99999999999", b"P", b"PT", b"T24:00:00Z", b"9999-12-31T23:59:60Z"),
    *(b" xmlns=''", b" xmlns:ei='x'", b" xsi:nil='true'", b" Id='a' Id='a'", b" " * 300, b"<a>" * 300),
    *("\u0661".encode(), "\U0010ffff".encode(), b"\xe2\x80\x8f"),
)


def mutated(raw: bytes, chance: Random) -> bytes:
    """`raw` with one to four things done to it."""
    for _ in range(chance.randint(1, 4)):
        here, there = sorted(chance.randrange(len(raw) + 1) for _ in range(2))
        tags = raw.split(b"<")
        match chance.randrange(8):
            case 0:  # flip a bit
                flipped = bytearray(raw or b"a")
                flipped[min(here, len(flipped) - 1)] ^= 1 << chance.randrange(8)
                raw = bytes(flipped)
            case 1:  # cut
                raw = raw[:here] + raw[there:]
            case 2:  # double
                raw = raw[:there] + raw[here:]
            case 3:  # splice
                raw = raw[:here] + chance.choice(SPLICES) + raw[here:]
            case 4:  # swap tags
                one, other = chance.randrange(len(tags)), chance.randrange(len(tags))
                tags[one], tags[other] = tags[other], tags[one]
                raw = b"<".join(tags)
            case 5:  # drop a tag
                del tags[chance.randrange(len(tags))]
                raw = b"<".join(tags)
            case 6:  # double a tag
                tags.insert(chance.randrange(len(tags)), chance.choice(tags))
                raw = b"<".join(tags)
            case _:  # other text in an element
                start = raw.find(b">", here) + 1
                end = raw.find(b"<", start)
                raw = raw[:start] + chance.choice(SPLICES) + raw[end:] if end > 0 else raw
    return raw


TEXTS: Final = (
    *("", " ", "0", "-0", "-1", "1e400", "1e-400", "NaN", "INF", "4294967295", "4294967296", "\u0661"),
    "9" * 500,
    *("P", "PT", "P1M", "-P1Y", "P1W", "PT1.5S", "P9999Y", "2026-02-30T00:00:00Z", "2026-01-01T24:00:00Z"),
    *("0000-01-01T00:00:00Z", "true", "1", "x-", "x-a", "level", "none", "2.0b", "999", "A & <B>"),
)


def rearranged(raw: bytes, chance: Random) -> bytes:
    """`raw` with one to three things done to its elements; still well-formed, so it gets further in."""
    root = etree.fromstring(raw)
    for _ in range(chance.randint(1, 3)):
        elements = list(root.iter())
        one, other = chance.choice(elements), chance.choice(elements)
        parent = one.getparent()
        match chance.randrange(8):
            case 0 if parent is not None:
                parent.remove(one)
            case 1 if parent is not None:
                parent.append(deepcopy(one))
            case 2 if parent is not None:
                parent.insert(0, one)
            case 3:
                other.append(deepcopy(one))
            case 4:
                one.tag = other.tag
            case 5:
                one.set(chance.choice(("Id", "id", codec.SCHEMA_VERSION)), chance.choice(TEXTS))
            case _:
                one.text = chance.choice(TEXTS)
    return etree.tostring(root)
