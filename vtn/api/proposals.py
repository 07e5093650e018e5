"""Orders and changes that are not released yet: drafts, and what waits for a second person."""

from typing import Annotated, Final

from pydantic import Field

from vtn.api import orders as forms
from vtn.api.forms import Form, Nothing, Number, Reason
from vtn.api.interventions import Verb, key_of
from vtn.api.orders import Order, Outcome, Proposed
from vtn.api.paging import Listed, Page, cut
from vtn.api.problems import Kind, unknown
from vtn.api.route import Answer, AnyRoute, Call, Reply, Route
from vtn.delivery import release
from vtn.model.errors import NotNow
from vtn.model.keys import KeyScope
from vtn.model.proposal import Proposal
from vtn.model.release import Stage
from vtn.store import proposals
from vtn.store.engine import Tx

TAG: Final = "Proposals"
OPEN: Final = (Stage.DRAFT, Stage.AWAITING)
_ORDERING: Final = (Kind.NOT_NOW,)


class Asked(Listed):
    stage: Stage | None = None
    every: bool = False
    """Those that are decided or expired, too."""


class One(Form):
    proposal: Number


class Agreement(Form):
    digest: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    """Of the proposal as you were shown it: nothing else is agreed to."""


class Why(Form):
    reason: Reason


async def listed(call: Call, asked: Asked, _: Nothing) -> Reply:
    async with call.store.reading() as tx:
        found = await proposals.load(tx)
    is_any = asked.every or asked.stage is not None
    wanted = (
        one
        for one in found
        if asked.stage in (None, one.stage(call.now)) and (is_any or one.stage(call.now) in OPEN)
    )
    page, after = cut(wanted, lambda one: (f"{one.number:010}",), asked, newest_first=True)
    return Reply(form=Page[Proposed](items=tuple(forms.proposed(one, call.now) for one in page), next=after))


async def one(call: Call, asked: One, _: Nothing) -> Reply:
    async with call.store.reading() as tx:
        found = await _find(tx, asked.proposal)
    return Reply(form=forms.proposed(found, call.now))


async def draft(call: Call, _: Nothing, body: Order) -> Reply:
    account, rules = call.caller.account, call.office.settings.rules
    key = key_of(call, Verb.DRAFT, "", body)
    kept = await release.draft(call.store, account, body.order(call.now), rules, call.now, key)
    where = {"Location": f"/api/v1/proposals/{kept.number}"}
    return Reply(form=forms.proposed(kept, call.now), status=201, headers=where)


async def revise(call: Call, asked: One, body: Order) -> Reply:
    number = await _known(call, asked)
    account, rules = call.caller.account, call.office.settings.rules
    after = await release.revise(call.store, account, number, body.order(call.now), rules, call.now)
    return Reply(form=forms.proposed(after, call.now))


async def submit(call: Call, asked: One, _: Nothing) -> Reply:
    call.trust_clock()
    number = await _known(call, asked)
    account, rules = call.caller.account, call.office.settings.rules
    return forms.came(await release.submit(call.store, account, number, rules, call.now), call.now)


async def approve(call: Call, asked: One, body: Agreement) -> Reply:
    call.trust_clock()
    number = await _known(call, asked)
    account, rules = call.caller.account, call.office.settings.rules
    came = await release.approve(call.store, account, number, body.digest, rules, call.now)
    return forms.came(came, call.now)


async def reject(call: Call, asked: One, body: Why) -> Reply:
    number = await _known(call, asked)
    after = await release.reject(call.store, call.caller.account, number, body.reason, call.now)
    return Reply(form=forms.proposed(after, call.now))


async def withdraw(call: Call, asked: One, _: Nothing) -> Reply:
    number = await _known(call, asked)
    after = await release.withdraw(call.store, call.caller.account, number, call.now)
    return Reply(form=forms.proposed(after, call.now))


async def break_glass(call: Call, asked: One, body: Why) -> Reply:
    call.trust_clock()
    number = await _known(call, asked)
    account, rules = call.caller.account, call.office.settings.rules
    came = await release.break_glass(call.store, account, number, body.reason, rules, call.now)
    return forms.came(came, call.now)


async def _known(call: Call, asked: One) -> int:
    """That there is one; none is ever deleted."""
    async with call.store.reading() as tx:
        return (await _find(tx, asked.proposal)).number


async def _find(tx: Tx, number: int) -> Proposal:
    try:
        return await proposals.find(tx, number)
    except NotNow as error:
        raise unknown(f"proposal {number}") from error


_WHERE: Final = ("Location", "ETag")
ROUTES: Final[tuple[AnyRoute, ...]] = (
    Route(
        method="GET",
        path="/proposals",
        name="listProposals",
        summary="What waits for a second person, and drafts; the newest first",
        tag=TAG,
        scopes=(KeyScope.READ,),
        asked=Asked,
        body=Nothing,
        handle=listed,
        answers=(Answer(status=200, says="A page of proposals.", form=Page[Proposed]),),
    ),
    Route(
        method="POST",
        path="/proposals",
        name="draftOrder",
        summary="Keep an order as a draft: everybody here sees it, and nothing is asked of anybody yet",
        tag=TAG,
        scopes=(KeyScope.ORDER,),
        asked=Nothing,
        body=Order,
        handle=draft,
        may_take_key=True,
        answers=(Answer(status=201, says="It is kept.", form=Proposed, headers=("Location",)),),
        refusals=_ORDERING,
    ),
    Route(
        method="GET",
        path="/proposals/{proposal}",
        name="getProposal",
        summary="One proposal, with the digest that an approver says again",
        tag=TAG,
        scopes=(KeyScope.READ,),
        asked=One,
        body=Nothing,
        handle=one,
        answers=(Answer(status=200, says="The proposal.", form=Proposed),),
    ),
    Route(
        method="PUT",
        path="/proposals/{proposal}",
        name="reviseProposal",
        summary="Another order in place of it: a draft again, and whatever was said of it is void",
        tag=TAG,
        scopes=(KeyScope.ORDER,),
        asked=One,
        body=Order,
        handle=revise,
        answers=(Answer(status=200, says="As it is now.", form=Proposed),),
        refusals=_ORDERING,
    ),
    Route(
        method="POST",
        path="/proposals/{proposal}/submit",
        name="submitProposal",
        summary="Release a draft where one person is enough, else propose it to a second one",
        tag=TAG,
        scopes=(KeyScope.ORDER,),
        asked=One,
        body=Nothing,
        handle=submit,
        answers=(
            Answer(status=200, says="It is released.", form=Outcome, headers=_WHERE),
            Answer(status=202, says="It waits for a second person.", form=Outcome, headers=("Location",)),
        ),
        refusals=(*_ORDERING, Kind.INVALID),
    ),
    Route(
        method="POST",
        path="/proposals/{proposal}/approve",
        name="approveProposal",
        summary="Give the second word on another person's proposal, which releases it",
        tag=TAG,
        scopes=(KeyScope.APPROVE,),
        asked=One,
        body=Agreement,
        handle=approve,
        answers=(Answer(status=200, says="It is released.", form=Outcome, headers=_WHERE),),
        refusals=_ORDERING,
    ),
    Route(
        method="POST",
        path="/proposals/{proposal}/reject",
        name="rejectProposal",
        summary="Say no to another person's proposal",
        tag=TAG,
        scopes=(KeyScope.APPROVE,),
        asked=One,
        body=Why,
        handle=reject,
        answers=(Answer(status=200, says="As it is now.", form=Proposed),),
        refusals=_ORDERING,
    ),
    Route(
        method="POST",
        path="/proposals/{proposal}/withdraw",
        name="withdrawProposal",
        summary="Take back a proposal of your own",
        tag=TAG,
        scopes=(KeyScope.ORDER,),
        asked=One,
        body=Nothing,
        handle=withdraw,
        answers=(Answer(status=200, says="As it is now.", form=Proposed),),
        refusals=_ORDERING,
    ),
    Route(
        method="POST",
        path="/proposals/{proposal}/break-glass",
        name="breakGlass",
        summary="Release it alone, in an emergency: it sounds an alarm and marks the intervention for good",
        tag=TAG,
        scopes=(KeyScope.ORDER,),
        asked=One,
        body=Why,
        handle=break_glass,
        answers=(Answer(status=200, says="It is released.", form=Outcome, headers=_WHERE),),
        refusals=_ORDERING,
    ),
)
