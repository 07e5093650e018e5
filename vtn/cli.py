"""The program `vtn`, and what it says when only the library is installed."""

import sys
from typing import Final

EXTRA: Final = frozenset(
    {
        "aiosqlite",
        "alembic",
        "asyncpg",
        "prometheus_client",
        "pydantic",
        "rich",
        "sqlalchemy",
        "structlog",
        "typer",
    }
)


def main() -> None:
    """Exit codes: 0 done, 1 refused or failed, 2 wrong usage or a wrong setting."""
    try:
        from vtn.commands.program import vtn

        vtn(prog_name="vtn")
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in EXTRA:
            raise
        sys.exit(f'vtn: {error.name} is not installed: pip install "feederguard[vtn]"')


if __name__ == "__main__":
    main()
