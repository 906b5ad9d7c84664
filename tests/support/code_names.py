"""What the sources define, for comparison with texts that name modules, classes and functions."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PACKAGE = "bloodcells_gui"
#: Folders of sources. A name may leave out the first two: `storage.lock`, `study.vgg`.
SOURCES = (PACKAGE, "scripts", "tests", "packaging")
_SHORT = (f"{PACKAGE}.", "scripts.")


@dataclass(slots=True)
class Code:
    """An index of the sources.

    Attributes
    ----------
    modules : dict of str to set of str
        Full dotted name -> names bound at the module's top level.
    classes : dict of str to set of str
        Name of a class -> its members, those of its bases in this code included.
    words : set of str
        Every word of the sources but for comments on lines of their own.
    """

    modules: dict[str, set[str]] = field(default_factory=dict)
    classes: dict[str, set[str]] = field(default_factory=dict)
    words: set[str] = field(default_factory=set)

    def full_name(self, dotted: str) -> str | None:
        """Return the module or package that `dotted` names, its first folder left out or not."""
        for name in (dotted, *(prefix + dotted for prefix in _SHORT)):
            if name in self.modules:
                return name
        return None

    def defines(self, dotted: str) -> bool | None:
        """Say whether the code defines a dotted name; None where the name speaks of something else.

        The first part decides: a package or module (`storage.lock.CaseLock`, also by its last name alone:
        `resume.SAMPLED`) or a class (`CaseSession.act`).
        """
        parts = dotted.split(".")
        for n in range(len(parts), 0, -1):
            module = self.full_name(".".join(parts[:n]))
            if module is not None:
                return self._has(self.modules[module], parts[n:])
        if parts[0] in self.classes:
            return self._has(self.classes[parts[0]], parts[1:])
        named = [names for full, names in self.modules.items() if full.split(".")[-1] == parts[0]]
        if any(self.full_name(p) for p in (parts[0], f"{parts[0]}.{parts[-1]}")):
            return False
        return any(self._has(names, parts[1:]) for names in named) if named else None

    def _has(self, names: set[str], rest: list[str]) -> bool:
        if not rest:
            return True
        if rest[0] not in names:
            return False
        return (
            self._has(self.classes[rest[0]], rest[1:]) if len(rest) > 1 and rest[0] in self.classes else True
        )


def _targets(node: ast.AST) -> Iterator[str]:
    """Yield the names that a statement binds."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
        for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
            yield from (n.id if isinstance(n, ast.Name) else n.attr for n in ast.walk(target)
                        if isinstance(n, ast.Name | ast.Attribute))  # fmt: skip
    elif isinstance(node, ast.Import | ast.ImportFrom):
        yield from (alias.asname or alias.name.split(".")[0] for alias in node.names)
    elif isinstance(node, ast.If | ast.Try | ast.With):
        for inner in ast.iter_child_nodes(node):
            yield from _targets(inner)


def _members(node: ast.ClassDef) -> set[str]:
    """Names in the body of a class, and what its methods set on `self`."""
    names = {name for inner in node.body for name in _targets(inner)}
    for inner in ast.walk(node):
        if isinstance(inner, ast.Attribute) and isinstance(inner.ctx, ast.Store):
            names.add(inner.attr)
    return names


@cache
def code() -> Code:
    """Read all sources once."""
    found, bases = Code(), {}
    for folder in SOURCES:
        for path in sorted((ROOT / folder).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            for n in range(1, len(parts)):
                found.modules.setdefault(".".join(parts[:n]), set())
            text = path.read_text(encoding="utf-8")
            tree = ast.parse(text)
            found.modules.setdefault(name, set()).update(n for node in tree.body for n in _targets(node))
            for node in tree.body:
                if isinstance(node, ast.ClassDef):
                    found.classes.setdefault(node.name, set()).update(_members(node))
                    bases.setdefault(node.name, set()).update(
                        ast.unparse(b).split(".")[-1] for b in node.bases
                    )
            if path.name != "test_documents.py":  # which names what does not exist
                found.words.update(re.findall(r"\w+", re.sub(r"(?m)^\s*#.*", "", text)))
    for _ in range(4):  # deeper than any line of ancestors here
        for name, parents in bases.items():
            for parent in parents & found.classes.keys():
                found.classes[name] |= found.classes[parent]
    return found


@cache
def card_keys() -> frozenset[str]:
    """Return the keys of the model cards, alone and dotted: `leaf_share`, `calibration.leaf_share`."""

    def keys(value: object, prefix: str = "") -> Iterator[str]:
        if isinstance(value, dict):
            for key, inner in value.items():
                yield from (str(key), prefix + str(key))
                yield from keys(inner, f"{prefix}{key}.")

    cards = [json.loads(path.read_text(encoding="utf-8")) for path in ROOT.glob("models/*/card.json")]
    return frozenset(key for card in cards for key in keys(card))
