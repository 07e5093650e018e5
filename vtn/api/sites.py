"""Sites: who may call, who has registered, who has been silent; and what an admin decides of them."""

import secrets
from typing import Annotated, Final

from pydantic import Field

from certs import Sha256
from oadr.ledger.canonical import Value
from oadr.ledger.entry import EntryType
from oadr.wire.ids import RequestId
from oadr.wire.signature import SignaturePolicy
from vtn.api import known as knowing
from vtn.api.forms import Form, InTheNameOf, Moment, Name, Nothing
from vtn.api.known import Known
from vtn.api.paging import Listed, Page, cut
from vtn.api.problems import Kind, unknown
from vtn.api.route import Answer, AnyRoute, Call, Reply, Route
from vtn.model import network as model
from vtn.model.errors import NotNow
from vtn.model.keys import KeyScope
from vtn.model.people import Role
from vtn.model.wish import Wish, WishKind
from vtn.store import network, record, registrations, wishes
from vtn.store.engine import Tx

TAG: Final = "Network"


class Site(Form):
    """One VEN: a home, a car park."""

    site: str
    name: str
    approved: bool
    """Whether a certificate may act for it."""
    certificate: str | None
    """The SHA-256 of that."""
    signatures: SignaturePolicy
    registered: bool
    registered_at: Moment | None
    ven_name: str | None
    online: bool
    last_seen: Moment | None
    chargepoints: tuple[str, ...]


class SitesAsked(Listed):
    feeder: Name | None = None
    approved: bool | None = None
    registered: bool | None = None
    online: bool | None = None


class OneSite(Form):
    site: Name


class Approval(Form):
    """Which certificate may act for a site, and whether its messages must be signed."""

    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    """Of the certificate; see `certs fingerprint FILE`."""
    signatures: SignaturePolicy | None = None
    """Null: as it is."""
    changed_by: InTheNameOf = "admin"


class Parting(Form):
    """What is wanted of a site's registration. It learns of it at its next poll."""

    what: WishKind
    changed_by: InTheNameOf = "admin"


async def sites(call: Call, asked: SitesAsked, _: Nothing) -> Reply:
    async with call.store.reading() as tx:
        known = await knowing.look(tx, call.office, call.now)
    on_feeder = {one.ven_id for one in known.network.chargepoints if one.feeder_id == asked.feeder}
    wanted = (
        one
        for one in known.network.sites
        if (asked.feeder is None or one.ven_id in on_feeder)
        and asked.approved in (None, one.certificate is not None)
        and asked.registered in (None, one.ven_id in known.registered)
        and asked.online in (None, known.is_online(one.ven_id))
    )
    page, after = cut(wanted, lambda one: (one.ven_id,), asked)
    return Reply(form=Page[Site](items=tuple(_site(one, known) for one in page), next=after))


async def site(call: Call, asked: OneSite, _: Nothing) -> Reply:
    return Reply(form=await _found(call, asked.site))


async def approve(call: Call, asked: OneSite, body: Approval) -> Reply:
    async with call.store.writing() as tx:
        me = await call.myself(tx)
        me.must_be(Role.ADMIN)
        one = await _in(tx, asked.site)
        await network.approve(tx, one.ven_id, Sha256(body.sha256))
        said: dict[str, Value] = {"what": "approval", "changed_by": body.changed_by, "site": one.pseudonym}
        if body.signatures is not None:
            await network.demand(tx, one.ven_id, body.signatures)
            said["signatures"] = body.signatures.value
        said["by"] = me.person_id
        await record.append(tx, EntryType.CONFIG_CHANGE, said, call.now)
    return Reply(form=await _found(call, asked.site))


async def part(call: Call, asked: OneSite, body: Parting) -> Reply:
    async with call.store.writing() as tx:
        me = await call.myself(tx)
        me.must_be(Role.ADMIN)
        one = await _in(tx, asked.site)
        if await registrations.of(tx, one.ven_id) is None:
            raise NotNow(f"{one.ven_id} is not registered")
        request_id = RequestId(f"V{secrets.token_hex(12)}")
        await wishes.make(tx, Wish(ven_id=one.ven_id, kind=body.what, request_id=request_id, since=call.now))
        said: dict[str, Value] = {
            "what": f"to {body.what}",
            "site": one.pseudonym,
            "changed_by": body.changed_by,
            "by": me.person_id,
        }
        await record.append(tx, EntryType.CONFIG_CHANGE, said, call.now)
    return Reply(form=await _found(call, asked.site), status=202)


async def _in(tx: Tx, ven_id: str) -> model.Site:
    found = next((one for one in (await network.load(tx)).sites if one.ven_id == ven_id), None)
    if found is None:
        raise unknown(f"site {ven_id}")
    return found


async def _found(call: Call, ven_id: str) -> Site:
    async with call.store.reading() as tx:
        await _in(tx, ven_id)
        known = await knowing.look(tx, call.office, call.now)
    return next(_site(one, known) for one in known.network.sites if one.ven_id == ven_id)


def _site(one: model.Site, known: Known) -> Site:
    registered = known.registered.get(one.ven_id)
    return Site(
        site=one.ven_id,
        name=one.name,
        approved=one.certificate is not None,
        certificate=one.certificate,
        signatures=known.signatures if one.signatures is None else one.signatures,
        registered=registered is not None,
        registered_at=registered.registered_at if registered else None,
        ven_name=registered.ven_name if registered else None,
        online=known.is_online(one.ven_id),
        last_seen=known.last_seen.get(one.ven_id),
        chargepoints=tuple(
            each.resource_id for each in known.network.chargepoints if each.ven_id == one.ven_id
        ),
    )


ROUTES: Final[tuple[AnyRoute, ...]] = (
    Route(
        method="GET",
        path="/sites",
        name="listSites",
        summary="Every site: whether it is approved and registered, and when it called last",
        tag=TAG,
        scopes=(KeyScope.READ,),
        asked=SitesAsked,
        body=Nothing,
        handle=sites,
        answers=(Answer(status=200, says="A page of sites.", form=Page[Site]),),
    ),
    Route(
        method="GET",
        path="/sites/{site}",
        name="getSite",
        summary="One site",
        tag=TAG,
        scopes=(KeyScope.READ,),
        asked=OneSite,
        body=Nothing,
        handle=site,
        answers=(Answer(status=200, says="The site.", form=Site),),
    ),
    Route(
        method="PUT",
        path="/sites/{site}/approval",
        name="approveSite",
        summary="Let one certificate, and no other, act for a site from now on",
        tag=TAG,
        scopes=(KeyScope.ADMIN,),
        asked=OneSite,
        body=Approval,
        handle=approve,
        answers=(Answer(status=200, says="The site as it is now.", form=Site),),
        refusals=(Kind.NOT_NOW,),
    ),
    Route(
        method="POST",
        path="/sites/{site}/registration",
        name="partWithSite",
        summary="Have a site register again, or end its registration: no limit reaches it then",
        tag=TAG,
        scopes=(KeyScope.ADMIN,),
        asked=OneSite,
        body=Parting,
        handle=part,
        answers=(Answer(status=202, says="It learns of it at its next poll.", form=Site),),
        refusals=(Kind.NOT_NOW,),
    ),
)
