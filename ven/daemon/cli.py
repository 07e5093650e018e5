"""The program `ven`, and what it says when only the library is installed."""

import sys
from typing import Final

EXTRA: Final = frozenset({"click", "rich", "structlog"})


def main() -> None:
    """Exit codes: 0 done, 1 refused or failed, 2 wrong usage or a wrong setting."""
    try:
        from ven.daemon import commands

        commands.main()
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing not in EXTRA:
            raise
        sys.exit(f'ven: {missing} is not installed: pip install "feederguard[daemon]"')


if __name__ == "__main__":
    main()
