"""The server's own jobs: a fault in one is told, and ends nothing."""

from vtn.app import Server
from vtn.config import Settings
from vtn.web.journal import Journal


class Lines:
    def __init__(self) -> None:
        self.said: list[tuple[str, dict[str, object]]] = []

    def info(self, event: str, **fields: object) -> None:
        self.said.append((event, fields))

    warning = error = info


async def test_a_job_that_fails_is_told_and_tried_again() -> None:
    lines = Lines()
    tries: list[int] = []

    async def job() -> None:
        tries.append(len(tries))
        raise ZeroDivisionError("poison")

    server = Server(Settings(), Journal(lines))
    for _ in range(2):
        await server._attempt("close I1", job)
    assert tries == [0, 1]
    assert lines.said == [("job failed", {"why": "close I1: ZeroDivisionError: poison"})] * 2
