"""The command `certs`, as its user meets it."""

import json
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from certs.cli import certs
from certs.folder import VEN_CA, VTN_CA, Folder
from tests.pki import VEN_ECC, VEN_RSA, make_pki

ROOT = Path(__file__).parents[2]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, and we are in it."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def own(here: Path) -> Folder:
    """A PKI in the folder `pki` of where we are."""
    make_pki(here / "pki")
    return Folder(Path("pki"))


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(certs, [str(argument) for argument in arguments])


def test_the_first_minute(here: Path) -> None:
    """What `init` prints next works as it is printed."""
    begun = run("init")
    assert (begun.exit_code, begun.stderr) == (0, "")
    assert "Next: certs issue ven NAME" in begun.stdout
    assert stat.S_IMODE((here / "pki" / "secrets").stat().st_mode) == 0o700
    named = set(re.findall(r"pki/(?:certs|secrets)/[\w.-]+\.pem", begun.stdout))
    issued = run("issue", "ven", "NAME")
    assert issued.exit_code == 0
    assert named == {
        "pki/secrets/vtn-rsa.pem",
        "pki/secrets/vtn-ecc.pem",
        "pki/certs/ven-ca.pem",
        "pki/secrets/NAME.pem",
        "pki/certs/vtn-ca.pem",
    }
    assert all((here / name).is_file() for name in named)
    shown = run("show")
    assert (shown.exit_code, shown.stderr) == (0, "")
    assert "NAME" in shown.stdout


def test_hosts_and_folder_of_ones_own(here: Path) -> None:
    begun = run("init", "--dir", "mine", "--vtn-host", "vtn.example.org", "--vtn-host", "192.0.2.7")
    assert begun.exit_code == 0
    assert "vtn.example.org and 192.0.2.7" in begun.stdout
    assert "certs issue ven NAME --dir mine" in begun.stdout
    assert [path.name for path in here.iterdir()] == ["mine"]
    shown = json.loads(run("show", "mine/certs/vtn-ecc.pem", "--json").stdout)
    assert shown["hosts"] == ["vtn.example.org", "192.0.2.7"]


def test_the_folder_is_a_table_with_a_line_for_each_certificate(own: Folder) -> None:
    heading, *lines = run("show").stdout.splitlines()
    assert heading.split("  ")[0] == "file"
    assert sorted(line.split()[0] for line in lines) == sorted(path.stem for path in own.certs.iterdir())
    begins = {line.index(date) for line in lines for date in re.findall(r"\d{4}-\d\d-\d\d", line)}
    assert begins == {heading.index("valid until")}


def test_the_folder_of_the_certificates_alone_will_do(own: Folder) -> None:
    assert run("show", own.certs).stdout == run("show", own.path).stdout == run("show").stdout


@pytest.mark.parametrize("place", ["certs", "secrets"])
def test_one_file_is_shown_in_full(own: Folder, place: str) -> None:
    shown = run("show", own.path / place / f"{VEN_ECC}.pem").stdout
    for text in ("CN=ven-ecc", "CN=Feederguard VEN CA", "ECC secp256r1", "client", "days left"):
        assert text in shown


def test_every_read_has_its_json(own: Folder) -> None:
    one = json.loads(run("show", own.public(VEN_ECC), "--json").stdout)
    everything = json.loads(run("show", "--json").stdout)
    names = json.loads(run("fingerprint", own.public(VEN_ECC), "--json").stdout)
    issued = json.loads(run("issue", "ven", "new", "--rsa", "--json").stdout)
    assert one in everything
    assert len(everything) == 7
    assert names == {"fingerprint": one["fingerprint"], "sha256": one["sha256"]}
    assert (issued["subject"], issued["key"], issued["secret"]) == (
        "CN=new",
        "RSA-2048",
        str(own.secret("new")),
    )
    assert one["warning"] is None


def test_the_fingerprint_comes_in_openadrs_form_and_in_full(own: Folder) -> None:
    short, whole = run("fingerprint", own.public(VEN_RSA)).stdout.splitlines()
    assert re.fullmatch(r"OpenADR  ([0-9A-F]{2}:){9}[0-9A-F]{2}", short)
    assert re.fullmatch(r"SHA-256  [0-9a-f]{64}", whole)
    assert whole.upper().endswith(short.removeprefix("OpenADR  ").replace(":", ""))


@pytest.mark.proves("D02")
def test_no_command_prints_a_key(own: Folder) -> None:
    secret = own.secret(VEN_ECC)
    issued = run("issue", "ven", "new")
    again = run("issue", "ven", "new")
    shown = [run("show", path) for path in (own.path, own.secrets, secret, own.secrets / "root.key")]
    others = (run("show", secret, "--json"), run("fingerprint", secret))
    printed = "".join(one.output for one in (issued, again, *shown, *others))
    lines = {
        line for path in own.secrets.iterdir() for line in path.read_text().splitlines() if len(line) > 20
    }
    assert len(lines) > 100
    assert [line for line in lines if line in printed] == []
    assert "PRIVATE KEY" not in printed


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("init",), "pki holds a PKI already; choose another folder"),
        (("issue", "ven", VEN_ECC), "pki/secrets/ven-ecc.pem exists already; move it away"),
        (("issue", "ven", "x", "--dir", "elsewhere"), "elsewhere holds no PKI; make one with `certs init`"),
        (("show", "pki/secrets/root.key"), "root.key is not a readable certificate"),
        (("fingerprint", "pki/secrets/root.key"), "root.key is not a readable certificate"),
        (("show", "empty"), "there are no certificates in empty"),
        (("show", "x" * 300), "File name too long"),
    ],
)
@pytest.mark.usefixtures("own")
def test_a_refusal_is_one_sentence_and_exit_code_1(
    here: Path, arguments: tuple[str, ...], complaint: str
) -> None:
    (here / "empty").mkdir()
    refused = run(*arguments)
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert refused.stderr.startswith("Error: ")
    assert refused.stderr.count("\n") == 1
    assert complaint in refused.stderr


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("init", "--hosts", "x"), "No such option"),
        (("init", "--dir", "new", "--vtn-host", "https://x"), "neither a host name nor an address"),
        (("issue", "ven"), "Missing argument 'NAME'"),
        (("issue", "ven", "../x"), "cannot be the name of a VEN"),
        (("issue", "ven", "root"), "cannot be the name of a VEN"),
        (("show", "absent"), "absent does not exist; make a PKI with `certs init`"),
        (("fingerprint", "absent"), "'absent' does not exist"),
        (("fingerprint", "pki"), "'pki' is a directory"),
        (("fingerprint",), "Missing argument"),
        (("renew",), "No such command"),
    ],
)
@pytest.mark.usefixtures("own")
def test_wrong_usage_is_explained_and_exit_code_2(
    here: Path, arguments: tuple[str, ...], complaint: str
) -> None:
    before = sorted(here.rglob("*"))
    refused = run(*arguments)
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert complaint in refused.stderr
    assert sorted(here.rglob("*")) == before


def test_where_there_is_no_pki_show_says_how_to_make_one(here: Path) -> None:
    refused = run("show")
    assert refused.exit_code == 2
    assert "make a PKI with `certs init`" in refused.stderr
    assert list(here.iterdir()) == []


def test_help_is_there_for_every_command() -> None:
    for command in ((), ("init",), ("issue",), ("issue", "ven"), ("show",), ("fingerprint",)):
        helped = run(*command, "-h")
        assert (helped.exit_code, "Usage:" in helped.stdout) == (0, True)


@pytest.mark.usefixtures("own")
def test_a_program_can_run_it() -> None:
    def certs_by(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "certs.cli", *arguments]
        return subprocess.run(
            command, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False
        )

    shown, refused = certs_by("show", "--json"), certs_by("issue", "ven", VEN_ECC)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert {Path(one["file"]).stem for one in json.loads(shown.stdout)} >= {VEN_CA, VTN_CA}
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr.startswith("Error: ")


WITHOUT_CLICK = """
import sys
sys.modules["click"] = None
import certs, certs.authority, certs.folder, certs.description
print("imported")
from certs.cli import main
"""


def test_only_the_command_needs_click_and_it_names_the_extra_that_brings_it() -> None:
    command = [sys.executable, "-c", WITHOUT_CLICK]
    run_without = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (run_without.returncode, run_without.stdout) == (1, "imported\n")
    assert run_without.stderr == (
        'certs: the command needs click: pip install "feederguard[daemon]" or "feederguard[vtn]"\n'
    )
