import ast
import inspect
import signal
from decimal import Decimal
from pathlib import Path

from examples import embed_ven
from tests.pki import VEN_ECC, make_pki
from tests.ven.daemon.served import address, reserved, running, serving
from tests.ven.stage import BASE
from ven import Chargepoint, Metered

MOST = 15
"""Lines of a vendor's program beside its driver, imports and all: what the README promises."""


def test_a_vendors_program_is_short() -> None:
    tree = ast.parse(inspect.getsource(embed_ven))
    program = [
        node for node in tree.body if not isinstance(node, ast.ClassDef | ast.Expr)
    ]  # the driver, and the words at the top
    lines = {line for node in program for line in range(node.lineno, (node.end_lineno or 0) + 1)}
    assert 5 < len(lines) <= MOST


async def test_its_driver_is_a_chargepoint_that_can_measure() -> None:
    charger: Chargepoint = embed_ven.MyCharger()
    assert isinstance(charger, Metered)
    assert (await charger.measure()).amps == (Decimal(32),) * 3


async def test_it_runs_as_it_stands_and_obeys_a_limit(tmp_path: Path) -> None:
    pki = make_pki(tmp_path / "pki")
    files = (pki.secret(VEN_ECC), pki.public("vtn-ca"), tmp_path / "state")
    at = reserved()
    arguments = ("-m", "examples.embed_ven", address(at), BASE, *files)
    async with serving(pki, at) as vtn, running(*arguments) as program:
        await program.line_with("evse-1 no limit")
        assert "Decimal('12.8')" in await program.line_with("supply-limit")
        program.process.send_signal(signal.SIGINT)
        assert await program.ended() == 0
    assert not any("Traceback" in line for line in program.lines)
    assert vtn.registrations == 1
