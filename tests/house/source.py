"""What the house tests read: the source files of the program, parsed once."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "cashline"
FLOW = PACKAGE / "flow"


@cache
def tree(path: Path) -> ast.Module:
    """The parsed file."""
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def sources(folder: Path = PACKAGE) -> list[Path]:
    """The Python files of the program below a folder, without migrations."""
    return sorted(path for path in folder.rglob("*.py") if "migrations" not in path.parts)


def stages() -> list[Path]:
    """The stages of the flow."""
    return sorted(path for path in FLOW.iterdir() if path.is_dir() and path.name not in ("__pycache__", "migrations"))


def domains() -> list[Path]:
    """The domains of all stages, each a folder with rooms."""
    return [
        path
        for stage in stages()
        for path in sorted(stage.iterdir())
        if path.is_dir() and path.name != "__pycache__" and (path / "__init__.py").exists()
    ]


def rule_files() -> list[Path]:
    """Every file that must be pure: the kernel, and the rules of all domains and of the platform."""
    found = [path for path in sources() if path.name == "rules.py" or "rules" in path.parent.parts]
    return sorted({*found, *sources(PACKAGE / "kernel")})


def imports(path: Path) -> Iterator[str]:
    """The dotted names of the modules that a file imports, wherever it does."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def calls(path: Path) -> Iterator[tuple[str, int]]:
    """The dotted names of what a file calls, each with its line."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node.lineno


def strings(path: Path) -> Iterator[tuple[str, int]]:
    """The texts in a file that are no docstrings, joined where they are joined in the source."""
    documented = {
        id(node.body[0].value)
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documented:
            yield node.value, node.lineno
        elif isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) for part in node.values if isinstance(part, ast.Constant)), node.lineno


def place(path: Path, line: int = 0) -> str:
    """How a finding is named."""
    name = str(path.relative_to(ROOT))
    return f"{name}:{line}" if line else name
