"""Settings: file, environment and flags, each over the one before; what is wrong is named."""

from datetime import timedelta
from pathlib import Path

import pytest

from certs import Profile
from oadr.wire.signature import SignaturePolicy
from vtn.config import BadSetting, LogForm, load
from vtn.model.release import Rules


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def written(text: str, name: str = "vtn.toml") -> Path:
    path = Path.cwd() / name
    path.write_text(text, encoding="utf-8")
    return path


def test_without_any_file_the_quick_start_works() -> None:
    settings = load(None, {}, {})
    assert settings.state == Path("vtn-state")
    assert settings.chains == (Path("pki/secrets/vtn-rsa.pem"), Path("pki/secrets/vtn-ecc.pem"))
    assert settings.trust == Path("pki/certs/ven-ca.pem")
    assert (settings.host, settings.port, settings.prefix) == ("127.0.0.1", 8443, "")
    assert (settings.tls, settings.log) == (Profile.OPENADR, LogForm.AUTO)


def test_the_services_get_their_terms_from_the_settings() -> None:
    terms = load(None, {}, {"poll_every": "5", "report_every": "30", "vtn_id": "DSO_1"}).terms
    assert (terms.vtn_id, terms.poll_every, terms.report_every) == (
        "DSO_1",
        timedelta(seconds=5),
        timedelta(seconds=30),
    )
    assert terms.market_contexts == "http://dso.example/programmes"


def test_signatures_are_off_unless_somebody_wants_them() -> None:
    assert load(None, {}, {}).terms.signatures is SignaturePolicy.OFF
    assert load(None, {"FEEDERGUARD_VTN_SIGNATURES": "required"}, {}).terms.signatures == "required"
    with pytest.raises(BadSetting, match="--set signatures: must be 'required', 'if-present' or 'off'"):
        load(None, {}, {"signatures": "on"})


@pytest.mark.parametrize(("report_every", "patience"), [(10, 60), (60, 180)])
def test_late_reports_are_waited_for_three_times_over_and_a_minute_at_least(
    report_every: int, patience: int
) -> None:
    settings = load(None, {}, {"report_every": str(report_every)})
    assert settings.patience == timedelta(seconds=patience)


def test_a_file_that_is_there_is_read_without_being_named() -> None:
    written('port = 9000\nhost = "0.0.0.0"\n')
    settings = load(None, {}, {})
    assert (settings.port, settings.host) == (9000, "0.0.0.0")


def test_flags_win_over_the_environment_and_that_over_the_file() -> None:
    path = written("port = 1\npoll_every = 2\nreport_every = 3\n")
    environment = {"FEEDERGUARD_VTN_PORT": "4", "FEEDERGUARD_VTN_POLL_EVERY": "5", "UNRELATED": "6"}
    settings = load(path, environment, {"port": "7"})
    assert settings.port == 7
    assert settings.poll_every == timedelta(seconds=5)
    assert settings.report_every == timedelta(seconds=3)


def test_the_variable_that_names_the_file_is_no_setting() -> None:
    assert load(None, {"FEEDERGUARD_VTN_CONFIG": "elsewhere.toml"}, {}).port == 8443


def test_paths_of_a_file_start_at_its_folder_and_all_others_where_we_are() -> None:
    (Path.cwd() / "etc").mkdir()
    path = written('state = "state"\nchains = ["a.pem", "/b.pem"]\n', "etc/vtn.toml")
    settings = load(path, {"FEEDERGUARD_VTN_TRUST": "ca.pem"}, {})
    assert settings.state == path.parent / "state"
    assert settings.chains == (path.parent / "a.pem", Path("/b.pem"))
    assert settings.trust == Path("ca.pem")


def test_a_list_in_the_environment_has_commas() -> None:
    settings = load(None, {"FEEDERGUARD_VTN_CHAINS": "a.pem, b.pem"}, {})
    assert settings.chains == (Path("a.pem"), Path("b.pem"))


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("prot = 1", "vtn.toml: prot: there is no such setting"),
        ("port = true", "vtn.toml: port: must be a whole number"),
        ("port = 65536", "vtn.toml: port: must be less than or equal to 65535"),
        ('port = "https"', "vtn.toml: port: must be a whole number"),
        ("poll_every = 0", "vtn.toml: poll_every: must be a whole number of seconds from 1 to 3600"),
        ("report_every = 1.5", "vtn.toml: report_every: must be a whole number"),
        ('tls = "none"', "vtn.toml: tls: must be 'openadr' or 'modern'"),
        ('market_contexts = "programmes"', "vtn.toml: market_contexts: must be an absolute URI"),
        ('prefix = "dso"', "vtn.toml: prefix: must be empty or begin with a slash"),
        ('vtn_id = " x"', "vtn.toml: vtn_id: must be text"),
        ("chains = []", "vtn.toml: chains: must"),
        ("state = 5", "vtn.toml: state: must"),
        ('store = "postgresql://me:secret@host/vtn"', "vtn.toml: store: must not hold a password"),
        ('store = "postgresql://host/vtn?password=secret"', "vtn.toml: store: must not hold a password"),
        ('store = "sqlite:///here.db"', "vtn.toml: store: must name its file from the root"),
        ('store = "mysql://host/vtn"', "vtn.toml: store: must begin with postgresql:// or sqlite:////"),
        ("store = 5", "vtn.toml: store: must"),
        ("port = = 1", "vtn.toml: "),
    ],
)
def test_a_wrong_setting_is_named_with_its_file(text: str, named: str) -> None:
    path = written(text)
    with pytest.raises(BadSetting) as caught:
        load(path, {}, {})
    assert str(caught.value).startswith(f"{path.parent}/{named}")
    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_wrong_variable_and_a_wrong_flag_are_named_as_such() -> None:
    with pytest.raises(BadSetting, match=r"^FEEDERGUARD_VTN_PORT: must be"):
        load(None, {"FEEDERGUARD_VTN_PORT": "x"}, {})
    with pytest.raises(BadSetting, match=r"^--set prot: there is no such setting"):
        load(None, {}, {"prot": "1"})


def test_a_file_that_was_named_must_be_there() -> None:
    with pytest.raises(BadSetting, match=r"^elsewhere\.toml: No such file"):
        load(Path("elsewhere.toml"), {}, {})


def test_what_one_person_may_do_alone_is_a_setting() -> None:
    assert load(None, {}, {}).rules == Rules()
    written("two_people_above_kw = 250\nmost_half_hours = 4\n")
    rules = load(None, {}, {"two_people_above_sites": "0", "proposals_wait": "60"}).rules
    assert rules == Rules(above_watts=250_000, above_sites=0, most_half_hours=4, wait=timedelta(seconds=60))
    with pytest.raises(BadSetting, match="two_people_above_kw"):
        load(None, {}, {"two_people_above_kw": "-1"})
