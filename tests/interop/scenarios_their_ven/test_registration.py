"""How openleadr's VEN registers with our VTN and leaves it: each test bears the name of its scenario.

What it does otherwise than the profile wants is asserted as what it is.
"""

import pytest

from certs.authority import KeyType
from tests.interop.office import Office
from tests.interop.scenarios_their_ven.street import Street
from tests.interop.site import BOTH_WAYS, Home
from tests.interop.their_ven import TheirVen
from vtn.model.wish import WishKind

pytestmark = [BOTH_WAYS, pytest.mark.asyncio(loop_scope="module")]


async def test_query_before_registration(new_ven: TheirVen) -> None:
    kind, told = await new_ven.client.query_registration()
    assert kind == "oadrCreatedPartyRegistration"
    assert told["profiles"] == [{"profile_name": "2.0b", "transports": [{"transport_name": "simpleHttp"}]}]
    assert not {"registration_id", "ven_id"} & set(told)


async def test_query_while_registered(ven: TheirVen) -> None:
    _, told = await ven.client.query_registration()
    assert (told["registration_id"], told["ven_id"]) == (ven.client.registration_id, ven.home.ven_id)
    assert told["requested_oadr_poll_freq"] == ven.client.poll_frequency


async def test_register_then_metadata_both_ways(new_ven: TheirVen, office: Office) -> None:
    """It has nothing to report and cannot use what we have, and says both."""
    await new_ven.run()
    assert [name for name, _ in new_ven.said] == [
        "oadrQueryRegistration",
        "oadrCreatePartyRegistration",
        "oadrRegisterReport",
        "oadrRequestEvent",
        "oadrPoll",
        "oadrRegisteredReport",
        "oadrPoll",
    ]
    known = await office.registration()
    assert known is not None
    assert (known.registration_id, known.ven_id) == (new_ven.client.registration_id, new_ven.client.ven_id)
    assert (known.ven_id, known.ven_name) == (new_ven.home.ven_id, "openleadr")


async def test_preassigned_venid_is_kept(street: Street, home: Home) -> None:
    async with street.ven(home, home.ven_id) as ven:
        await ven.run()
        (request,) = ven.sent("oadrCreatePartyRegistration")
        assert request["ven_id"] == ven.client.ven_id == home.ven_id


async def test_ven_cancels_registration(ven: TheirVen, office: Office) -> None:
    await ven.client.cancel_party_registration()
    assert ven.client.registration_id is None
    assert await office.registration() is None
    await ven.client.poll()
    assert ven.code == 463


async def test_vtn_cancels_registration(ven: TheirVen, office: Office) -> None:
    """It confirms. It has lost its list of reports then, and can never register again."""
    await office.want(WishKind.DEREGISTER)

    async def gone() -> bool:
        return await office.registration() is None

    await ven.until(gone)
    (confirmed,) = ven.sent("oadrCanceledPartyRegistration")
    assert confirmed["response"]["response_code"] == 200
    with pytest.raises(TypeError, match="NoneType"):
        await ven.client.run()


async def test_vtn_asks_reregistration(ven: TheirVen, office: Office) -> None:
    before = ven.client.registration_id
    await office.want(WishKind.REREGISTER)

    async def done() -> bool:
        return not await office.wishes()

    await ven.until(done)
    assert ven.got("oadrRequestReregistration") == [{"ven_id": ven.home.ven_id}]
    (*_, request) = ven.sent("oadrCreatePartyRegistration")
    assert request["registration_id"] == before == ven.client.registration_id
    known = await office.registration()
    assert known is not None
    assert known.registration_id == before


async def test_register_anew_while_registered(ven: TheirVen, office: Office) -> None:
    """As it does at each of its starts."""
    before = ven.client.registration_id
    await ven.client.create_party_registration()
    assert ven.client.registration_id not in (None, before)
    assert ven.client.ven_id == ven.home.ven_id
    assert "oadrRegisterReport" in await ven.drain(), "everything is exchanged again"
    known = await office.registration()
    assert known is not None
    assert known.registration_id == ven.client.registration_id


async def test_reregister_with_same_ids(ven: TheirVen) -> None:
    before = ven.client.registration_id
    await ven.client.create_party_registration(registration_id=before)
    assert ven.client.registration_id == before
    assert await ven.drain() == ["oadrResponse"]


async def test_cancel_with_wrong_ids(ven: TheirVen, office: Office) -> None:
    client, own = ven.client, ven.client.registration_id
    client.registration_id = "another"
    await client.cancel_party_registration()
    assert ven.code == 452
    client.registration_id, client.ven_id = own, "another"
    await client.cancel_party_registration()
    assert ven.code == 452
    assert await office.registration() is not None
    client.ven_id = ven.home.ven_id
    await client.cancel_party_registration()
    assert ven.code == 200
    assert await office.registration() is None


async def test_payload_while_unregistered(new_ven: TheirVen) -> None:
    new_ven.client.ven_id = new_ven.home.ven_id
    for say in (new_ven.client.poll, new_ven.client.request_event):
        await say()
        assert new_ven.code == 463


async def test_ids_in_other_letter_case(ven: TheirVen) -> None:
    ven.client.ven_id = ven.home.ven_id.lower()
    await ven.client.poll()
    assert ven.code == 452


async def test_empty_poll(ven: TheirVen) -> None:
    kind, told = await ven.client.poll()
    assert (kind, told["response"]["response_code"]) == ("oadrResponse", 200)


async def test_poll_drains_in_order(new_ven: TheirVen, office: Office) -> None:
    """Its events, then our list of reports, then nothing. It does not ask again at once, as it might."""
    await new_ven.client.query_registration()
    await new_ven.client.create_party_registration()
    await new_ven.client.register_reports([])
    await office.limit()
    assert await new_ven.drain() == ["oadrDistributeEvent", "oadrRegisterReport", "oadrResponse"]


@pytest.mark.parametrize("key", [KeyType.RSA])
async def test_tls_suites_and_certificates(ven: TheirVen) -> None:
    """The other suite and the other kind of key; all other tests have ECDSA."""
    assert ven.client.ven_id == ven.home.ven_id
    assert await ven.poll() == "oadrResponse"
