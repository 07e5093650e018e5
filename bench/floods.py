"""What the dearest messages below the size limit cost to read or refuse, as a share of the 50 ms that are allowed.

    python -m bench.floods

The smallest of several runs counts, in processor time of this thread; a legitimate report of the same size stands
beside them.
"""

import json
from contextlib import suppress
from time import thread_time
from typing import Final

from bench.codec import report
from oadr.wire import envelope
from oadr.wire.errors import PeerError
from oadr.wire.schema import Schema, installed_folder
from tests.oadr.wire.floods import FLOODS

ALLOWED_MS: Final = 50.0
RUNS: Final = 5
LEGITIMATE: Final = 180
"""Values of a report that is about as large."""


def milliseconds(raw: bytes, schema: Schema) -> float:
    def once() -> float:
        start = thread_time()
        with suppress(PeerError):
            envelope.read(raw, schema)
        return (thread_time() - start) * 1000

    return min(once() for _ in range(RUNS))


def main() -> None:
    folder = installed_folder()
    assert folder, "the official schemas come with openleadr"
    schema = Schema(folder)
    messages = {"a legitimate report": envelope.write(report(LEGITIMATE)), **FLOODS}
    for name, raw in messages.items():
        spent = milliseconds(raw, schema)
        figure = {
            "figure": f"read or refuse: {name}",
            "bytes": len(raw),
            "unit": "ms",
            "least": round(spent, 2),
        }
        print(json.dumps({**figure, "of_the_allowed": round(spent / ALLOWED_MS, 3)}), flush=True)


if __name__ == "__main__":
    main()
