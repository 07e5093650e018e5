"""The page for whoever runs the server lists what the server shows."""

from pathlib import Path

from vtn.web import metrics

PAGE = Path(__file__).parents[3] / "docs" / "operations.md"


def test_the_page_has_every_metric_as_it_is() -> None:
    assert metrics.described().strip() in PAGE.read_text(encoding="utf-8")
