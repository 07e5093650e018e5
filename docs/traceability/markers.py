"""What the tests claim to prove, read from their syntax trees: nothing is imported or run."""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Proof:
    """A test that bears `@pytest.mark.proves(id)`, on itself, on its class or on its module."""

    id: str
    path: Path
    test: str

    @property
    def sentence(self) -> str:
        return self.test.removeprefix("test_").replace("_", " ")


def proofs_below(folder: Path) -> tuple[Proof, ...]:
    """All proofs in the `test_*.py` files below a folder, in the order of paths and lines."""
    return tuple(proof for path in sorted(folder.rglob("test_*.py")) for proof in proofs_in(path))


def proofs_in(path: Path) -> Iterator[Proof]:
    tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
    return _proofs(tree.body, (), path)


def _proofs(body: list[ast.stmt], inherited: tuple[str, ...], path: Path) -> Iterator[Proof]:
    inherited += tuple(id_ for statement in body if _is_pytestmark(statement) for id_ in _claims(statement))
    for statement in body:
        if isinstance(statement, ast.ClassDef):
            yield from _proofs(statement.body, inherited + _claimed_by(statement), path)
        elif isinstance(statement, Function) and statement.name.startswith("test_") and _runs(statement):
            for id_ in dict.fromkeys(inherited + _claimed_by(statement)):
                yield Proof(id_, path, statement.name)


def _is_pytestmark(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Assign) and any(
        isinstance(target, ast.Name) and target.id == "pytestmark" for target in statement.targets
    )


def _claimed_by(definition: ast.ClassDef | Function) -> tuple[str, ...]:
    return tuple(id_ for decorator in definition.decorator_list for id_ in _claims(decorator))


def _claims(node: ast.AST) -> Iterator[str]:
    """Also inside of `pytest.param(..., marks=...)`: a case of a test is part of the test."""
    for call in ast.walk(node):
        if isinstance(call, ast.Call) and _mark_name(call.func) == "proves":
            for argument in call.args:
                if not (isinstance(argument, ast.Constant) and isinstance(argument.value, str)):
                    raise ValueError(f"line {call.lineno}: proves() takes plain strings")
                yield argument.value


def _runs(test: Function) -> bool:
    """A test that is skipped or expected to fail proves nothing."""
    names = {_mark_name(node) for decorator in test.decorator_list for node in _attributes(decorator)}
    return names.isdisjoint({"skip", "xfail"})


def _attributes(node: ast.AST) -> Iterable[ast.Attribute]:
    return (part for part in ast.walk(node) if isinstance(part, ast.Attribute))


def _mark_name(node: ast.expr) -> str | None:
    """The name of a mark: x for `pytest.mark.x` and for `mark.x`."""
    match node:
        case ast.Attribute(value=ast.Attribute(attr="mark") | ast.Name(id="mark"), attr=name):
            return name
    return None
