"""What the local API does not do: a status of HTTP, and a sentence for the person who asked."""


class Refusal(Exception):
    def __init__(self, status: int, why: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(why)
        self.status = status
        self.why = why
        self.headers = headers or {}
