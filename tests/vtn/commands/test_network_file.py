"""Network files: what is good is read, and every cell that is not is named."""

import json
from decimal import Decimal
from pathlib import Path

import pytest

from certs import Sha256
from oadr.charging.electricity import Rating
from oadr.wire.ids import VenId
from oadr.wire.signature import SignaturePolicy
from vtn.commands import network_file
from vtn.model.errors import Impossible
from vtn.model.network import Chargepoint, Feeder, Network, Site

HEADER = "feeder,feeder_name,feeder_rating_kw,site,site_name,certificate,chargepoint,rated_amps,phases,step"
SHA256 = Sha256("ab" * 32)
WANTED = Network(
    (Feeder(feeder_id="F12", name="Mill Lane", rating_watts=250_500), Feeder(feeder_id="F13")),  # type: ignore[arg-type]
    (
        Site(ven_id=VenId("S1"), name="Nr. 3", certificate=SHA256),
        Site(ven_id=VenId("S2")),
    ),
    (
        Chargepoint(resource_id="e1", ven_id="S1", feeder_id="F12", rating=Rating(Decimal(32), 3, 5)),  # type: ignore[arg-type]
        Chargepoint(resource_id="e2", ven_id="S1", feeder_id="F12", rating=Rating(Decimal(16), 1)),  # type: ignore[arg-type]
        Chargepoint(resource_id="e3", ven_id="S2", feeder_id="F13", rating=Rating(Decimal("7.5"), 2)),  # type: ignore[arg-type]
    ),
)
ROWS = (
    f"F12,Mill Lane,250.5,S1,Nr. 3,{SHA256},e1,32,3,5",
    "F12,,,S1,,,e2,16,1,",
    "F13,,,S2,,,e3,7.5,2,10",
)


def read(folder: Path, text: str, name: str = "network.csv") -> Network:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return network_file.read(path)


def complaint(folder: Path, text: str, name: str = "network.csv") -> str:
    with pytest.raises(Impossible) as caught:
        read(folder, text, name)
    return caught.value.why.replace(f"{folder}/", "")


def test_a_csv_file_has_a_row_for_each_chargepoint(tmp_path: Path) -> None:
    assert read(tmp_path, "\n".join((HEADER, *ROWS))) == WANTED


def test_a_spreadsheets_mark_and_its_semicolons_and_empty_lines_do_no_harm(tmp_path: Path) -> None:
    text = "\n".join((HEADER, *ROWS, ";;;;;;;;;", "")).replace(",", ";")
    assert read(tmp_path, "\N{BYTE ORDER MARK}" + text.replace("\n", "\r\n")) == WANTED


@pytest.mark.proves("W26")
def test_a_feeder_may_hang_on_a_substation(tmp_path: Path) -> None:
    header, rest = "feeder,substation,site,chargepoint,rated_amps,phases", "S1,e1,32,3"
    found = read(tmp_path, f"{header}\nF12,Mill,{rest}\nF12,,S1,e2,16,1\nF13,,S2,e3,16,1\n")
    assert [one.substation for one in found.feeders] == ["Mill", ""]
    wrong = complaint(tmp_path, f"{header}\nF12,Mill,{rest}\nF12,Park,S1,e2,16,1\n")
    assert "substation: differs from an earlier row of F12" in wrong


def test_optional_columns_may_be_left_out_and_columns_stand_in_any_order(tmp_path: Path) -> None:
    found = read(tmp_path, "phases,rated_amps,chargepoint,site,feeder\n3,32,e1,S1,F12\n")
    assert found.chargepoints[0].rating == Rating(Decimal(32), 3, 10)
    assert found.feeders == (Feeder(feeder_id=WANTED.feeders[0].feeder_id),)


def test_a_site_may_have_a_policy_for_signatures(tmp_path: Path) -> None:
    header = "feeder,site,signatures,chargepoint,rated_amps,phases\n"
    found = read(tmp_path, f"{header}F12,S1,required,e1,32,3\nF12,S1,,e2,32,3\nF12,S2,,e3,32,3\n")
    assert [one.signatures for one in found.sites] == [SignaturePolicy.REQUIRED, None]
    assert complaint(tmp_path, f"{header}F12,S1,yes,e1,32,3\n").startswith(
        "network.csv:2: signatures: must be one of required, if-present, off, not 'yes'"
    )
    both = f"{header}F12,S1,required,e1,32,3\nF12,S1,off,e2,32,3\n"
    assert "signatures: differs from an earlier row of S1" in complaint(tmp_path, both)


def test_a_json_file_has_the_same_names(tmp_path: Path) -> None:
    rows = [
        {
            "feeder": "F12",
            "feeder_name": "Mill Lane",
            "feeder_rating_kw": 250.5,
            "site": "S1",
            "site_name": "Nr. 3",
            "certificate": ":".join(["AB"] * 32),
            "chargepoint": "e1",
            "rated_amps": 32,
            "phases": 3,
            "step": 5,
        },
        {"feeder": "F12", "site": "S1", "chargepoint": "e2", "rated_amps": "16", "phases": 1, "step": None},
        {"feeder": "F13", "site": "S2", "chargepoint": "e3", "rated_amps": 7.5, "phases": 2},
    ]
    assert read(tmp_path, json.dumps(rows), "network.JSON") == WANTED


@pytest.mark.parametrize(
    ("column", "cell", "why"),
    [
        ("feeder", "", "is missing"),
        ("feeder", "x" * 201, "must be up to 200 printable characters"),
        ("feeder_name", "\x1b[2J", "must be up to 200 printable characters"),
        ("feeder_rating_kw", "0", "must be a power in kW above zero, not '0'"),
        ("feeder_rating_kw", "-5", "must be a power in kW above zero, not '-5'"),
        ("feeder_rating_kw", "NaN", "must be a power in kW above zero, not 'NaN'"),
        ("site", "", "is missing"),
        ("certificate", "abc", "must be a SHA-256, 64 hex digits; see: certs fingerprint FILE"),
        ("chargepoint", "", "is missing"),
        ("rated_amps", "", "must be a current from 6 to 1000 A, not ''"),
        ("rated_amps", "5.9", "must be a current from 6 to 1000 A, not '5.9'"),
        ("rated_amps", "1e2", "must be a current from 6 to 1000 A, not '1e2'"),
        ("rated_amps", "1001", "must be a current from 6 to 1000 A, not '1001'"),
        ("phases", "4", "must be 1, 2 or 3, not '4'"),
        ("phases", "", "must be 1, 2 or 3, not ''"),
        ("step", "3", "must be 10, 5, 2 or 1 percent, not '3'"),
    ],
)
def test_each_bad_cell_is_named_with_its_line_and_column(
    tmp_path: Path, column: str, cell: str, why: str
) -> None:
    cells = dict(zip(HEADER.split(","), ROWS[0].split(","), strict=True)) | {
        column: cell,
        "chargepoint": "e9",
    }
    if column == "chargepoint":
        cells[column] = cell
    text = "\n".join((HEADER, ROWS[1], ",".join(cells.values())))
    assert complaint(tmp_path, text) == f"network.csv:3: {column}: {why}\nnothing was imported"
    entry = json.dumps([cells])
    assert complaint(tmp_path, entry, "n.json") == f"n.json: entry 1: {column}: {why}\nnothing was imported"


def test_all_bad_cells_are_named_at_once_up_to_a_screenful(tmp_path: Path) -> None:
    rows = "\n".join(f"F12,,,S1,,,e{number},1,9," for number in range(15))
    lines = complaint(tmp_path, f"{HEADER}\n{rows}").splitlines()
    assert len(lines) == 22
    assert lines[1] == "network.csv:2: phases: must be 1, 2 or 3, not '9'"
    assert lines[-2:] == ["and 10 more", "nothing was imported"]


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("F13,,,S2,,,e1,16,1,", "chargepoint: e1 is in an earlier row already"),
        ("F12,Mill Road,,S2,,,e4,16,1,", "feeder_name: differs from an earlier row of F12"),
        ("F12,,100,S2,,,e4,16,1,", "feeder_rating_kw: differs from an earlier row of F12"),
        ("F12,,,S1,Nr. 4,,e4,16,1,", "site_name: differs from an earlier row of S1"),
        (f"F12,,,S1,,{'cd' * 32},e4,16,1,", "certificate: differs from an earlier row of S1"),
        (f"F12,,,S2,,{SHA256},e4,16,1,", "certificate: is S1's already"),
    ],
)
def test_rows_that_contradict_each_other_are_named(tmp_path: Path, row: str, why: str) -> None:
    text = "\n".join((HEADER, ROWS[0], row))
    assert complaint(tmp_path, text) == f"network.csv:3: {why}\nnothing was imported"


@pytest.mark.parametrize(
    ("text", "name", "why"),
    [
        ("", "n.csv", "n.csv: the column feeder is missing"),
        (HEADER, "n.csv", "n.csv names no chargepoint"),
        (HEADER.replace("phases", "phase"), "n.csv", "n.csv: there is no column 'phase'; known are feeder"),
        (f"{HEADER},phases", "n.csv", "n.csv: the column phases is there twice"),
        (HEADER.replace(",phases", ""), "n.csv", "n.csv: the column phases is missing"),
        (f"{HEADER}\nF12,,,S1", "n.csv", "n.csv:2: there are 4 cells in place of 10"),
        (f'{HEADER}\n"F12,,,S1', "n.csv", "n.csv: this is no CSV"),
        ("{", "n.json", "n.json: this is no JSON"),
        ("{}", "n.json", "n.json: this must be a list of chargepoints"),
        ("[]", "n.json", "n.json names no chargepoint"),
        ("[5]", "n.json", "n.json: entry 1: this must be an object"),
        ('[{"feeder": "F12"}]', "n.json", "n.json: entry 1: the column site is missing"),
        ("[" * 100_000, "n.json", "n.json: this is no JSON"),
        (HEADER, "n.xlsx", "n.xlsx: the name must end in .csv or .json"),
    ],
)
def test_what_is_no_such_file_is_refused_in_one_sentence(
    tmp_path: Path, text: str, name: str, why: str
) -> None:
    assert complaint(tmp_path, text, name).startswith(why)


@pytest.mark.parametrize("value", [True, ["S1"], {"id": "S1"}])
def test_a_json_value_of_another_kind_is_no_cell(tmp_path: Path, value: object) -> None:
    row = {"feeder": "F12", "site": value, "chargepoint": "e1", "rated_amps": 32, "phases": 3}
    why = complaint(tmp_path, json.dumps([row]), "n.json")
    assert why == "n.json: entry 1: site: must be text or a number"


def test_a_file_that_is_not_there_or_no_text_is_named(tmp_path: Path) -> None:
    with pytest.raises(Impossible, match="No such file"):
        network_file.read(tmp_path / "absent.csv")
    (tmp_path / "latin.csv").write_bytes(b"\xff\xfe")
    with pytest.raises(Impossible, match="is not UTF-8"):
        network_file.read(tmp_path / "latin.csv")
