import asyncio
import json
import signal
from decimal import Decimal
from pathlib import Path

import pytest

from oadr.wire.messages import CreatedEvent
from tests.pki import VEN_ECC, make_pki
from tests.ven.daemon.served import PATIENCE, Program, address, reserved, running, serving
from tests.ven.stage import BASE, EVSE_1
from ven.daemon import live

VEN = ("-m", "ven.daemon.cli")


@pytest.fixture
def site(settings_file: Path) -> Path:
    """The folder of a site with a certificate of its own."""
    folder = settings_file.parent
    pki = make_pki(folder / "pki")
    text = settings_file.read_text(encoding="utf-8").replace("http://dso.example/programmes", BASE)
    text = text.replace("ven.pem", f"pki/secrets/{VEN_ECC}.pem").replace("ca.pem", "pki/certs/vtn-ca.pem")
    settings_file.write_text(text, encoding="utf-8")
    assert pki.path.is_dir()
    return folder


async def status(site: Path, *arguments: str) -> tuple[int, str]:
    async with running(*VEN, "status", "-c", site / "ven.toml", *arguments) as program:
        code = await program.ended()
    return code, "".join(program.lines)


async def end(program: Program, by: signal.Signals) -> int:
    program.process.send_signal(by)
    return await program.ended()


async def test_without_a_vtn_it_runs_and_says_so_until_it_is_asked_to_end(site: Path) -> None:
    async with running(*VEN, "run", "-c", site / "ven.toml") as program:
        lost = json.loads(await program.line_with("contact lost"))
        assert lost["level"] == "warning"
        _, printed = await status(site, "--json")
        assert await end(program, signal.SIGTERM) == 0
    shown = json.loads(printed)
    assert shown["running"] is True
    assert shown["registration"] is None
    assert shown["contact"]["made"] is False
    assert "127.0.0.1" in shown["contact"]["why"]
    assert json.loads(program.lines[-1])["event"] == "stopped"
    assert not (site / "state" / live.FILE).exists()


async def test_it_keeps_trying_until_the_vtn_is_there(site: Path) -> None:
    at = reserved()
    async with running(*VEN, "run", "-c", site / "ven.toml", "--set", f"vtn_url={address(at)}") as program:
        await program.line_with("contact lost")
        async with serving(make_pki(site / "vtn"), at):
            await program.line_with("contact made")
            await program.line_with("registered")
            assert await end(program, signal.SIGINT) == 0


@pytest.mark.proves("VE06")
async def test_a_limit_comes_over_tls_is_obeyed_shown_measured_and_kept_over_a_kill(site: Path) -> None:
    at = reserved()
    arguments = (*VEN, "run", "-c", site / "ven.toml", "--set", f"vtn_url={address(at)}")
    async with serving(make_pki(site / "vtn"), at) as vtn:
        async with running(*arguments, FEEDERGUARD_VEN_SAMPLE_EVERY="0.1") as program:
            limit = json.loads(await program.line_with('"source"'))
            await program.line_with('"event": "event"')
            await metered(site, Decimal("12.8"))
            _, printed = await status(site, "--json")
            program.process.kill()
            await program.ended()
        (answer,) = vtn.of(CreatedEvent)
    seen = json.loads(printed)
    assert isinstance(answer, CreatedEvent)
    assert answer.event_responses[0].opt == "optIn"
    assert (limit["chargepoint"], limit["amps"], limit["because"]) == ("evse-1", 12.8, "E1")
    assert seen["registration"] == {"ven_id": "Ven-1", "vtn_id": "Vtn-1", "poll_seconds": 1}
    assert seen["chargepoints"][0]["limit"]["source"] == "supply-limit"
    assert seen["chargepoints"][1]["limit"]["amps"] == 6.4
    assert seen["chargepoints"][1]["measured"]["amps"] == [16]  # the liar
    assert not any("Reg-1" in line for line in program.lines)

    async with running(*arguments) as again:
        await again.line_with('"amps": 12.8')
        assert not any("registered" in line for line in again.lines)
        assert await end(again, signal.SIGTERM) == 0


async def metered(site: Path, amps: Decimal) -> None:
    """Returns when the first chargepoint's meter shows `amps` per phase."""
    async with asyncio.timeout(PATIENCE):
        while not _shows(live.read(site / "state"), amps):
            await asyncio.sleep(0.02)


def _shows(seen: live.Live | None, amps: Decimal) -> bool:
    return seen is not None and seen.readings[EVSE_1].amps == (amps,) * 3


@pytest.mark.proves("D08")
async def test_two_programs_never_share_one_site(site: Path) -> None:
    async with running(*VEN, "run", "-c", site / "ven.toml") as first:
        await first.line_with("contact lost")
        async with running(*VEN, "run", "-c", site / "ven.toml") as second:
            assert await second.ended() == 1
        assert second.lines[-1] == f"ven: another VEN runs on {site / 'state'}\n"
        assert (site / "state" / live.FILE).exists()
        assert await end(first, signal.SIGTERM) == 0


async def test_a_certificate_that_is_none_is_refused(settings_file: Path) -> None:
    async with running(*VEN, "run", "-c", settings_file) as program:
        assert await program.ended() == 1
    assert program.lines[-1].startswith(f"ven: {settings_file.parent / 'ven.pem'} ")


@pytest.mark.proves("VE16", "W39")
async def test_it_speaks_with_two_vtns_over_tls_and_obeys_the_emergency_of_the_grid_operator_alone(
    site: Path,
) -> None:
    ours, theirs = reserved(), reserved()
    acme = f"""
[other.acme]
vtn_url = "{address(theirs)}"
certificate = "pki/secrets/{VEN_ECC}.pem"
trust = "pki/certs/vtn-ca.pem"
market_contexts = "{BASE}"
"""
    text = (site / "ven.toml").read_text(encoding="utf-8")
    (site / "ven.toml").write_text(text + acme, encoding="utf-8")
    arguments = (*VEN, "run", "-c", site / "ven.toml", "--set", f"vtn_url={address(ours)}")
    async with serving(make_pki(site / "vtn"), theirs) as aggregator, running(*arguments) as program:
        refused = json.loads(await program.line_with('"code": "451"'))
        _, printed = await status(site, "--json")
        async with serving(make_pki(site / "vtn-2"), ours) as dso:
            limit = json.loads(await program.line_with('"source"'))
            async with asyncio.timeout(PATIENCE):
                while not dso.of(CreatedEvent):
                    await asyncio.sleep(0.02)
            assert await end(program, signal.SIGTERM) == 0
    assert (refused["party"], refused["answer"]) == ("acme", "optOut")
    assert (limit["source"], limit["amps"], "party" in limit) == ("supply-limit", 12.8, False)
    (answer,) = aggregator.of(CreatedEvent)
    assert isinstance(answer, CreatedEvent)
    assert answer.event_responses[0].code == "451"
    shown = json.loads(printed)
    assert shown["contact"]["made"] is False
    (other,) = shown["others"]
    assert (other["contact"]["made"], other["registration"]["ven_id"]) == (True, "Ven-1")
