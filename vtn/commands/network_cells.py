"""What a cell of a network file may hold. Each reader raises `ValueError`, which says what it should have been."""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

from certs import Sha256
from oadr.charging.electricity import FLOOR_AMPS
from oadr.wire.signature import SignaturePolicy
from vtn.model.network import LONGEST_NAME

MOST_AMPS: Final = 1000


def _identifier(text: str) -> str:
    if not text:
        raise ValueError("is missing")
    return _named(text)


def _named(text: str) -> str:
    if not text.isprintable() or len(text) > LONGEST_NAME:
        raise ValueError(f"must be up to {LONGEST_NAME} printable characters")
    return text


def _watts(text: str) -> int | None:
    if not text:
        return None
    if not re.fullmatch(r"[0-9]{1,7}(\.[0-9]{1,3})?", text) or not Decimal(text):
        raise ValueError(f"must be a power in kW above zero, not {text!r}")
    return int(Decimal(text) * 1000)


def _certificate(text: str) -> Sha256 | None:
    if not text:
        return None
    digits = text.replace(":", "").lower()
    if not re.fullmatch(r"[0-9a-f]{64}", digits):
        raise ValueError("must be a SHA-256, 64 hex digits; see: certs fingerprint FILE")
    return Sha256(digits)


def _signatures(text: str) -> SignaturePolicy | None:
    if not text:
        return None
    if text not in tuple(SignaturePolicy):
        raise ValueError(f"must be one of {', '.join(SignaturePolicy)}, not {text!r}")
    return SignaturePolicy(text)


def _amps(text: str) -> Decimal:
    if not re.fullmatch(r"[0-9]{1,4}(\.[0-9]{1,2})?", text) or not FLOOR_AMPS <= Decimal(text) <= MOST_AMPS:
        raise ValueError(f"must be a current from {FLOOR_AMPS} to {MOST_AMPS} A, not {text!r}")
    return Decimal(text)


def _phases(text: str) -> int:
    if text not in ("1", "2", "3"):
        raise ValueError(f"must be 1, 2 or 3, not {text!r}")
    return int(text)


def _step(text: str) -> int:
    if text not in ("", "1", "2", "5", "10"):
        raise ValueError(f"must be 10, 5, 2 or 1 percent, not {text!r}")
    return int(text or "10")


COLUMNS: Final[Mapping[str, Callable[[str], Any]]] = {
    "feeder": _identifier,
    "feeder_name": _named,
    "feeder_rating_kw": _watts,
    "substation": _named,
    "site": _identifier,
    "site_name": _named,
    "certificate": _certificate,
    "signatures": _signatures,
    "chargepoint": _identifier,
    "rated_amps": _amps,
    "phases": _phases,
    "step": _step,
}
OPTIONAL: Final = (
    "feeder_name",
    "feeder_rating_kw",
    "substation",
    "site_name",
    "certificate",
    "signatures",
    "step",
)
OF_FEEDER: Final = ("feeder_name", "feeder_rating_kw", "substation")
OF_SITE: Final = ("site_name", "certificate", "signatures")
