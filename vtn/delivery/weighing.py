"""What an order would meet if it were released now: whom it binds, what hangs on it, and what stands in its way."""

from collections.abc import Iterable
from dataclasses import dataclass

from oadr.wire.ids import GroupId
from vtn.model import facts as reckoning
from vtn.model import intervention as model
from vtn.model import rarity
from vtn.model.errors import NotNow
from vtn.model.halt import Halt, refuse_halted
from vtn.model.intervention import Intervention, InterventionId, Order
from vtn.model.network import Chargepoint
from vtn.model.people import PersonId
from vtn.model.rarity import Counter
from vtn.model.release import Facts, Rules, reasons
from vtn.store import halts, interventions, network
from vtn.store.engine import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    chargepoints: tuple[Chargepoint, ...]
    facts: Facts
    reasons: tuple[str, ...]
    """Why it takes two people, a sentence each; empty: one is enough."""
    conflicts: tuple[Intervention, ...]
    """What binds the same feeders in the same programme at the same time, so that it would be refused."""
    counters: tuple[Counter, ...]
    halts: tuple[Halt, ...]

    def refuse(self, order: Order, *, gives_back: bool = False) -> None:
        """Raises `NotNow` for what cannot be released, by however many people."""
        if not self.chargepoints:
            raise NotNow(f"there are no chargepoints on {', '.join(order.feeder_ids)}")
        for other in self.conflicts:
            raise NotNow(
                f"{other.intervention_id} limits {', '.join(other.order.feeder_ids)} in the same programme until "
                f"{other.latest_end:%Y-%m-%d %H:%M} UTC; cancel it first"
            )
        if not gives_back:
            refuse_halted(order, self.halts)


async def weigh(
    tx: Tx, order: Order, rules: Rules, who: PersonId | None, but: InterventionId | None = None
) -> Weighed:
    """`who` would release it alone; None: nobody knows. `but` is what it would take the place of.

    Raises `NotNow` for a feeder that does not exist.
    """
    chargepoints = await network.on_feeders(tx, order.feeder_ids)
    given = tuple(one for one in await interventions.load(tx) if one.intervention_id != but)
    together = reckoning.beside(order, given, who)
    concerned = (*chargepoints, *await network.on_feeders(tx, _more(order, together)))
    found = reckoning.facts(order, together, concerned, await network.feeders_known(tx), given, rules)
    return Weighed(
        chargepoints=chargepoints,
        facts=found,
        reasons=reasons(found, rules),
        conflicts=tuple(one for one in given if model.overlap(one, order)),
        counters=rarity.counters(given, order, rules.most_half_hours),
        halts=tuple(halt for halt in await halts.pulled(tx) if halt.scope.binds(order)),
    )


def _more(order: Order, together: Iterable[Order]) -> frozenset[GroupId]:
    return frozenset(feeder_id for one in together for feeder_id in one.feeder_ids) - set(order.feeder_ids)
