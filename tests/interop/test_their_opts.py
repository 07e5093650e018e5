"""Our VEN declines at openleadr's VTN, which knows no EiOpt."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from certs.folder import Folder
from tests.interop.site import PROGRAMMES, until
from tests.interop.their_vtn import Charger, TheirVtn
from tests.pki import VEN_ECC
from ven import Period, Ven, VenConfig
from ven.opts import Stage

pytestmark = pytest.mark.filterwarnings(
    "ignore::aiohttp.web_exceptions.NotAppKeyWarning"  # its server predates them
)


@pytest.mark.proves("W22")
async def test_a_load_shift_of_theirs_is_declined_though_they_answer_an_opt_by_404(
    tmp_path: Path, pki: Folder, their_vtn: TheirVtn
) -> None:
    """They count the first answer to an event alone, so it has to be the right one."""
    config = VenConfig(
        vtn_url=their_vtn.url,
        certificate=pki.secret(VEN_ECC),
        trust=pki.public("vtn-ca"),
        state=tmp_path / "state",
        market_contexts=PROGRAMMES,
        name="ours",
        randomise_default=timedelta(),
        retry_cap=timedelta(seconds=0.2),
    )
    charger, now = Charger(), datetime.now(UTC)
    async with Ven(config, [charger]) as ven:

        async def registered() -> bool:
            return ven.memory.registration is not None and bool(ven.memory.orders)

        await until(registered)
        await ven.opt_schedule((Period(now, now + timedelta(hours=1)),))
        event_id: str = their_vtn.server.add_event(
            ven_id="Ven_1",
            event_id="Their_Shift",
            signal_name="LOAD_CONTROL",
            signal_type="x-loadControlCapacity",
            intervals=[{"dtstart": now, "duration": timedelta(minutes=30), "signal_payload": 0.4}],
            market_context=f"{PROGRAMMES}/load-shift",
            callback=their_vtn.answered,
        )

        async def refused() -> bool:
            return [one.stage for one in ven.opts] == [Stage.REFUSED] * 2

        await until(refused)
        assert their_vtn.answers == [(event_id, "optOut")]
        assert charger.limit is None
