"""The command `ledger`: is this record to be believed? Needs no network, no database and no login."""

import json
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import BinaryIO

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from oadr.ledger import canonical
from oadr.ledger.checkpoint import Checkpoint
from oadr.ledger.errors import LedgerError
from oadr.ledger.export import read_line
from oadr.ledger.keys import load_public_key
from oadr.ledger.scalars import write_time
from oadr.ledger.verification import Verified, verify


def main(arguments: Sequence[str] | None = None) -> int:
    """0: to be believed. 1: not. 2: wrong usage."""
    parser = _parser()
    asked = parser.parse_args(arguments)
    try:
        key = _key(asked.key) if asked.key else None
        known = _checkpoints(asked.checkpoint) if asked.checkpoint else ()
        with _opened(asked.file) as file:
            return _verify(asked, file, key, known)
    except (OSError, _WrongUsage) as error:
        parser.error(str(error))  # ends with status 2


class _WrongUsage(Exception):
    pass


def _parser() -> ArgumentParser:
    parser = ArgumentParser(prog="ledger", description=__doc__)
    verify_ = parser.add_subparsers(required=True, metavar="COMMAND").add_parser(
        "verify",
        help="check an exported record",
        description="Check an exported record. Exit status 0: to be believed; 1: not; 2: wrong usage.",
    )
    verify_.add_argument("file", metavar="FILE", help="the export; - reads standard input")
    verify_.add_argument(
        "--key", metavar="KEY", help="the log's public key, a file (PEM or hex) or hex digits"
    )
    verify_.add_argument(
        "--checkpoint", metavar="FILE", help="checkpoints kept from before, one a line, or an earlier export"
    )
    verify_.add_argument("--json", action="store_true", help="for programs")
    return parser


def _verify(
    asked: Namespace, file: BinaryIO, key: Ed25519PublicKey | None, known: Sequence[Checkpoint]
) -> int:
    try:
        verified = verify(_lines(file), key=key, known=known)
    except LedgerError as error:
        if asked.json:
            print(_json({"believed": False, "cause": error.cause, "why": error.why, **_place(error)}))
        else:
            print(_sentence(error), file=sys.stderr)
        return 1
    print(_json(_fields(verified)) if asked.json else _summary(verified, trusted=key is not None))
    return 0


@contextmanager
def _opened(name: str) -> Iterator[BinaryIO]:
    if name == "-":
        yield sys.stdin.buffer
    else:
        with Path(name).open("rb") as file:
            yield file


def _lines(file: BinaryIO) -> Iterator[bytes]:
    """Lines of any file, but none so long that it fills the memory."""
    return iter(partial(file.readline, canonical.LONGEST + 2), b"")


def _key(text: str) -> Ed25519PublicKey:
    path = Path(text)
    try:
        return load_public_key(path.read_bytes() if path.exists() else text.encode())
    except LedgerError as error:
        raise _WrongUsage(f"--key: {error}") from error


def _checkpoints(name: str) -> tuple[Checkpoint, ...]:
    try:
        with _opened(name) as file:
            found = tuple(item for line in _lines(file) if isinstance(item := read_line(line), Checkpoint))
    except LedgerError as error:
        raise _WrongUsage(f"--checkpoint: {error}") from error
    if not found:
        raise _WrongUsage(f"--checkpoint: {name} holds no checkpoint")
    return found


def _sentence(error: LedgerError) -> str:
    if error.seq is None:
        where = ""
    elif error.seq == error.until:
        where = f"; the first bad entry is {error.seq}"
    else:
        where = f"; the first bad entry is one of {error.seq} to {error.until}"
    return f"Not to be believed, {error.cause}: {error.why}{where}."


def _place(error: LedgerError) -> dict[str, int | None]:
    return {"first_bad": error.seq, "first_bad_at_most": error.until}


def _fields(verified: Verified) -> dict[str, object]:
    header = verified.header
    return {
        "believed": True,
        "log_id": header.log_id,
        "key_id": header.key_id,
        "exported": write_time(header.time),
        "query": header.query,
        "software": header.software,
        "entries": verified.entries,
        "erased": verified.holes,
        "checkpoints": verified.checkpoints,
        "sealed": verified.sealed,
        "unsealed": verified.unsealed,
        "first": write_time(verified.first),
        "last": write_time(verified.last),
        "counts": dict(verified.counts),
        "checkpoint": verified.seal and verified.seal.raw.decode(),
    }


def _summary(verified: Verified, *, trusted: bool) -> str:
    header = verified.header
    lines = [
        f"To be believed: log {_shown(header.log_id)}, {write_time(header.time)}, by {_shown(header.software)}.",
        f"asked for    {_shown(header.query)}",
        f"entries      {verified.entries}, from {write_time(verified.first)} to {write_time(verified.last)}",
        *(f"  {count:>10} {type_}" for type_, count in sorted(verified.counts.items())),
        f"erased       {verified.holes}",
        f"checkpoints  {verified.checkpoints}, over the first {verified.sealed} entries",
        f"not yet      {verified.unsealed} entries are under no checkpoint",
        f"key          {header.key_id}",
    ]
    if not trusted:
        lines.append("That this is its owner's key is the record's own word: compare it, or give --key.")
    return "\n".join(lines)


def _shown(text: str) -> str:
    """Without what would move a terminal's cursor or begin a line of its own."""
    return ascii(text)[1:-1]


def _json(fields: dict[str, object]) -> str:
    return json.dumps(fields)


if __name__ == "__main__":
    sys.exit(main())
