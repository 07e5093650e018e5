"""A message of the victim's, and the tools to change it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from lxml import etree

from oadr.wire import envelope
from oadr.wire.ids import VenId
from oadr.wire.messages import Message, Poll
from oadr.wire.namespaces import qualified
from oadr.wire.signature import BODY_ID
from oadr.wire.signing import Signer
from tests.oadr.wire.sealing import NOW, Element, one, seal, signer


@dataclass(frozen=True, slots=True)
class Scene:
    """The victim's message, and what else a forger may have at hand."""

    kind: str
    message: Message

    @property
    def victim(self) -> Signer:
        return signer(self.kind)

    @property
    def forger(self) -> Signer:
        return signer(self.kind, "forger")

    def raw(self) -> bytes:
        return _signed(self, "genuine")

    def tree(self) -> Element:
        return envelope.parse(self.raw(), envelope.REPORT_LIMIT)

    def another(self) -> Element:
        """A second genuine message of the victim."""
        raw = _signed(Scene(self.kind, Poll(ven_id=VenId("another"))), "another")
        return envelope.parse(raw, envelope.REQUEST_LIMIT)

    def evil(self, id_: str | None = None) -> Element:
        """The body that the forger would like to be read."""
        body = envelope.build(Poll(ven_id=VenId("evil")))[0]
        if id_ is not None:
            body.set(BODY_ID, id_)
        return body


@cache
def _signed(scene: Scene, nonce: str) -> bytes:
    return scene.victim.sign(scene.message, NOW, nonce)


Forgery = Callable[[Scene], bytes]
Change = Callable[..., object]
"""What it does to the tree: it gets the root, the scene and its own arguments."""


def changed(change: Change, *arguments: object, **named: object) -> Forgery:
    """The victim's message, changed."""

    def forge(scene: Scene) -> bytes:
        root = scene.tree()
        change(root, scene, *arguments, **named)
        return etree.tostring(root)

    return forge


def sealed(change: Change, *arguments: object, **named: object) -> Forgery:
    """The victim's message, changed, then signed by the victim all the same."""

    def forge(scene: Scene) -> bytes:
        root = scene.tree()
        change(root, scene, *arguments, **named)
        return seal(root, scene.victim.key)

    return forge


def parts(root: Element) -> tuple[Element, Element]:
    """The signature and the body, wherever they are."""
    return one(root, "ds:Signature"), one(root, "oadr:oadrSignedObject")


def references(root: Element) -> list[Element]:
    return list(one(root, "ds:SignedInfo").iter(qualified("ds:Reference")))


def add(parent: Element, name: str, text: str | None = None, **attributes: str) -> Element:
    child = etree.SubElement(parent, qualified(name), attributes)
    child.text = text
    return child


def remove(element: Element) -> None:
    parent = element.getparent()
    assert parent is not None
    parent.remove(element)
