"""Frozen dataclass <-> XML element, from the class itself: one line a field, in schema order.

    @dataclass(frozen=True, slots=True, kw_only=True)
    class QueryRegistration(Message):
        TAG: ClassVar = "oadr:oadrQueryRegistration"
        request_id: Annotated[RequestId, "pyld:requestID"]

The annotation says where the value stands, its type how it is written and how often: `X` once, `X | None`
at most once, `tuple[X, ...]` any number of times, once at least where it has no default. A place may lead
through wrapping elements, `xcal:dtstart/xcal:date-time`; neighbours that share a wrapper share the element.
When not the last but an earlier element repeats it is marked, `power:endDeviceAsset[]/power:mrid`. Where the
schema lets several elements stand (a substitution group) the place is `*` and the classes bring their own
`TAG`. A class whose element's name is itself a value (itemBase) has a field in the place `TAG` that holds it;
`.:itemUnits` is then a child in that element's own namespace.
"""

from collections.abc import Callable, Hashable, Iterator
from dataclasses import MISSING
from dataclasses import fields as dataclass_fields
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from functools import cache
from operator import attrgetter
from types import NoneType, UnionType
from typing import (
    Annotated,
    Any,
    ClassVar,
    Final,
    NamedTuple,
    TypeVar,
    Union,
    cast,
    get_args,
    get_origin,
    get_type_hints,
)

from lxml import etree

from oadr.wire import scalars
from oadr.wire.errors import Invalid, Misuse
from oadr.wire.ids import Token
from oadr.wire.namespaces import NAMESPACES, local_name, qualified
from oadr.wire.scalars import Scalar

Element = etree._Element
Read = Callable[[Element], Any]
Write = Callable[[Any, Element], None]
T = TypeVar("T")

OWN_TAG: Final = "TAG"
ANY_OF: Final = "*"
SAME_NAMESPACE: Final = ".:"
SCHEMA_VERSION: Final = qualified("ei:schemaVersion")

SCALARS: Final[dict[Any, Scalar[Any]]] = {
    str: scalars.TEXT,
    Token: scalars.TOKEN,
    bool: scalars.BOOLEAN,
    int: scalars.UNSIGNED,
    Decimal: scalars.NUMBER,
    datetime: scalars.DATE_TIME,
    scalars.Duration: scalars.DURATION,
}


class Message:
    """A payload: what may stand in oadrSignedObject. Subclasses carry `TAG`, and schemaVersion on the wire (r509)."""

    __slots__ = ()
    TAG: ClassVar[str]


class _Field(NamedTuple):
    """One line of a class: where its value stands and how it is read and written there."""

    name: str
    wrappers: tuple[str, ...]
    tags: tuple[str, ...]
    read: Read
    write: Write
    many: bool
    optional: bool
    is_text: bool


class _Entry(NamedTuple):
    """What an element of one name means: a wrapper to look into, or the value of a field."""

    inside: "dict[str, _Entry] | None"
    field: _Field | None


class _Plan(NamedTuple):
    entries: dict[str, _Entry]
    write: Write
    many: tuple[str, ...]
    required: frozenset[str]
    own_tag: str | None


# --- reading -----------------------------------------------------------------------------------------------


def read(kind: type[T], element: Element) -> T:
    """The `kind` that `element` holds. Raises `Invalid`, naming the element at fault."""
    plan = _plan(kind)
    values: dict[str, Any] = {}
    if plan.own_tag:
        values[plan.own_tag] = _tag_values(cast(Hashable, kind))[_tag(element)]
    _collect(plan.entries, element, values)
    if not plan.required <= values.keys():
        missing = ", ".join(sorted(plan.required - values.keys()))
        raise Invalid(f"{_name(element)} lacks {missing}")
    for name in plan.many:
        values[name] = tuple(values.get(name, ()))
    return kind(**values)


def _collect(entries: dict[str, _Entry], element: Element, values: dict[str, Any]) -> None:
    for child in element:
        entry = entries.get(_tag(child))
        if entry is None:
            raise Invalid(f"{_name(child)} is not expected in {_name(element)}")
        if entry.field is None:
            _collect(entry.inside or {}, child, values)
        else:
            _take(entry.field, child, values)


def _take(field: _Field, child: Element, values: dict[str, Any]) -> None:
    if field.optional and field.is_text and not len(child) and not child.text:
        return  # an empty element is an omitted one (r46)
    value = field.read(child)
    if field.optional and field.is_text and value == "":
        return  # nor do blanks fill a token
    if field.many:
        values.setdefault(field.name, []).append(value)
    elif field.name in values:
        raise Invalid(f"{_name(child)} stands twice")
    else:
        values[field.name] = value


def _tag(element: Element) -> str:
    """An element's name; entity references and the like have none."""
    return element.tag if isinstance(element.tag, str) else ""


def _name(element: Element) -> str:
    """An element's name for a complaint."""
    return local_name(_tag(element)) or "markup"


# --- writing -----------------------------------------------------------------------------------------------


def build(message: Message) -> Element:
    """The payload element of `message`. Raises `Misuse` for what has no form on the wire."""
    root = etree.Element(qualified(message.TAG), {SCHEMA_VERSION: "2.0b"}, nsmap=NAMESPACES)
    fill(message, root)
    return root


def append(message: Message, parent: Element) -> Element:
    """As `build`, inside `parent`, whose prefixes it shares."""
    element = etree.SubElement(parent, qualified(message.TAG), {SCHEMA_VERSION: "2.0b"})
    fill(message, element)
    return element


def fill(value: Any, element: Element) -> None:
    """Write the fields of dataclass `value` into `element`."""
    try:
        _plan(type(value)).write(value, element)
    except ValueError as error:  # lxml refuses NUL and control characters in text
        raise Misuse(f"{type(value).__name__} holds text that XML cannot carry") from error


# --- compiling a class into a plan ---------------------------------------------------------------------------


def _plan(kind: type) -> _Plan:
    """The plan of a class, compiled when it is first met."""
    plan = _plans.get(kind)
    if plan is None:
        plan = _plans[kind] = _compiled(kind)
    return plan


_plans: Final[dict[type, _Plan]] = {}


def _compiled(kind: type) -> _Plan:
    table = tuple(_fields_of(kind))
    entries: dict[str, _Entry] = {}
    for field in table:
        _enter(entries, field, field.wrappers)
    return _Plan(
        entries,
        _sequence(table, 0),
        tuple(f.name for f in table if f.many),
        frozenset(f.name for f in table if not f.optional),
        _own_tag_field(kind),
    )


def _fields_of(kind: type) -> Iterator[_Field]:
    hints = get_type_hints(kind, include_extras=True)
    for field in dataclass_fields(kind):
        hint, place = get_args(hints[field.name])
        if place != OWN_TAG:
            entry = _field(kind, field.name, hint, place)
            yield entry._replace(optional=entry.optional and field.default is not MISSING)


def _own_tag_field(kind: type) -> str | None:
    hints = get_type_hints(kind, include_extras=True)
    own = (
        name
        for name, hint in hints.items()
        if get_origin(hint) is Annotated and hint.__metadata__ == (OWN_TAG,)
    )
    return next(own, None)


def _field(owner: type, name: str, hint: Any, place: str) -> _Field:
    many, optional, kinds = _multiplicity(hint)
    if place.startswith(SAME_NAMESPACE):
        local = place.removeprefix(SAME_NAMESPACE)
        tags = tuple({_sibling(tag, local): None for tag in _tag_values(owner)})
        read_one, write_one = _value_codec(kinds[0])
        return _Field(name, (), tags, read_one, _in_namespace(local, write_one), many, optional, True)
    if place == ANY_OF:
        by_tag = {qualified(tag): kind for kind in kinds for tag in _tags(kind)}
        return _Field(name, (), tuple(by_tag), _read_any(by_tag), _write_any, many, optional, False)
    outer, _, inner = place.rpartition("[]/")
    steps = tuple(map(qualified, (outer or place).split("/")))
    inside = tuple(map(qualified, inner.split("/"))) if outer else ()
    read_one, write_one = _value_codec(kinds[0])
    for tag in reversed(inside):
        read_one, write_one = _within(tag, read_one, write_one)
    is_text = not inside and _scalar(kinds[0]) is not None
    write = _element(steps[-1], write_one)
    return _Field(name, steps[:-1], steps[-1:], read_one, write, many, optional, is_text)


def _multiplicity(hint: Any) -> tuple[bool, bool, tuple[Any, ...]]:
    """(many, optional, the alternatives) of a field's type."""
    if get_origin(hint) is tuple:
        return True, True, _alternatives(get_args(hint)[0])
    kinds = _alternatives(hint)
    return False, NoneType in kinds, tuple(kind for kind in kinds if kind is not NoneType)


def _alternatives(hint: Any) -> tuple[Any, ...]:
    return get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)


def _tags(kind: Any) -> tuple[str, ...]:
    """The element names under which a class may stand."""
    return (kind.TAG,) if hasattr(kind, "TAG") else tuple(_tag_values(kind).values())


@cache
def _tag_values(kind: Any) -> dict[str, StrEnum]:
    words = get_type_hints(kind)[_own_tag_field(kind) or ""]
    return {qualified(word): word for word in words}


def _enter(entries: dict[str, _Entry], field: _Field, wrappers: tuple[str, ...]) -> None:
    if not wrappers:
        entries.update(dict.fromkeys(field.tags, _Entry(None, field)))
        return
    wrapper = entries.setdefault(wrappers[0], _Entry({}, None))
    assert wrapper.inside is not None
    _enter(wrapper.inside, field, wrappers[1:])


def _sequence(table: tuple[_Field, ...], depth: int) -> Write:
    """Writes the fields of one level in order; neighbours under one wrapper share its element."""
    steps: list[Write] = []
    rest = list(table)
    while rest:
        wrapper = rest[0].wrappers[depth : depth + 1]
        count = 1
        while wrapper and count < len(rest) and rest[count].wrappers[depth : depth + 1] == wrapper:
            count += 1
        group, rest = tuple(rest[:count]), rest[count:]
        steps.append(_wrapped(wrapper[0], _sequence(group, depth + 1)) if wrapper else _attribute(group[0]))
    return _in_turn(tuple(steps))


def _in_turn(steps: tuple[Write, ...]) -> Write:
    def write_all(owner: Any, parent: Element) -> None:
        for step in steps:
            step(owner, parent)

    return steps[0] if len(steps) == 1 else write_all


def _wrapped(tag: str, write_inside: Write) -> Write:
    def write_wrapper(owner: Any, parent: Element) -> None:
        element = etree.SubElement(parent, tag)
        write_inside(owner, element)
        if not len(element):
            parent.remove(element)

    return write_wrapper


def _attribute(field: _Field) -> Write:
    value_of, write = attrgetter(field.name), field.write

    def write_many(owner: Any, parent: Element) -> None:
        for value in value_of(owner):
            write(value, parent)

    def write_optional(owner: Any, parent: Element) -> None:
        if (value := value_of(owner)) is not None:
            write(value, parent)

    return write_many if field.many else write_optional


def _value_codec(kind: Any) -> tuple[Read, Write]:
    """Reader and writer of what stands between an element's tags."""
    if scalar := _scalar(kind):
        from_text, to_text = scalar.read, scalar.write

        def read_scalar(element: Element) -> Any:
            if len(element):
                raise Invalid(f"{_name(element)} holds markup")
            try:
                return from_text(element.text or "")
            except Invalid as error:
                raise Invalid(f"{_name(element)}: {error.why}", error.code) from error

        def write_scalar(value: Any, element: Element) -> None:
            element.text = to_text(value)

        return read_scalar, write_scalar
    return lambda element: read(kind, element), fill


def _scalar(kind: Any) -> Scalar[Any] | None:
    while kind not in SCALARS and hasattr(kind, "__supertype__"):
        kind = kind.__supertype__
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return scalars.one_of(kind)
    return SCALARS.get(kind)


def _element(tag: str, write_inside: Write) -> Write:
    def write_element(value: Any, parent: Element) -> None:
        write_inside(value, etree.SubElement(parent, tag))

    return write_element


def _in_namespace(local: str, write_inside: Write) -> Write:
    def write_sibling(value: Any, parent: Element) -> None:
        write_inside(value, etree.SubElement(parent, _sibling(_tag(parent), local)))

    return write_sibling


def _sibling(tag: str, local: str) -> str:
    """`local` in the namespace of `tag`."""
    return f"{tag.partition('}')[0]}}}{local}"


def _within(tag: str, read_inside: Read, write_inside: Write) -> tuple[Read, Write]:
    def read_only_child(element: Element) -> Any:
        if len(element) != 1 or element[0].tag != tag:
            raise Invalid(f"{_name(element)} wants one {local_name(tag)}")
        return read_inside(element[0])

    return read_only_child, _element(tag, write_inside)


def _read_any(by_tag: dict[str, type]) -> Read:
    return lambda element: read(by_tag[_tag(element)], element)


def _write_any(value: Any, parent: Element) -> None:
    own_tag = _plan(type(value)).own_tag
    tag = getattr(value, own_tag) if own_tag else value.TAG
    fill(value, etree.SubElement(parent, qualified(tag)))
