"""openleadr's VEN with our VTN."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from openleadr import OpenADRClient, enums

import certs
from certs.folder import Folder
from oadr.charging.signals import Programme
from oadr.wire.messages.common import OptType
from oadr.wire.signature import SignaturePolicy
from tests.interop.office import Office
from tests.interop.scenarios_their_ven.lists import answered, event_id, listed, names, opt
from tests.interop.site import BOTH_WAYS, EVSE, FEEDER, SITE, until
from tests.interop.their_ven import TheirVen
from tests.pki import VEN_ECC
from vtn.app import Server
from vtn.delivery import orders
from vtn.model.intervention import Order
from vtn.model.reading import Quantity
from vtn.store import interventions, registrations, reports
from vtn.store.engine import Store

LONG_NAME = "VTN-" + 1000 * "ü"
LONG_PROGRAMMES = f"https://dso.example/{'long/' * 400}programmes"


def their_ven(pki: Folder, server: Server, signatures: SignaturePolicy) -> Any:
    vtn = certs.describe(pki.public("vtn-ecc"), datetime.now(UTC))
    signs = signatures is not SignaturePolicy.OFF
    return OpenADRClient(
        ven_name="openleadr",
        vtn_url=f"https://localhost:{server.port}/OpenADR2/Simple/2.0b",
        cert=str(pki.public(VEN_ECC)),
        key=str(pki.secret(VEN_ECC)),
        ca_file=str(pki.public("root")),  # a stock client wants the chain to its end
        show_fingerprint=False,
        allow_jitter=False,
        disable_signature=not signs,
        vtn_fingerprint=vtn.fingerprint if signs else None,
    )


@pytest.mark.proves("r510", "r514")
@BOTH_WAYS
async def test_it_registers_reports_is_limited_and_opts_in(
    pki: Folder, vtn: Server, desk: Store, signatures: SignaturePolicy
) -> None:
    seen: list[dict[str, Any]] = []

    async def on_event(event: dict[str, Any]) -> str:
        seen.append(event)
        return "optIn"

    client = their_ven(pki, vtn, signatures)
    client.add_handler("on_event", on_event)
    client.add_report(
        callback=lambda: 7360,
        resource_id=EVSE,
        measurement=enums.MEASUREMENTS.POWER_REAL,
        sampling_rate=timedelta(seconds=1),
    )
    await client.run()
    try:
        assert client.ven_id == SITE
        async with desk.reading() as tx:
            registration = await registrations.of(tx, SITE)
        assert registration is not None
        assert registration.ven_name == "openleadr"

        now = datetime.now(UTC)
        order = Order(
            programme=Programme.SUPPLY_LIMIT,
            feeder_ids=(FEEDER,),
            percent=Decimal(40),
            start=now,
            duration=timedelta(minutes=30),
            reason="transformer at 112 %, <urgent> & real",
            ordered_by="operator",
        )
        intervention = await orders.give(desk, order, now)

        async def answered() -> bool:
            async with desk.reading() as tx:
                (delivery,) = await interventions.of_intervention(tx, intervention.intervention_id)
            return delivery.answer is not None and delivery.answer.opt is OptType.OPT_IN

        await until(answered)
        (event,) = seen
        assert event["event_descriptor"]["vtn_comment"] == order.reason
        signals = {signal["signal_name"]: signal for signal in event["event_signals"]}
        assert signals["LOAD_CONTROL"]["intervals"][0]["signal_payload"] == 0.4
        assert signals["SIMPLE"]["intervals"][0]["signal_payload"] == 2

        async def reported() -> bool:
            async with desk.reading() as tx:
                found = await reports.latest(tx, (EVSE,), Quantity.POWER)
            return EVSE in found and found[EVSE].value == 7360

        await until(reported)
    finally:
        await client.stop()


@BOTH_WAYS
@pytest.mark.parametrize("vtn_settings", [{"vtn_id": "lower_case", "poll_every": 3600}])
async def test_application_error(ven: TheirVen, office: Office) -> None:
    """It holds that the name of a VTN must have an upper-case letter, and says 452 of the whole list beside optIn.

    That is no answer to an event.
    """
    given = await office.limit()
    await ven.client.sync_events()
    (refused,) = ven.sent("oadrCreatedEvent")
    assert refused["response"]["response_code"] == 452
    (word,) = refused["event_responses"]
    assert (word["response_code"], word["opt_type"]) == (200, "optIn")
    assert ven.code == 200
    assert await office.answer(given) is None
    assert names(await listed(ven)) == [await event_id(office, given)], "it is offered again"


@BOTH_WAYS
@pytest.mark.parametrize(
    "vtn_settings",
    [{"vtn_id": LONG_NAME, "market_contexts": LONG_PROGRAMMES, "poll_every": 3600}],
    ids=["long"],
)
async def test_long_values(ven: TheirVen, office: Office) -> None:
    given = await office.limit()
    await answered(ven, office, given)
    assert await opt(office, given) is OptType.OPT_IN
    assert ven.events[0]["event_descriptor"]["market_context"] == f"{LONG_PROGRAMMES}/supply-limit"
    (*_, told) = ven.got("oadrDistributeEvent")
    assert told["vtn_id"] == LONG_NAME
