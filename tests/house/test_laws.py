"""The laws of the house (docs/FLOW.md): each is checked over the whole source, so that none is only a wish."""

import ast
import re

from tests.house.source import FLOW, PACKAGE, calls, domains, imports, place, rule_files, sources, stages, strings, tree

ROOMS = {
    "__init__.py",
    "actions.py",
    "api.py",
    "commands.py",
    "jobs.py",
    "models.py",
    "pages.py",
    "queries.py",
    "rules.py",
}
FOLDER_ROOMS = {"actions", "api", "migrations", "pages", "queries", "rules", "templates"}
STAGES = ["agree", "book", "deliver", "invoice", "receive", "recognise", "report"]
IMPURE = ("django", "psycopg", "cashline.platform", "ninja", "httpx", "os", "socket", "random", "time", "requests")
IMPURE_ALLOWED = {
    "os": "ids are random: kernel/identifiers.py alone makes them",
    "time": "ids sort by time: kernel/identifiers.py alone reads it",
    "cashline.platform.documents.safe_xml": "one hardened reader of strangers' XML for all formats",
    "cashline.platform.events.rules": "the shape of an event, itself pure",
    "cashline.platform.numbering.rules": "the form of document numbers, itself pure",
    "cashline.platform.permissions.rules": "the roles, themselves pure",
}
CLOCKS = re.compile(r"(^|\.)(now|today|utcnow|localtime|monotonic)$")
CLOCK_ROOM = PACKAGE / "platform" / "clock" / "queries.py"


def test_the_folder_tree_is_the_flow() -> None:
    """Law 1."""
    assert [stage.name for stage in stages()] == sorted(STAGES) == STAGES


def test_rules_are_pure() -> None:
    """Law 3: no framework, no database, no outside, no clock and no other room in a rule."""
    broken = []
    for path in rule_files():
        for name in imports(path):
            impure = name.startswith(tuple(f"{one}." for one in IMPURE)) or name in IMPURE
            allowed = any(name == one or name.startswith(f"{one}.") for one in IMPURE_ALLOWED)
            allowed = allowed and (name not in ("os", "time") or path.name == "identifiers.py")
            room = re.search(r"\.(queries|actions|models|api|pages|jobs|commands)(\.|$)", name)
            if (impure and not allowed) or (room and name.startswith("cashline.")):
                broken.append(f"{place(path)} imports {name}")
    assert broken == []


def test_the_clock_is_read_in_one_place() -> None:
    """Law 5: `now` and `today` are arguments; only the clock asks the machine what time it is."""
    broken = [
        f"{place(path, line)} calls {name}"
        for path in sources()
        if path != CLOCK_ROOM
        for name, line in calls(path)
        if re.search(r"(datetime|date|timezone)\.(now|today|utcnow)$", name)
    ]
    assert broken == []


def test_no_float_holds_money_and_rounding_is_one_module() -> None:
    """Law 6: no `float()`, no `round()`, no `quantize` outside the kernel's rounding in what computes or stores."""
    rounding = {PACKAGE / "kernel" / "rounding.py", PACKAGE / "kernel" / "derivations.py"}
    rounding.add(FLOW / "report" / "audit" / "recompute.py")  # it imports nothing of ours, so it rounds by itself
    broken = []
    for path in [*sources(FLOW), *sources(PACKAGE / "kernel")]:
        if path in rounding or path.name in ("pages.py",) or "pages" in path.parent.parts:
            continue
        for name, line in calls(path):
            if name in ("float", "round") or name.endswith(".quantize"):
                broken.append(f"{place(path, line)} calls {name}")
    assert broken == []


def test_only_actions_write() -> None:
    """Law 4: no statement that changes rows stands anywhere in the flow but in actions (and the jobs that they are)."""
    writing = re.compile(r"^\s*(INSERT INTO|UPDATE \w+ (AS \w+ )?SET|DELETE FROM|COPY )", re.MULTILINE)
    broken = [
        f"{place(path, line)}: {text.strip()[:60]}"
        for path in sources(FLOW)
        if path.name != "actions.py" and "actions" not in path.parent.parts
        for text, line in strings(path)
        if writing.search(text)
    ]
    assert broken == []


def test_doors_read_through_queries() -> None:
    """Law 4: pages, endpoints and commands hold no SQL of their own."""
    broken = [
        place(path)
        for path in sources(FLOW)
        if path.name in ("pages.py", "api.py", "commands.py") and "cashline.platform.sql" in set(imports(path))
    ]
    assert broken == []


def test_a_status_is_never_written_by_hand() -> None:
    """Law 7: an UPDATE takes its status from the lifecycle, as a parameter and not as a word."""
    by_hand = re.compile(r"\bSET\b[^;]*\bstatus\s*=\s*'", re.IGNORECASE)
    broken = [
        f"{place(path, line)}: {text.strip()[:80]}"
        for path in sources(FLOW)
        for text, line in strings(path)
        if by_hand.search(text.split("WHERE")[0])
    ]
    assert broken == []


def test_every_domain_has_the_same_rooms() -> None:
    """Law 8."""
    broken = []
    for domain in domains():
        readme = domain / "README.md"
        if not readme.exists():
            broken.append(f"{place(domain)} has no README.md")
        elif len(readme.read_text(encoding="utf-8").splitlines()) > 60:
            broken.append(f"{place(readme)} has more than 60 lines")
        for path in domain.iterdir():
            if path.is_file() and path.suffix == ".py" and path.name not in ROOMS | EXTRA_ROOMS.get(domain.name, set()):
                broken.append(f"{place(path)} is no room")
            if path.is_dir() and path.name not in FOLDER_ROOMS | EXTRA_ROOMS.get(domain.name, set()) | {"__pycache__"}:
                broken.append(f"{place(path)} is no room")
    assert broken == []


EXTRA_ROOMS: dict[str, set[str]] = {
    "audit": {"recompute.py", "replan.py", "rebook.py"},  # the stand-alone check that goes into each pack
    "payments": {"gateways"},  # one adapter a gateway
    "provisioning": {"sandbox.py"},  # the outside, for sandboxes
}


def test_every_public_function_of_the_flow_and_kernel_says_what_it_does() -> None:
    """Docstrings: on every module and on every public function and class of rules, queries and actions."""
    broken = []
    for path in [*sources(FLOW), *sources(PACKAGE / "kernel"), *sources(PACKAGE / "platform")]:
        module = tree(path)
        if path.read_text(encoding="utf-8").strip() and not ast.get_docstring(module):
            broken.append(place(path))
        for node in module.body:
            if not isinstance(node, ast.FunctionDef | ast.ClassDef):
                continue
            if not node.name.startswith("_") and not ast.get_docstring(node):
                broken.append(place(path, node.lineno))
    assert broken == []
