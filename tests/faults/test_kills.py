"""Programs that are killed at a bad moment, and started again."""

import json
import signal
from pathlib import Path

import pytest

from tests.faults.street import LIMITED, Street, chargepoint, kill, until
from tests.ven.daemon.served import Program


@pytest.fixture
async def street(tmp_path: Path) -> Street:
    found = Street(tmp_path)
    await found.build(chargepoint())
    return found


@pytest.mark.proves("VT01", "F8", "W17")
async def test_a_vtn_that_is_killed_between_an_order_and_the_next_poll_delivers_it(street: Street) -> None:
    async with street.ven() as ven:
        async with street.vtn() as vtn:
            await ven.line_with('"registered"')
            ven.process.send_signal(signal.SIGSTOP)  # no poll gets through before the kill
            await street.limit()
            await kill(vtn)
        assert await street.sites() == {"acknowledged": 0, "declined": 0, "reached": 0, "silent": 1}
        async with street.vtn() as vtn:
            ven.process.send_signal(signal.SIGCONT)
            assert json.loads(await ven.line_with('"source"'))["amps"] == LIMITED
            await until(lambda: _is_acknowledged(street))
            assert await _ended(vtn) == 0
        assert await _ended(ven) == 0
    assert not any("Traceback" in line for line in (*ven.lines, *vtn.lines))


@pytest.mark.proves("VE06")
async def test_a_ven_that_is_killed_in_a_limitation_is_limited_again_at_once_although_no_vtn_is_there(
    street: Street,
) -> None:
    async with street.vtn() as vtn, street.ven() as ven:
        await street.limit()
        await ven.line_with('"source"')
        await until(lambda: _is_acknowledged(street))
        await kill(vtn)
        await kill(ven)
    async with street.ven() as again:
        assert json.loads(await again.line_with('"source"'))["amps"] == LIMITED
        await again.line_with("contact lost")
        seen = await street.status()
    (evse,) = seen["chargepoints"]
    assert seen["running"]
    assert not seen["contact"]["made"]
    assert evse["limit"]["amps"] == LIMITED
    assert evse["applied"]
    first_words = [json.loads(line)["event"] for line in again.lines]
    assert first_words.index("limit") < first_words.index("contact lost")


async def _is_acknowledged(street: Street) -> bool:
    return (await street.sites())["acknowledged"] == 1


async def _ended(program: Program) -> int:
    program.process.terminate()
    return await program.ended()
