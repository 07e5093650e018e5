"""VTNs beside the grid operator's in the settings."""

from decimal import Decimal
from pathlib import Path

import pytest

from oadr.charging.meanings import PLAIN
from oadr.wire.ids import GroupId, VtnId
from oadr.wire.signature import SignaturePolicy
from ven import Programme
from ven.config import OtherVtn
from ven.daemon.config import load
from ven.daemon.table import BadSetting
from ven.party import PLANNED

ACME = """
[other.acme]
vtn_url = "https://vtn.acme.example"
certificate = "ven.pem"
trust = "ca.pem"
market_contexts = "http://acme.example/programmes"
"""


def loaded(path: Path, *texts: str) -> tuple[OtherVtn, ...]:
    path.write_text("".join((path.read_text(encoding="utf-8"), *texts)), encoding="utf-8")
    return load(path, {}, {}).ven.others


@pytest.mark.proves("VE16", "W39")
def test_a_table_for_each_becomes_a_vtn_that_may_order_what_people_may_decline(settings_file: Path) -> None:
    folder = settings_file.parent
    plain = OtherVtn(
        name="acme",
        vtn_url="https://vtn.acme.example",
        certificate=folder / "ven.pem",
        trust=folder / "ca.pem",
        market_contexts="http://acme.example/programmes",
    )
    assert plain.programmes == PLANNED
    more = ACME.replace("other.acme", "other.volt")
    found = loaded(settings_file, more, 'programmes = ["price"]\n', ACME)
    assert found[0] == plain
    assert (found[1].name, found[1].programmes) == ("volt", frozenset({Programme.PRICE}))


def test_it_has_its_own_identity_its_own_floor_and_its_own_reading_of_signals(settings_file: Path) -> None:
    (found,) = loaded(
        settings_file,
        ACME,
        'least_percent = 25\nvtn_id = "V"\ngroups = ["G"]\nsignatures = "required"\n',
        "[other.acme.agreed]\nsimple_levels = [100, 50, 25, 10]\n",
    )
    assert (found.least_percent, found.vtn_id, found.groups) == (
        Decimal(25),
        VtnId("V"),
        frozenset({GroupId("G")}),
    )
    assert found.signatures is SignaturePolicy.REQUIRED
    assert found.agreed != PLAIN
    config = load(settings_file, {}, {}).ven
    assert config.agreed == PLAIN
    towards = config.towards(found)
    assert (towards.vtn_url, towards.agreed, towards.others) == (found.vtn_url, found.agreed, ())
    assert (towards.state, towards.name) == (config.state, config.name)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (ACME.replace("https", "http"), "other.acme: vtn_url: must be an address"),
        (ACME.replace("ca.pem", "none.pem"), "other.acme: trust: there is no file"),
        (ACME + 'programmes = ["supply-limit"]\n', "emergencies are the grid operator's"),
        (ACME + "least_percent = 0\n", "least_percent: must be a number"),
        (ACME + "retry_cap = 3\n", "other.acme: retry_cap: no such setting"),
        (ACME + "agreed = 1\n", "other.acme.agreed is a table, \\[other.acme.agreed\\]"),
        (ACME.replace("acme", "dso", 1), "not 'dso'"),
        ("[other]\nacme = 1\n", "other is written as"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(settings_file: Path, text: str, complaint: str) -> None:
    with pytest.raises(BadSetting, match=complaint):
        loaded(settings_file, text)
