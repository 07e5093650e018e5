"""What one person may do alone, as it was last let hold."""

from sqlalchemy import delete, insert, select

from vtn.model.release import Rules
from vtn.store.engine import Tx
from vtn.store.tables import release_rules


async def noted(tx: Tx) -> Rules | None:
    """None: nothing was noted yet."""
    row = (await tx.execute(select(release_rules))).one_or_none()
    if row is None:
        return None
    return Rules(
        above_watts=row.above_watts, above_sites=row.above_sites, most_half_hours=row.most_half_hours
    )


async def note(tx: Tx, rules: Rules) -> None:
    await tx.execute(delete(release_rules))
    await tx.execute(
        insert(release_rules).values(
            only=1,
            above_watts=rules.above_watts,
            above_sites=rules.above_sites,
            most_half_hours=rules.most_half_hours,
        )
    )
