"""A second reader of an export, written from the description alone: no code of ours, other algorithms.

It knows the chain, the tree, the signatures and the erasures, and answers yes or no. It holds the whole file in
memory, builds the tree level by level, and checks bottom up.
"""

import hashlib
import json
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


def canonical(value: Any) -> bytes:
    """RFC 8785 for what our records hold; keys compare by their UTF-16 code units."""
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: [int.from_bytes(p) for p in _pairs(key.encode("utf-16-be"))])
        inner = b",".join(canonical(key) + b":" + canonical(value[key]) for key in keys)
        return b"{" + inner + b"}"
    if isinstance(value, list):
        return b"[" + b",".join(canonical(item) for item in value) + b"]"
    assert value is None or isinstance(value, str | int)
    return json.dumps(value, ensure_ascii=False).encode()


def _pairs(raw: bytes) -> list[bytes]:
    return [raw[i : i + 2] for i in range(0, len(raw), 2)]


def tree_root(leaves: list[bytes]) -> bytes:
    """Level by level; an odd node out rises unchanged, which gives the tree of RFC 6962."""
    level = leaves or [hashlib.sha256(b"").digest()]
    while len(level) > 1:
        joined = [
            hashlib.sha256(b"\x01" + a + b).digest() for a, b in zip(level[::2], level[1::2], strict=False)
        ]
        level = joined + level[len(joined) * 2 :]
    return level[0]


def believes(export: bytes, public_key: bytes | None = None) -> bool:
    try:
        return _believes(export, public_key)
    except (AssertionError, InvalidSignature, KeyError, IndexError, TypeError, ValueError):
        return False


def _believes(export: bytes, public_key: bytes | None) -> bool:
    assert export.endswith(b"\n")
    lines = export[:-1].split(b"\n")
    items = [json.loads(line) for line in lines]
    assert all(canonical(item) == line for item, line in zip(items, lines, strict=True))
    header, key = items[0], unhex(items[1]["body"]["public_key"])
    assert public_key in (None, key)
    leaves: list[bytes] = []
    digests, erased, holes, sealed, seals = [b"\0" * 32], [], [], 0, 0
    for item, line in zip(items[1:], lines[1:], strict=True):
        kind = item.get("kind")
        if kind == "checkpoint":
            _check_signature(item, key)
            assert item["size"] == len(leaves)
            assert item["root"] == tree_root(leaves).hex()
            assert item["chain_head"] == digests[-1].hex()
            sealed, seals = len(leaves), seals + 1
            continue
        assert item["seq"] == len(leaves)
        if kind == "hole":
            holes.append(item["seq"])
            leaves.append(unhex(item["leaf"]))
            digests.append(unhex(item["digest"]))
            continue
        assert kind is None
        assert item["log_id"] == header["log_id"]
        assert item["prev"] == digests[-1].hex()
        if item["type"] == "erased" and "first" in item["body"]:
            erased.append((item["body"]["first"], item["body"]["last"], item["seq"]))
        leaves.append(hashlib.sha256(b"\x00" + line).digest())
        digests.append(hashlib.sha256(line).digest())
    _check_signature(header, key)
    assert header["kind"] == "export"
    assert (header["size"], header["checkpoints"]) == (len(leaves), seals)
    assert header["chain_head"] == digests[-1].hex()
    return all(any(a <= hole <= b and hole < at < sealed for a, b, at in erased) for hole in holes)


def unhex(text: str) -> bytes:
    raw = bytes.fromhex(text)
    assert raw.hex() == text
    return raw


def _check_signature(item: dict[str, Any], key: bytes) -> None:
    assert item["key_id"] == hashlib.sha256(key).hexdigest()
    signed = canonical({name: value for name, value in item.items() if name != "signature"})
    Ed25519PublicKey.from_public_bytes(key).verify(unhex(item["signature"]), signed)
