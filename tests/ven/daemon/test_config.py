import tomllib
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from oadr.charging.electricity import Rating
from oadr.wire.ids import GroupId, ResourceId, VenId
from oadr.wire.signature import SignaturePolicy
from ven import Metered, VenConfig
from ven.daemon.config import EXAMPLE, LogForm, load
from ven.daemon.table import BadSetting
from ven.drivers.simulated import SimulatedChargepoint

EXCERPT = Path(__file__).parents[3] / "examples" / "data" / "acn-sessions.csv"
NOW = datetime(2026, 1, 5, 8, tzinfo=UTC)


def spoilt(path: Path, old: str, new: str) -> Path:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


def complaint(
    path: Path, environment: dict[str, str] | None = None, flags: dict[str, str] | None = None
) -> str:
    with pytest.raises(BadSetting) as refused:
        load(path, environment or {}, flags or {})
    return str(refused.value)


def test_a_file_becomes_the_config_of_the_library(settings_file: Path) -> None:
    settings = load(settings_file, {}, {})
    folder = settings_file.parent
    assert settings.ven == VenConfig(
        vtn_url="https://127.0.0.1:1",
        certificate=folder / "ven.pem",
        trust=folder / "ca.pem",
        state=folder / "state",
        market_contexts="http://dso.example/programmes",
        name="car park 7",
        request_timeout=timedelta(seconds=5),
        retry_cap=timedelta(seconds=0.2),
    )
    assert settings.log is LogForm.AUTO
    assert [(one.resource_id, one.rating) for one in settings.chargepoints] == [
        (ResourceId("evse-1"), Rating(Decimal(32), 3)),
        (ResourceId("evse-2"), Rating(Decimal(16), 1)),
    ]


def test_each_chargepoint_is_made_by_its_driver(settings_file: Path) -> None:
    made = [one.connect(lambda: NOW) for one in load(settings_file, {}, {}).chargepoints]
    assert [type(one) for one in made] == [SimulatedChargepoint] * 2
    assert all(isinstance(one, Metered) for one in made)


async def test_a_recorded_station_is_played_from_the_given_moment(settings_file: Path) -> None:
    recorded = f'sessions = "{EXCERPT}"\nstation = "AG-1F09"\nbegin = 2019-10-31T15:00:00Z\ncar_amps = 16\n'
    spoilt(settings_file, "phases = 3\n", "phases = 3\n" + recorded)
    clock = [NOW]
    made = load(settings_file, {}, {}).chargepoints[0].connect(lambda: clock[0])
    assert isinstance(made, SimulatedChargepoint)
    assert made.draws() == 16
    clock[0] += timedelta(hours=9, minutes=39)  # it left at 00:38:16
    assert made.draws() == 0


def test_the_environment_wins_over_the_file_and_a_flag_over_both(settings_file: Path) -> None:
    environment = {"FEEDERGUARD_VEN_NAME": "from outside", "FEEDERGUARD_VEN_RESTORE_MAX": "5", "PATH": "/bin"}
    assert load(settings_file, environment, {}).ven.name == "from outside"
    assert load(settings_file, environment, {}).ven.restore_max == timedelta(seconds=5)
    assert load(settings_file, environment, {"name": "by hand"}).ven.name == "by hand"


@pytest.mark.proves("X12")
def test_signatures_are_off_unless_somebody_wants_them(settings_file: Path) -> None:
    assert load(settings_file, {}, {}).ven.signatures is SignaturePolicy.OFF
    wanted = load(settings_file, {"FEEDERGUARD_VEN_SIGNATURES": "if-present"}, {}).ven
    assert (wanted.signatures, wanted.signs) == (SignaturePolicy.IF_PRESENT, True)
    said = complaint(settings_file, flags={"signatures": "on"})
    assert said == "--set signatures: must be one of required, if-present, off"


def test_every_kind_of_setting_can_come_as_text(settings_file: Path) -> None:
    flags = {"groups": "F12, F13", "check_host_name": "false", "ven_id": "17", "log": "json", "state": "here"}
    settings = load(settings_file, {}, flags)
    assert settings.ven.groups == {GroupId("F12"), GroupId("F13")}
    assert settings.ven.check_host_name is False
    assert settings.ven.ven_id == VenId("17")
    assert settings.ven.state == Path("here")
    assert settings.log is LogForm.JSON


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("vtn_url", "vtn_ur", "vtn_url is missing"),
        ("https:", "http:", "vtn_url: must be an address that begins with https://"),
        ('"https://127.0.0.1:1"', "7", "vtn_url: must be an address that begins with https://"),
        ("ven.pem", "no.pem", "certificate: there is no file {folder}/no.pem"),
        ('"ca.pem"', "true", "trust: must be text, and not empty"),
        ('"state"', '" "', "state: must be text, and not empty"),
        ("market_contexts", "contexts", "market_contexts is missing"),
        ("name = ", "nmae = ", "nmae: no such setting"),
        ("retry_cap = 0.2", "retry_cap = 0", "retry_cap: must be a number from 0.1 to 3600 seconds"),
        ("retry_cap = 0.2", "retry_cap = nan", "retry_cap: must be a number from 0.1 to 3600 seconds"),
        ("retry_cap = 0.2", 'retry_cap = "1"', "retry_cap: must be a number from 0.1 to 3600 seconds"),
        ("retry_cap = 0.2", "restore_max = 1801", "restore_max: must be a number from 0 to 1800 seconds"),
        ("retry_cap = 0.2", "check_host_name = 0", "check_host_name: must be true or false"),
        ("retry_cap = 0.2", 'groups = "F12"', "groups: must be a list of names"),
        ("retry_cap = 0.2", 'log = "xml"', "log: must be one of auto, json, text"),
        ("evse-2", "evse-1", "chargepoint 2: resource_id 'evse-1' is taken already"),
        ("amps = 16", "", "chargepoint 2: amps is missing"),
        ("amps = 16", "amps = 5", "chargepoint 2: amps: must be a number from 6 to 1000 A per phase"),
        ("amps = 16", "amps = true", "chargepoint 2: amps: must be a number from 6 to 1000 A per phase"),
        ("phases = 1", "phases = 4", "chargepoint 2: phases: must be a number from 1 to 3"),
        ("phases = 1", "phases = 1.5", "chargepoint 2: phases: must be a whole number"),
        ("phases = 1", "phases = 1\nstep = 3", "chargepoint 2: step: must be 10, 5, 2 or 1"),
        (
            '"simulated"\nbehaviour',
            '"ocpp"\nbehaviour',
            "chargepoint 2: driver 'ocpp' is not known; there are simulated",
        ),
        (
            "liar",
            "lazy",
            "chargepoint 2: behaviour: must be one of obedient, liar, slow, meterless, offline, "
            "flapping, resumes-unlimited, watts-only",
        ),
        ("behaviour", "behavior", "chargepoint 2: behavior: no such setting"),
        (
            "phases = 1",
            "phases = 1\ncar_phases = 2",
            "chargepoint 2: car_phases: must be a number from 1 to 1",
        ),
        (
            "phases = 1",
            'phases = 1\nsessions = "no.csv"',
            "chargepoint 2: sessions: there is no file {folder}/no.csv",
        ),
        ("phases = 1", 'phases = 1\nsessions = "ca.pem"', "chargepoint 2: station is missing"),
        (
            "phases = 1",
            'phases = 1\nsessions = "ca.pem"\nstation = "A"\nbegin = 2019-10-31T15:00:00',
            "chargepoint 2: begin: must be a time with its zone, such as 2019-10-31T15:00:00Z",
        ),
        (
            "phases = 1",
            'phases = 1\nsessions = "ca.pem"\nstation = "A"\nbegin = 2019-10-31T15:00:00Z',
            "chargepoint 2: sessions: {folder}/ca.pem: there is no column "
            "arrival, delivered_kwh, departure, station",
        ),
    ],
)
def test_what_is_wrong_is_named_with_file_and_key(settings_file: Path, old: str, new: str, why: str) -> None:
    expected = f"{settings_file}: {why.format(folder=settings_file.parent)}"
    assert complaint(spoilt(settings_file, old, new)) == expected


def test_a_file_that_is_not_there_or_no_toml_is_named(settings_file: Path) -> None:
    missing = settings_file.with_name("other.toml")
    assert complaint(missing) == f"{missing}: No such file or directory"
    settings_file.write_text("name = \n", encoding="utf-8")
    assert complaint(settings_file).startswith(f"{settings_file}: ")


@pytest.mark.parametrize("tail", ["", "chargepoint = 7\n", "chargepoint = []\n"])
def test_without_a_chargepoint_there_is_nothing_to_do(settings_file: Path, tail: str) -> None:
    text = settings_file.read_text(encoding="utf-8").partition("[[chargepoint]]")[0]
    settings_file.write_text(text + tail, encoding="utf-8")
    assert complaint(settings_file) == f"{settings_file}: at least one [[chargepoint]] is needed"


def test_a_wrong_word_from_outside_is_named_by_its_variable_or_flag(settings_file: Path) -> None:
    environment = {"FEEDERGUARD_VEN_SAMPLE_EVERY": "often"}
    why = "must be a number from 0.1 to 20 seconds"
    assert complaint(settings_file, environment) == f"FEEDERGUARD_VEN_SAMPLE_EVERY: {why}"
    assert complaint(settings_file, {}, {"sample_every": "NaN"}) == f"--set sample_every: {why}"
    unknown = {"FEEDERGUARD_VEN_TYPO": "x"}
    assert complaint(settings_file, unknown) == "FEEDERGUARD_VEN_TYPO: no such setting"
    assert complaint(settings_file, {}, {"typo": "x"}) == "--set typo: no such setting"
    assert complaint(settings_file, {}, {"check_host_name": "no"}).endswith("must be true or false")


def test_the_example_is_right_and_so_is_every_line_of_it_that_is_commented_out(tmp_path: Path) -> None:
    """Of two ways to describe the cars, `needs_kwh` gives way to the recorded ones."""
    plain = EXAMPLE.read_text(encoding="utf-8")
    full = "\n".join(
        line.removeprefix("# ")
        if line.startswith("# [other") or (" = " in line and "needs_kwh" not in line)
        else line
        for line in plain.splitlines()
    )
    for name in ("ven.pem", "vtn-ca.pem", "acme.pem", "acme-ca.pem"):
        (tmp_path / name).touch()
    (tmp_path / "acn-sessions.csv").write_bytes(EXCERPT.read_bytes())
    keys = []
    for text in (plain, full):
        path = tmp_path / "ven.toml"
        path.write_text(text, encoding="utf-8")
        assert load(path, {}, {}).chargepoints
        keys.append(set(tomllib.loads(text)))
    assert keys[0] < keys[1]
    of_the_daemon = {"other", "log", "local_api", "local_names", "device", "chargepoint"}
    assert keys[1] == {*VenConfig.__dataclass_fields__} - {"others"} | of_the_daemon


@pytest.mark.parametrize("text", ["127.0.0.1:8480", "[::1]:8480", "0.0.0.0:80", "[::]:1"])
def test_the_local_api_has_an_address_of_this_machine_and_a_port(settings_file: Path, text: str) -> None:
    found = load(settings_file, {}, {"local_api": text}).local_api
    assert found is not None
    assert text in (f"{found.host}:{found.port}", f"[{found.host}]:{found.port}")
    assert found.from_here in ("127.0.0.1", "::1")


@pytest.mark.parametrize(
    "text",
    ["8480", "127.0.0.1", "localhost:8480", "127.0.0.1:99999", "a@127.0.0.1:1", "127.0.0.1:1/x", "[::1:1"],
)
def test_no_name_chooses_where_the_local_api_listens(settings_file: Path, text: str) -> None:
    with pytest.raises(BadSetting, match="local_api: must be an address of this machine and a port"):
        load(settings_file, {}, {"local_api": text})
    assert load(settings_file, {}, {}).local_api is None
