"""The program as a whole: what is missing or wrong is one sentence, and a code."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.vtn.commands.room import Room

ROOT = Path(__file__).parents[3]

WITHOUT = """
import sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == sys.argv[1]:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Missing())
from vtn.cli import main
main()
"""


@pytest.mark.parametrize("package", ["typer", "sqlalchemy"])
def test_a_missing_extra_is_named(package: str) -> None:
    command = (sys.executable, "-c", WITHOUT, package)
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert run.stderr == f'vtn: {package} is not installed: pip install "feederguard[vtn]"\n'


def test_a_wrong_setting_ends_every_command_before_it_does_anything(room: Room) -> None:
    room.write("vtn.toml", "prot = 9000\n")
    said = room.say("events")
    assert said.code == 2
    assert said.err.startswith("vtn: vtn.toml: prot: there is no such setting")


def test_settings_come_from_the_file_that_is_named(room: Room) -> None:
    said = room.say("events", "--config", room.write("other.toml", 'state = "elsewhere"\n'))
    assert (
        said.err
        == f"vtn: there is no store in {room.folder}/elsewhere; begin with: vtn feeders import FILE\n"
    )
    said = room.say("events", "--set", "state=third")
    assert "there is no store in third;" in said.err
    assert room.say("events", "--set", "state").code == 2


def test_a_file_in_place_of_the_state_is_one_sentence(room: Room) -> None:
    room.write("vtn-state", "")
    said = room.say(
        "feeders", "import", room.write("n.csv", "feeder,site,chargepoint,rated_amps,phases\na,b,c,6,1")
    )
    assert said.code == 1
    assert said.err.startswith("vtn: ")
    assert said.err.count("\n") == 1


def test_a_server_without_certificates_says_which_file_it_lacks(room: Room) -> None:
    said = room.say("serve")
    assert (said.code, said.err) == (1, "vtn: pki/secrets/vtn-rsa.pem does not exist\n")


@pytest.mark.parametrize("words", [(), ("feeders",), ("nonsense",), ("events", "--nonsense")])
def test_what_is_no_command_is_wrong_usage(room: Room, words: tuple[str, ...]) -> None:
    assert room.say(*words).code == 2
