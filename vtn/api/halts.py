"""The kill switch: it lets go, and keeps anything new from being ordered until an admin lifts it."""

from typing import Final

from oadr.charging.signals import Programme
from oadr.wire.ids import GroupId
from vtn.api.forms import Form, InTheNameOf, Moment, Name, Nothing, Number, Reason
from vtn.api.problems import Kind, unknown
from vtn.api.route import Answer, AnyRoute, Call, Reply, Route
from vtn.api.table import Rows
from vtn.delivery import halting
from vtn.model.errors import Impossible
from vtn.model.halt import Halt, Scope
from vtn.model.keys import KeyScope
from vtn.store import halts

TAG: Final = "Kill switch"


class Pulled(Form):
    halt: int
    feeder: str | None
    programme: Programme | None
    """Neither of the two: everything is halted."""
    since: Moment
    by: str
    reason: str


class AllPulled(Rows):
    items: tuple[Pulled, ...]


class Pulling(Form):
    """Of what: a feeder, a programme, or everything; exactly one of them."""

    feeder: Name | None = None
    programme: Programme | None = None
    everything: bool = False
    reason: Reason
    pulled_by: InTheNameOf = "operator"

    def scope(self) -> Scope:
        if (self.feeder is not None) + (self.programme is not None) + self.everything != 1:
            raise Impossible("say of what: one of feeder, programme and everything")
        feeder_id = None if self.feeder is None else GroupId(self.feeder)
        return Scope(feeder_id=feeder_id, programme=self.programme)


class LetGo(Form):
    halt: Pulled
    cancelled: tuple[str, ...]
    """Interventions that ended by it."""


class One(Form):
    halt: Number


class Lifting(Form):
    reason: Reason
    lifted_by: InTheNameOf = "admin"


async def listed(call: Call, _: Nothing, __: Nothing) -> Reply:
    async with call.store.reading() as tx:
        found = await halts.pulled(tx)
    return Reply(form=AllPulled(items=tuple(_pulled(one) for one in found)))


async def pull(call: Call, _: Nothing, body: Pulling) -> Reply:
    done = await halting.kill(
        call.store, call.caller.account, body.scope(), body.reason, body.pulled_by, call.now
    )
    form = LetGo(halt=_pulled(done.halt), cancelled=tuple(one.intervention_id for one in done.cancelled))
    return Reply(form=form, status=201)


async def lift(call: Call, asked: One, body: Lifting) -> Reply:
    async with call.store.reading() as tx:
        if all(one.number != asked.halt for one in await halts.pulled(tx)):
            raise unknown(f"halt {asked.halt} that is pulled")
    account, who = call.caller.account, body.lifted_by
    halt = await halting.lift(call.store, account, asked.halt, body.reason, who, call.now)
    return Reply(form=_pulled(halt))


def _pulled(one: Halt) -> Pulled:
    return Pulled(
        halt=one.number,
        feeder=one.scope.feeder_id,
        programme=one.scope.programme,
        since=one.since,
        by=one.by,
        reason=one.reason,
    )


ROUTES: Final[tuple[AnyRoute, ...]] = (
    Route(
        method="GET",
        path="/halts",
        name="listHalts",
        summary="The kill switches that are pulled",
        tag=TAG,
        scopes=(KeyScope.READ,),
        asked=Nothing,
        body=Nothing,
        handle=listed,
        answers=(Answer(status=200, says="All of them.", form=AllPulled),),
    ),
    Route(
        method="POST",
        path="/halts",
        name="pullHalt",
        summary="Cancel every intervention of a feeder, of a programme, or all of them, and allow no new one",
        tag=TAG,
        scopes=(KeyScope.HALT,),
        asked=Nothing,
        body=Pulling,
        handle=pull,
        answers=(Answer(status=201, says="It is pulled.", form=LetGo),),
        refusals=(Kind.NOT_NOW,),
    ),
    Route(
        method="POST",
        path="/halts/{halt}/lift",
        name="liftHalt",
        summary="Allow orders again; it brings nothing back",
        tag=TAG,
        scopes=(KeyScope.ADMIN,),
        asked=One,
        body=Lifting,
        handle=lift,
        answers=(Answer(status=200, says="It is lifted.", form=Pulled),),
        refusals=(Kind.NOT_NOW,),
    ),
)
