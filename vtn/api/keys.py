"""The keys of this API: whose there are, a new one, and an end to one."""

from typing import Annotated, Final

from pydantic import AfterValidator, Field

from vtn.api import keyring
from vtn.api.forms import At, Form, Moment, Name, Nothing
from vtn.api.keyring import Made
from vtn.api.paging import Listed, Page, cut
from vtn.api.people import SEEN_BY, TAG, find
from vtn.api.problems import Kind, unknown
from vtn.api.route import Answer, AnyRoute, Call, Reply, Route
from vtn.model.keys import LONGEST_LABEL, ApiKey, KeyScope
from vtn.store import keys


def _label(text: str) -> str:
    if text and not text.isprintable():
        raise ValueError("must be printable text")
    return text


Scopes = Annotated[tuple[KeyScope, ...], Field(max_length=len(KeyScope))]
Label = Annotated[str, Field(max_length=LONGEST_LABEL), AfterValidator(_label)]


class KeyShown(Form):
    key: str
    person: str
    scopes: tuple[KeyScope, ...]
    label: str
    made_at: Moment
    expires_at: Moment | None
    revoked_at: Moment | None
    holds: bool


class NewKey(KeyShown):
    token: str
    """The key itself. It is shown this once."""


class KeyWanted(Form):
    person: Name
    scopes: Scopes = ()
    """None: all that the person's roles allow."""
    label: Label = ""
    """What it is for."""
    expires_at: At | None = None


class KeysAsked(Listed):
    person: Name | None = None
    holds: bool | None = None


class OneKey(Form):
    key: Annotated[str, Field(pattern="^[0-9a-f]{12}$")]


async def listed(call: Call, asked: KeysAsked, _: Nothing) -> Reply:
    async with call.store.reading() as tx:
        found = await keys.load(tx)
    wanted = (
        one
        for one in found
        if asked.person in (None, one.person_id) and asked.holds in (None, one.holds(call.now))
    )
    page, after = cut(wanted, lambda one: (one.key_id,), asked)
    return Reply(form=Page[KeyShown](items=tuple(_key(one, call) for one in page), next=after))


async def issue(call: Call, _: Nothing, body: KeyWanted) -> Reply:
    async with call.store.writing() as tx:
        known = await find(tx, body.person)
        made = await keyring.issue(
            tx, await call.myself(tx), known.person, body.scopes, body.label, body.expires_at, call.now
        )
    return Reply(form=_new(made, call), status=201)


async def revoke(call: Call, asked: OneKey, _: Nothing) -> Reply:
    async with call.store.writing() as tx:
        if await keys.find(tx, asked.key) is None:
            raise unknown(f"key {asked.key}")
        revoked = await keyring.revoke(tx, await call.myself(tx), asked.key, call.now)
    return Reply(form=_key(revoked, call))


def _key(one: ApiKey, call: Call) -> KeyShown:
    return KeyShown(
        key=one.key_id,
        person=one.person_id,
        scopes=tuple(sorted(one.scopes)),
        label=one.label,
        made_at=one.made_at,
        expires_at=one.expires_at,
        revoked_at=one.revoked_at,
        holds=one.holds(call.now),
    )


def _new(made: Made, call: Call) -> NewKey:
    return NewKey(**dict(_key(made.key, call)), token=made.token)


ROUTES: Final[tuple[AnyRoute, ...]] = (
    Route(
        method="GET",
        path="/keys",
        name="listKeys",
        summary="Every key there ever was, without its secret",
        tag=TAG,
        scopes=SEEN_BY,
        asked=KeysAsked,
        body=Nothing,
        handle=listed,
        answers=(Answer(status=200, says="A page of keys.", form=Page[KeyShown]),),
    ),
    Route(
        method="POST",
        path="/keys",
        name="makeKey",
        summary="A key for somebody; its secret is shown this once",
        tag=TAG,
        scopes=(KeyScope.ADMIN,),
        asked=Nothing,
        body=KeyWanted,
        handle=issue,
        answers=(Answer(status=201, says="The key.", form=NewKey),),
        refusals=(Kind.NOT_NOW, Kind.UNKNOWN),
    ),
    Route(
        method="DELETE",
        path="/keys/{key}",
        name="revokeKey",
        summary="Revoke a key: at once, for good, one's own or as an admin anybody's",
        tag=TAG,
        scopes=tuple(KeyScope),
        asked=OneKey,
        body=Nothing,
        handle=revoke,
        answers=(Answer(status=200, says="The key as it is now.", form=KeyShown),),
    ),
)
