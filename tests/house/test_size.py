"""The size law: a file up to 500 lines, a function up to 60. The exceptions are listed, and the lists only shrink."""

import ast

from tests.house.source import PACKAGE, ROOT, place, sources, tree

MAX_FILE, MAX_FUNCTION = 500, 60
LONG_FILES: dict[str, int] = {}
LONG_FUNCTIONS: dict[str, int] = {}


def test_files_are_short() -> None:
    found = {
        place(path): length
        for path in [*sources(PACKAGE), *sources(ROOT / "tests"), *sources(ROOT / "benchmarks")]
        if (length := len(path.read_text(encoding="utf-8").splitlines())) > MAX_FILE
    }
    assert {name: length for name, length in found.items() if length > LONG_FILES.get(name, 0)} == {}
    assert {name for name in LONG_FILES if name not in found} == set()


def test_functions_are_short() -> None:
    found = {}
    for path in sources(PACKAGE):
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                if length > MAX_FUNCTION:
                    found[f"{place(path)} {node.name}"] = length
    assert {name: length for name, length in found.items() if length > LONG_FUNCTIONS.get(name, 0)} == {}
    assert {name for name in LONG_FUNCTIONS if name not in found} == set()


def test_the_project_speaks_of_itself_alone() -> None:
    """No path of a machine and no registry host stands in the project."""
    import subprocess

    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    words = ("/wo" + "rk/", "/ro" + "ot/.", "pypi" + ".org", "files.python" + "hosted", "deb." + "debian.org")
    broken = []
    for name in listed.decode().split("\0"):
        path = ROOT / name
        if not name or not path.is_file() or path.suffix in (".js", ".otf", ".ttf", ".woff2", ".png", ".pdf"):
            continue
        text = path.read_text(encoding="utf-8", errors="ignore")
        broken += [f"{name}: {word}" for word in words if word in text]
    assert broken == []
