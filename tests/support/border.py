"""Finds in `ui/` what breaks the border between window and application, by reading the source."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent.parent / "bloodcells_gui"
CONTROLLER = "ui/review.py"
SESSION = "CaseSession"
# Classes of the application whose instances the window holds: nobody asks which of them something is.
HELD = {SESSION, "Workspace", "AnalysisJob", "Intake"}
# Methods of the case file that write an act into it.
_STORE_WRITES = {"append", "add_cells", "sign", "set_draft"}


def _last_name(node: ast.expr) -> str:
    """`c` of `a.b.c`, `a` of `a`; "" for anything else."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _annotation(node: ast.expr | None) -> str:
    """The class that an annotation names, `None` beside it or not."""
    if isinstance(node, ast.BinOp):
        return _annotation(node.left) or _annotation(node.right)
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    return _last_name(node) if node is not None else ""


def _arguments(function: ast.FunctionDef) -> Iterator[ast.arg]:
    yield from (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)


def _called(node: ast.AST) -> Iterator[ast.expr]:
    for found in ast.walk(node):
        if isinstance(found, ast.Call):
            yield found.func


@dataclass
class Writers:
    """What of the application changes an open case.

    Attributes
    ----------
    functions : dict of str to str
        Function -> its module, of those that are given a session.
    methods : dict of str to set of str
        Class -> its methods, of the session itself and of classes that hold one.
    """

    functions: dict[str, str] = field(default_factory=dict)
    methods: dict[str, set[str]] = field(default_factory=dict)

    def writes(self, node: ast.FunctionDef, owner: str = "") -> bool:
        """Whether a function, or a method of `owner`, changes a case that it is given or that it holds."""
        given = {a.arg for a in _arguments(node) if _annotation(a.annotation) == SESSION}
        for called in _called(node):
            if isinstance(called, ast.Name) and called.id in self.functions:
                return True
            if isinstance(called, ast.Attribute):
                holder = _last_name(called.value)
                kept = isinstance(called.value, ast.Attribute) and holder in ("session", "_session")
                if holder == "self" and called.attr in self.methods.get(owner, ()):
                    return True
                if (kept or holder in given) and called.attr in self.methods.get(SESSION, ()):
                    return True
                if holder in ("store", "_store") and called.attr in _STORE_WRITES:
                    return True
        return False


def find_writers(app: Path = PACKAGE / "app") -> Writers:
    """Everything in `app/` that changes an open case, by what it calls in turn."""
    found = Writers()
    trees = {path.stem: ast.parse(path.read_text("utf-8")) for path in sorted(app.glob("*.py"))}
    size = -1
    while size != (size := len(found.functions) + sum(map(len, found.methods.values()))):
        for module, tree in trees.items():
            for node in tree.body:
                if isinstance(node, ast.FunctionDef):
                    given = any(_annotation(a.annotation) == SESSION for a in _arguments(node))
                    if given and found.writes(node):
                        found.functions[node.name] = module
                elif isinstance(node, ast.ClassDef):
                    for method in node.body:
                        if isinstance(method, ast.FunctionDef) and found.writes(method, node.name):
                            found.methods.setdefault(node.name, set()).add(method.name)
    return found


class _Names(ast.NodeVisitor):
    """Which names of a file hold a session, or something that writes into one."""

    def __init__(self, classes: set[str]) -> None:
        self.classes = classes
        self.held = {"session": SESSION, "_session": SESSION, "drafts": "Drafts"}

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        for argument in _arguments(node):
            self._bind(argument.arg, _annotation(argument.annotation))
        self._bind(node.name, _annotation(node.returns))
        self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self._bind(_last_name(node.target), _annotation(node.annotation))
        self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> None:
        value = node.value.func if isinstance(node.value, ast.Call) else node.value
        name = _last_name(value)
        for target in node.targets:
            self._bind(_last_name(target), self.held.get(name, name))
        self.generic_visit(node)

    def _bind(self, name: str, kind: str) -> None:
        if name and kind in self.classes:
            self.held[name] = kind


def violations(source: str, name: str, writers: Writers) -> list[str]:
    """Return "file:line: what is wrong" of one file of `ui/`, whose path below the package is `name`."""
    tree = ast.parse(source)
    names = _Names(set(writers.methods) | {SESSION})
    names.visit(tree)
    names.visit(tree)  # a name may be used above the line that says what it holds
    found = list(_about_any(tree))
    for node in ast.walk(tree):
        found += ((line, what) for line, what in _about_types(node))
        if name != CONTROLLER:
            found += ((line, what) for line, what in _about_writing(node, names.held, writers))
    return [f"{name}:{line}: {what}" for line, what in sorted(set(found))]


def _about_types(node: ast.AST) -> Iterator[tuple[int, str]]:
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or len(node.args) < 2:
        return
    second = node.args[1]
    if node.func.id in ("hasattr", "getattr", "setattr") and isinstance(second, ast.Constant):
        yield node.lineno, f"{node.func.id} with the name of an attribute"
    if node.func.id in ("isinstance", "issubclass"):
        kinds = {_last_name(n) for n in ast.walk(second) if isinstance(n, ast.expr)}
        if kinds & HELD:
            yield node.lineno, f"{node.func.id} of a class of the application"


def _about_writing(node: ast.AST, held: dict[str, str], writers: Writers) -> Iterator[tuple[int, str]]:
    if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("bloodcells_gui.app"):
        for alias in node.names:
            if writers.functions.get(alias.name) == (node.module or "").rsplit(".", 1)[-1]:
                yield node.lineno, f"imports {alias.name}, which changes a case"
    if not isinstance(node, ast.Attribute):
        return
    holder = _last_name(node.value)
    if writers.functions.get(node.attr) == holder:
        yield node.lineno, f"uses {holder}.{node.attr}, which changes a case"
    kind = held.get(holder, "")
    if node.attr in writers.methods.get(kind, ()):
        yield node.lineno, f"uses {kind}.{node.attr}, which changes a case"
    if kind == SESSION and node.attr == "store":
        yield node.lineno, "reaches through the session into the case file"
    if kind == SESSION and isinstance(node.ctx, ast.Store | ast.Del):
        yield node.lineno, f"sets the session's {node.attr}"


def _about_any(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """`Any` in a file that is given a case, the workspace or an analysis."""
    imported = {a.name for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) for a in n.names}
    if imported & (HELD | {"ReviewController"}):
        for node in ast.walk(tree):
            if isinstance(node, ast.Name) and node.id == "Any":
                yield node.lineno, "Any"
