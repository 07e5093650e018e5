"""XML cut where a few texts stand, so that the rest need neither be written nor read again."""

Pieces = tuple[bytes, ...]


def cut(raw: bytes, texts: tuple[bytes, ...]) -> Pieces | None:
    """What stands around `texts`, in their order; None unless each is the whole text of exactly one element.

    Only for XML without comments, CDATA, references and carriage returns: there a text is what is written between
    two tags. And only for texts as they were written: of another's look-alike this would know nothing.
    """
    pieces = []
    rest = raw
    for text in texts:
        whole = b">" + text + b"<"
        before, found, after = rest.partition(whole)
        if not found or raw.count(whole) != 1:
            return None
        pieces.append(before + b">")
        rest = b"<" + after
    return (*pieces, rest)


def filled(pieces: Pieces, texts: tuple[bytes, ...]) -> bytes:
    """`pieces` with a text between any two of them. They hold no markup, or are escaped."""
    first, *rest = pieces
    return first + b"".join(part for pair in zip(texts, rest, strict=True) for part in pair)


def texts_of(raw: bytes, pieces: Pieces) -> tuple[bytes, ...] | None:
    """The texts that make `raw` of `pieces`; None if there are none."""
    first, *rest = pieces
    if not raw.startswith(first):
        return None
    at = len(first)
    texts = []
    for piece in rest:
        end = raw.find(b"<", at)
        if end < 0 or not raw.startswith(piece, end):
            return None
        texts.append(raw[at:end])
        at = end + len(piece)
    return tuple(texts) if at == len(raw) else None
