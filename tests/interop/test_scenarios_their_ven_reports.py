"""What openleadr's VEN reports to our VTN: each test bears the name of its scenario, or tells the names.

Cannot be played, because:
  status_report_once, usage_report_once, short_report_period, status_report_late_on_change, history_usage_*,
  cancel_with_last_report, two_requests_in_one_payload, unknown_report_ids
      our VTN asks only for what it needs: every known reading at intervals, without an end
  piggyback_cancel
      our VTN ends a report by a message of its own; the VEN looks for the other way in the wrong half of an answer
  metadata_request_in_mid_stream
      the VEN says yes to a request for its list of reports, and does not send it
  ven_asks_metadata_*, several_metadata_requests, ven_cancels_vtn_report, ven_piggyback_cancels_vtn_report,
  vtn_republishes_metadata
      the VEN never asks a VTN for reports, and answers an offer of some by asking for none
"""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from openleadr import enums

from certs.folder import Folder
from oadr.wire.ids import ResourceId
from oadr.wire.signature import SignaturePolicy
from tests.interop.conftest import Lines
from tests.interop.office import Office
from tests.interop.site import BOTH_WAYS, EVSE, EVSE_2, Home
from tests.interop.their_ven import TheirVen
from vtn.app import Server
from vtn.config import Settings
from vtn.model.reading import Quantity
from vtn.store import reports
from vtn.store.engine import Store
from vtn.web.journal import Journal

pytestmark = BOTH_WAYS

SECOND = timedelta(seconds=1)
WATTS = 7360


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vtn.model.report_request.STATES_EVERY", SECOND)


@pytest.fixture
def vtn_settings() -> dict[str, Any]:
    return {"poll_every": 3600, "report_every": 1}


def offer_usage(ven: TheirVen) -> None:
    ven.client.add_report(
        callback=lambda: WATTS,
        resource_id=EVSE,
        measurement=enums.MEASUREMENTS.POWER_REAL,
        sampling_rate=SECOND,
        report_specifier_id="usage",
    )


def offer_status(ven: TheirVen) -> None:
    ven.client.add_report(
        callback=lambda: 1,
        resource_id=EVSE_2,
        report_name=enums.REPORT_NAME.TELEMETRY_STATUS,
        report_type=enums.REPORT_TYPE.X_RESOURCE_STATUS,
        sampling_rate=SECOND,
        report_specifier_id="status",
    )


def updates(ven: TheirVen, specifier: str) -> list[dict[str, Any]]:
    found = [report for update in ven.sent("oadrUpdateReport") for report in update["reports"]]
    return [report for report in found if report["report_specifier_id"] == specifier]


async def latest(desk: Store, resource_id: ResourceId) -> Decimal | None:
    """W"""
    async with desk.reading() as tx:
        found = await reports.latest(tx, (resource_id,), Quantity.POWER)
    return found[resource_id].value if found else None


async def test_two_report_requests_running(new_ven: TheirVen, desk: Store) -> None:
    """And piggyback_request, usage_report_periodic, status_report_periodic: all in one go.

    It is asked in the answer to its offer. It counts the points of both requests for each, so a report that is wanted
    every second comes every other second; and it sends a number for a status, which is taken
    and tells nothing.
    """
    offer_usage(new_ven)
    offer_status(new_ven)
    await new_ven.run()
    (asked,) = new_ven.got("oadrRegisteredReport")
    assert len(asked["report_requests"]) == 2

    async def served() -> bool:
        return bool(updates(new_ven, "usage") and updates(new_ven, "status"))

    await new_ven.until(served)

    async def kept() -> bool:
        return await latest(desk, EVSE) == WATTS

    await new_ven.until(kept)
    assert {one["response"]["response_code"] for one in new_ven.got("oadrUpdatedReport")} == {200}
    async with desk.reading() as tx:
        assert await reports.known_states(tx, (EVSE_2,)) == {}


async def test_cancel_periodic_report(
    pki: Folder, settings: Settings, office: Office, signatures: SignaturePolicy, home: Home
) -> None:
    """A server that wants another rhythm cancels what was asked before. It sends one more report, then confirms."""
    async with Server(settings, Journal(Lines())) as server:
        ven = TheirVen(pki, server, signatures, home)
        offer_usage(ven)
        await ven.run()
    (before,) = await office.report_orders()
    slower = settings.model_copy(update={"report_every": 5 * SECOND})
    async with ven, Server(slower, Journal(Lines())) as server:
        ven.client.vtn_url = TheirVen.url(server)

        async def asked_anew() -> bool:
            (order,) = await office.report_orders()
            return order.confirmed and order.report_back == 5 * SECOND

        await ven.until(asked_anew)
        assert [one["report_request_id"] for one in ven.got("oadrCancelReport")] == [before.report_request_id]
        kinds = [kind for kind, _ in ven.said if kind in ("oadrUpdateReport", "oadrCanceledReport")]
        assert kinds[-2:] == ["oadrUpdateReport", "oadrCanceledReport"]
        (new,) = ven.client.report_requests
        assert new["report_request_id"] != before.report_request_id
