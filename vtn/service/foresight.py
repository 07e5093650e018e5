"""All that is known of an order before it is given: who is charging, what it would bring, and whose word it needs."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from vtn.assess import gathering
from vtn.assess import preview as assess
from vtn.assess.preview import Freshness, Preview
from vtn.delivery import release
from vtn.delivery.weighing import Weighed
from vtn.model import rarity
from vtn.model.intervention import InterventionId, Order
from vtn.model.release import Rules
from vtn.service.desk import Terms
from vtn.store import interventions
from vtn.store.engine import Tx

ONLY_A_TEST: Final = "This is a test: it goes the whole road, and no load will move."


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreseen:
    preview: Preview | None
    """None: a written event, of which nobody here knows what it means."""
    steps: tuple[Preview, ...]
    """Of other percents; empty: not asked for."""
    warnings: tuple[str, ...]
    weighed: Weighed


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """For whom it is foreseen, and by which terms."""

    account: str
    terms: Terms
    rules: Rules
    now: datetime


async def foresee(
    tx: Tx,
    asker: Asker,
    order: Order,
    *,
    need: Decimal | None = None,
    with_steps: bool = False,
    before: InterventionId | None = None,
) -> Foreseen:
    """`need` is in W, `before` what the order would take the place of. Raises `NotNow` for an unknown feeder."""
    past = tuple(one for one in await interventions.load(tx) if one.intervention_id != before)
    is_test = (ONLY_A_TEST,) if order.is_test else ()
    previews = await _previews(tx, asker, order, need, with_steps=with_steps)
    return Foreseen(
        preview=previews[0] if previews else None,
        steps=previews[1:],
        warnings=(*is_test, *rarity.warnings(past, order, asker.now)),
        weighed=await release.look(tx, asker.account, order, asker.rules, before),
    )


async def _previews(
    tx: Tx, asker: Asker, order: Order, need: Decimal | None, *, with_steps: bool
) -> tuple[Preview, ...]:
    """Of the order first, and then of other percents if these are wanted."""
    if order.percent is None:
        return ()
    assert order.programme is not None, "what is ordered in percent is of a programme of ours"
    freshness = Freshness.of(asker.terms.poll_every, asker.terms.report_every)
    scene = await gathering.scene(tx, order.feeder_ids, asker.now, order)
    found = assess.preview(scene, order.percent, order.programme, freshness, need=need)
    return (found, *(assess.curve(scene, order.programme, freshness) if with_steps else ()))
