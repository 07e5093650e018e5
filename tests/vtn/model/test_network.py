from dataclasses import replace

import pytest

from oadr.charging.scale import export_of
from oadr.wire.ids import GroupId, ResourceId, VenId
from tests.vtn.world import NETWORK
from vtn.model.errors import Impossible
from vtn.model.network import Feeder, Site, check


def test_names_may_be_odd() -> None:
    odd = ("0001", "1.2.3", "true", "A & <B>", "Überlandwerk 7")
    check(replace(NETWORK, sites=tuple(Site(ven_id=VenId(name)) for name in odd)))


@pytest.mark.proves("O08", "VT12")
@pytest.mark.parametrize("name", ["", " ", "a\nb", "a\x00", "\ud800", "\ufffe", "x" * 201])
def test_a_name_that_cannot_be_sent_is_refused_before_it_breaks_a_message(name: str) -> None:
    (first, *_) = NETWORK.chargepoints
    for broken in (
        replace(NETWORK, feeders=(Feeder(feeder_id=GroupId(name)),)),
        replace(NETWORK, sites=(Site(ven_id=VenId(name)),)),
        replace(NETWORK, chargepoints=(replace(first, resource_id=ResourceId(name)),)),
        replace(NETWORK, chargepoints=(replace(first, feeder_id=GroupId(name)),)),
    ):
        with pytest.raises(Impossible):
            check(broken)


@pytest.mark.proves("W43")
def test_an_export_scale_is_not_imported_as_a_chargepoint_for_every_limit_on_its_feeder_would_block_it() -> (
    None
):
    (first, *_) = NETWORK.chargepoints
    back = replace(first, resource_id=export_of(first.resource_id))
    with pytest.raises(Impossible, match="names this resource"):
        check(replace(NETWORK, chargepoints=(*NETWORK.chargepoints, back)))
