"""Changes at random, to a tree and to bytes, for forgeries that nobody thought of."""

from copy import deepcopy
from random import Random
from typing import Final

from lxml import etree

from tests.oadr.wire.forgeries import IDS, TRANSFORMS
from tests.oadr.wire.sealing import C14N

VALUES: Final = ("", "#", "prop", "oadrSignedObject", "#prop", "#oadrSignedObject", "genuine", C14N, "0001")
NAMES: Final = (*IDS, "URI", "Algorithm", "Target", "PrefixList", "Type", "Encoding")


def rearrange(root: etree._Element, other: etree._Element, chance: Random) -> None:
    """Do one to three things to the elements of `root`, some of them taken from `other`."""
    for _ in range(chance.choice((1, 1, 2, 3))):
        elements = list(root.iter("*"))
        one, place = chance.choice(elements), chance.choice(elements)
        foreign = deepcopy(chance.choice(list(other.iter("*"))))
        parent = one.getparent()
        match chance.randrange(11):
            case 0 if parent is not None:
                parent.remove(one)
            case 1:
                place.insert(chance.randrange(len(place) + 1), deepcopy(one))
            case 2 if parent is not None and place not in one.iter():
                place.insert(chance.randrange(len(place) + 1), one)
            case 3:
                place.insert(chance.randrange(len(place) + 1), foreign)
            case 4 if parent is not None:
                parent.replace(one, foreign)
            case 5:
                one.tag = place.tag
            case 6:
                one.set(chance.choice(NAMES), chance.choice((*VALUES, *TRANSFORMS.values())))
            case 7:
                one.text = chance.choice((*VALUES, place.text))
            case 8:
                one.tail = chance.choice((" ", "x"))
            case 9 if parent is not None:  # a layer more
                layer = etree.Element(chance.choice(elements).tag)
                parent.replace(one, layer)
                layer.append(one)
            case _:
                one.attrib.clear()


def altered(raw: bytes, chance: Random) -> bytes:
    """`raw` with a few bytes cut out, doubled or changed."""
    here, there = sorted(chance.randrange(len(raw) + 1) for _ in range(2))
    there = min(there, here + chance.choice((1, 4, 400)))
    match chance.randrange(3):
        case 0:
            return raw[:here] + raw[there:]
        case 1:
            return raw[:there] + raw[here:]
        case _:
            return (
                raw[:here] + bytes(byte ^ 1 << chance.randrange(7) for byte in raw[here:there]) + raw[there:]
            )
