"""What our code may not contain, found in its syntax trees."""

import ast
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("oadr", "certs", "ven", "vtn", "plugfest")
SHIPPED = tuple(path for name in PACKAGES for path in sorted((ROOT / name).rglob("*.py")))

Rule = Callable[[ast.AST], bool]


def name_of(node: ast.AST) -> str:
    """The dotted name of an expression: `ssl.CERT_NONE`; empty for anything else."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=attribute):
            return f"{name_of(value)}.{attribute}"
    return ""


def last_name(node: ast.AST) -> str:
    return name_of(node).rpartition(".")[2]


def imported(node: ast.AST) -> tuple[str, ...]:
    match node:
        case ast.Import(names=names):
            return tuple(name.name for name in names)
        case ast.ImportFrom(module=str(module), names=names, level=0):
            return tuple(f"{module}.{name.name}" for name in names)
    return ()


def imports(node: ast.AST, *packages: str) -> bool:
    return any(f"{name}.".startswith(f"{package}.") for name in imported(node) for package in packages)


def names(node: ast.AST, *forbidden: str) -> bool:
    """Whether a forbidden name is used, however it was imported."""
    return any(
        name == last or name.endswith(f".{last}")
        for name in (name_of(node), *imported(node))
        for last in forbidden
    )


def gives(node: ast.AST, *keywords: str) -> bool:
    return isinstance(node, ast.Call) and any(keyword.arg in keywords for keyword in node.keywords)


def parser_with_a_schema(node: ast.AST) -> bool:
    """A document type can crash a parser that was built with a schema."""
    return isinstance(node, ast.Call) and last_name(node.func) == "XMLParser" and gives(node, "schema")


def another_parser(node: ast.AST) -> bool:
    return names(node, "iterparse", "ETCompatXMLParser") or imports(node, "xml", "xmltodict")


def key_from_a_message(node: ast.AST) -> bool:
    return gives(node, "hmac_key", "ca_pem_file")


def clock(node: ast.AST) -> bool:
    return names(node, "time.time", "datetime.now", "datetime.utcnow", "datetime.today", "date.today")


def weak_chance(node: ast.AST) -> bool:
    return imports(node, "random") and not all(name == "random.SystemRandom" for name in imported(node))


def tls_without_identity(node: ast.AST) -> bool:
    match node:
        case ast.Assign(targets=[ast.Attribute(attr="check_hostname")], value=ast.Constant(value=False)):
            return True
    return names(node, "CERT_NONE") or (
        isinstance(node, ast.keyword)
        and node.arg == "check_hostname"
        and isinstance(node.value, ast.Constant)
        and node.value.value is False
    )


def markup_in_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and "</" in str(node.value)


def the_peer(node: ast.AST) -> bool:
    """openleadr is the stranger in our tests and the source of the schemas, never a part of us."""
    return imports(node, "openleadr")


def offences(rule: Rule, source: str) -> Iterator[int]:
    """The lines that break a rule."""
    return (getattr(node, "lineno", 0) for node in ast.walk(ast.parse(source)) if rule(node))


def places(rule: Rule, paths: tuple[Path, ...]) -> list[str]:
    return [
        f"{path.relative_to(ROOT)}:{line}"
        for path in paths
        for line in offences(rule, path.read_text(encoding="utf-8"))
    ]


def unless_named(*stems: str) -> tuple[Path, ...]:
    return tuple(path for path in SHIPPED if path.stem not in stems)


@pytest.mark.parametrize(
    ("rule", "source"),
    [
        (parser_with_a_schema, "etree.XMLParser(schema=x)"),
        (another_parser, "import xml.etree.ElementTree"),
        (another_parser, "from xml import sax"),
        (another_parser, "from lxml.etree import iterparse"),
        (another_parser, "etree.iterparse(x)"),
        (key_from_a_message, "verifier.verify(x, hmac_key=k)"),
        (clock, "datetime.now(UTC)"),
        (clock, "datetime.datetime.now()"),
        (clock, "from time import time"),
        (weak_chance, "import random"),
        (weak_chance, "from random import uniform"),
        (tls_without_identity, "context.verify_mode = ssl.CERT_NONE"),
        (tls_without_identity, "context.check_hostname = False"),
        (markup_in_text, "f'<a>{x}</a>'"),
        (the_peer, "from openleadr import OpenADRServer"),
    ],
)
def test_each_ban_finds_what_it_forbids(rule: Rule, source: str) -> None:
    assert list(offences(rule, source)) != []


@pytest.mark.parametrize(
    ("rule", "source"),
    [
        (parser_with_a_schema, "etree.XMLSchema(schema=x)"),
        (another_parser, "from oadr.wire import xmlish"),
        (clock, "clock.now()"),
        (weak_chance, "from random import SystemRandom"),
        (tls_without_identity, "context.check_hostname = True"),
        (the_peer, "from importlib.util import find_spec; find_spec('openleadr')"),
    ],
)
def test_no_ban_hits_its_neighbour(rule: Rule, source: str) -> None:
    assert list(offences(rule, source)) == []


@pytest.mark.proves("F1")
def test_no_parser_is_built_with_a_schema() -> None:
    assert places(parser_with_a_schema, SHIPPED) == []


@pytest.mark.proves("P8")
def test_lxml_is_the_only_parser_and_never_an_incremental_one() -> None:
    assert places(another_parser, SHIPPED) == []


def test_no_signature_is_verified_by_a_key_that_the_message_brings() -> None:
    assert places(key_from_a_message, SHIPPED) == []


def test_no_verifier_is_shared_by_a_module() -> None:
    """A verifier keeps the last configuration on itself: one for each call."""
    shared = [
        f"{path.relative_to(ROOT)}:{statement.lineno}"
        for path in SHIPPED
        for statement in ast.parse(path.read_text(encoding="utf-8")).body
        if not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        and any(isinstance(n, ast.Call) and last_name(n.func) == "XMLVerifier" for n in ast.walk(statement))
    ]
    assert shared == []


def test_only_clocks_and_command_lines_read_the_clock() -> None:
    assert places(clock, unless_named("clock", "cli")) == []


def test_chance_comes_from_the_system() -> None:
    """Guessable draws would let somebody foresee when a feeder's cars come back."""
    assert places(weak_chance, unless_named("simulated", "simulation")) == []


def test_no_connection_goes_without_the_identity_of_its_peer() -> None:
    assert places(tls_without_identity, SHIPPED) == []


@pytest.mark.proves("P7")
def test_no_text_contains_markup() -> None:
    assert places(markup_in_text, SHIPPED) == []


def test_the_peer_is_imported_by_interop_tests_plugfest_examples_and_benchmarks_alone() -> None:
    ours = tuple(path for path in SHIPPED if path.relative_to(ROOT).parts[0] != "plugfest")
    tests = tuple(path for path in (ROOT / "tests").rglob("*.py") if "interop" not in path.parts)
    assert places(the_peer, ours + tests) == []
