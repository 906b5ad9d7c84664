"""The borders of the layers, checked by a tool, and proof that the tool sees a violation."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.support import border

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "bloodcells_gui"
LONGEST_FILE = 450
# (what is found, the file of `ui/` that holds it, its source)
AGAINST_THE_BORDER = [
    ("Any", "ui/x.py", "from bloodcells_gui.app.session import CaseSession\ncase: Any"),
    ("hasattr with the name", "ui/x.py", "may_add = hasattr(self.session, 'add_cell')"),
    ("getattr with the name", "ui/x.py", "add = getattr(session, 'add_cell', None)"),
    ("isinstance of a class", "ui/x.py", "if isinstance(page.session, CaseSession | None): pass"),
    ("uses CaseSession.relabel", "ui/x.py", "page.session.relabel([1], 'LY')"),
    ("uses CaseSession.undo", "ui/x.py", "class P:\n    def go(self): self._write(self._session.undo)"),
    ("uses CaseSession.note", "ui/x.py", "def add(case: CaseSession | None) -> None: case.note('x')"),
    ("uses CaseSession.grade", "ui/x.py", "case = self.controller.session\ncase.grade('a', '1+')"),
    ("uses Drafts.keep", "ui/x.py", "self.session.drafts.keep('comment', 'x')"),
    ("uses Counter.press", "ui/x.py", "class P:\n    def __init__(self, tally: Counter): self.t = tally\n"
     "    def go(self): self.t.press('LY')"),
    ("uses SecondReading.label", "ui/x.py", "reading = SecondReading(case, 'B')\nreading.label(1, 'LY')"),
    ("imports sign", "ui/x.py", "from bloodcells_gui.app.signing import sign"),
    ("uses case_details.import_analyser", "ui/x.py", "case_details.import_analyser(case, path)"),
    ("into the case file", "ui/x.py", "self.session.store.check_seals()"),
    ("sets the session's author", "ui/x.py", "page.session.author = 'B. Reader'"),
]  # fmt: skip

# (contract broken, file that gets the line, line)
VIOLATIONS = [
    ("layers point one way", "domain/__init__.py", "import bloodcells_gui.storage"),
    ("layers point one way", "imaging/__init__.py", "import bloodcells_gui.inference"),
    ("layers point one way", "report/__init__.py", "import bloodcells_gui.app"),
    ("Qt stays in the user interface", "app/__init__.py", "import PySide6.QtCore"),
    ("Qt stays in the user interface", "report/__init__.py", "import pyqtgraph"),
    ("onnxruntime is imported in inference/session.py alone", "ui/__init__.py", "import onnxruntime"),
    ("onnxruntime is imported in inference/session.py alone", "inference/__init__.py", "import onnxruntime"),
    ("SQLite stays in storage", "app/__init__.py", "import sqlite3"),
    ("layers point one way", "report/__init__.py", "import bloodcells_gui.connect"),
    ("Qt stays in the user interface", "connect/__init__.py", "import PySide6.QtGui"),
    ("SQLite stays in storage", "connect/__init__.py", "import sqlite3"),
    ("the network stays in connect/peer.py", "app/__init__.py", "import socket"),
    ("the network stays in connect/peer.py", "connect/__init__.py", "import asyncio"),
    ("torch stays in scripts", "inference/__init__.py", "import torch"),
    ("torch stays in scripts", "storage/__init__.py", "import pickle"),
    (
        "Dask is imported where app hands tasks out and works on them alone",
        "cli/__init__.py",
        "import distributed",
    ),
    ("Dask is imported where app hands tasks out and works on them alone", "app/batch.py", "import dask"),
    ("psycopg is imported in storage/lab/database.py alone", "storage/__init__.py", "import psycopg"),
    ("argon2 is imported in storage/lab/hashing.py alone", "app/__init__.py", "import argon2"),
    (
        "of what lies below app, the user interface and the command line see only the domain",
        "ui/__init__.py",
        "import bloodcells_gui.storage",
    ),
    (
        "of what lies below app, the user interface and the command line see only the domain",
        "cli/__init__.py",
        "import bloodcells_gui.imaging",
    ),
]


def tracked(*patterns: str) -> list[str]:
    """Paths that git tracks; the tests about them are skipped in an unpacked archive."""
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    done = subprocess.run(
        [git, "ls-files", "-z", "--", *patterns], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [path for path in done.stdout.split("\0") if path and (ROOT / path).is_file()]


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the contracts of `folder`/pyproject.toml on the package in `folder`."""
    code = "import sys; sys.path.insert(0, '.'); from importlinter.cli import lint_imports_command as c; c()"
    return subprocess.run(
        [sys.executable, "-c", code, "--no-cache", "--no-logo"],
        cwd=folder, env={**os.environ, "COLUMNS": "300"}, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_the_borders_hold() -> None:
    done = lint_imports(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


@pytest.fixture(scope="module")
def broken_report(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The tool's report on a copy of the package in which every violation is planted at once."""
    copy = tmp_path_factory.mktemp("planted")
    shutil.copy(ROOT / "pyproject.toml", copy)
    shutil.copytree(ROOT / PACKAGE, copy / PACKAGE, ignore=shutil.ignore_patterns("__pycache__", "_data"))
    for _, path, line in VIOLATIONS:
        with (copy / PACKAGE / path).open("a", encoding="utf-8") as file:
            file.write(f"\n{line}\n")
    done = lint_imports(copy)
    assert done.returncode != 0, done.stdout
    return done.stdout


@pytest.mark.parametrize(("contract", "path", "line"), VIOLATIONS)
def test_a_planted_violation_is_caught(broken_report: str, contract: str, path: str, line: str) -> None:
    assert f"{contract} BROKEN" in broken_report
    section = re.split(r"\n(?=[^\n]+\n-{10,}\n)", broken_report.split(f"\n{contract}\n---", 1)[1])[0]
    module = f"{PACKAGE}.{path.removesuffix('.py').removesuffix('/__init__').replace('/', '.')}"
    target = line.split()[1]
    external = target if target.startswith(PACKAGE) else target.split(".")[0]
    assert re.search(rf"{re.escape(module)} -> {re.escape(external)}\b", section), section


def test_every_contract_has_been_seen_to_fail() -> None:
    names = set(re.findall(r'^name = "(.+)"$', (ROOT / "pyproject.toml").read_text("utf-8"), re.MULTILINE))
    names.discard("bloodcells-gui")
    assert names == {contract for contract, _, _ in VIOLATIONS}


def test_the_picture_of_the_layers_shows_the_contracts() -> None:
    from scripts.tools.layers_picture import PICTURE, draw

    assert PICTURE.read_text(encoding="utf-8") == draw(), (
        "draw it anew: python -m scripts.tools.layers_picture"
    )


def test_the_picture_follows_a_change_of_the_contracts() -> None:
    from scripts.tools.layers_picture import allowed, contracts, layers

    rules = contracts()
    packages = [name for row in layers(rules) for name in row]
    assert packages[-1] == "domain"
    assert set(packages) - {"__main__"} == {
        p.name for p in (ROOT / PACKAGE).iterdir() if (p / "__init__.py").is_file()
    }
    assert (allowed(rules, "PySide6", packages), allowed(rules, "sqlite3", packages)) == (["ui"], ["storage"])
    rules[0]["layers"] = ["ui", "domain | storage"]
    assert layers(rules) == [["ui"], ["domain", "storage"]]


IMPORT_WITHOUT_QT = """
import importlib, pkgutil, sys

class NoQt:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"PySide6", "shiboken6", "pyqtgraph", "torch"}:
            raise ImportError(f"{name} must not be imported here")
        return None

sys.meta_path.insert(0, NoQt())
import bloodcells_gui
count = 0
for module in pkgutil.walk_packages(bloodcells_gui.__path__, "bloodcells_gui."):
    if module.name.startswith("bloodcells_gui.ui"):
        continue
    importlib.import_module(module.name)
    count += 1
print(count)
"""


def test_everything_but_the_window_imports_without_qt() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", IMPORT_WITHOUT_QT],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 20


def test_the_import_blocker_blocks() -> None:
    code = IMPORT_WITHOUT_QT.replace("import bloodcells_gui\n", "import bloodcells_gui.ui.theme\n")
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "must not be imported here" in done.stderr


def test_the_window_starts_without_what_writes_pdf() -> None:
    """It takes a sixth of the start to load, and is needed when the first report is written or previewed."""
    code = "import sys, bloodcells_gui.ui.start; print(*{'fpdf', 'fontTools', 'PIL'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, ""), done.stderr


@pytest.fixture(scope="module")
def writers() -> border.Writers:
    return border.find_writers()


def test_the_window_changes_a_case_through_the_controller_alone(writers: border.Writers) -> None:
    found = []
    for path in sorted((border.PACKAGE / "ui").rglob("*.py")):
        name = path.relative_to(border.PACKAGE).as_posix()
        found += border.violations(path.read_text("utf-8"), name, writers)
    assert found == []


def test_what_changes_a_case_is_found_by_what_it_calls(writers: border.Writers) -> None:
    assert {"act", "add_cell", "confirm", "set_field", "undo"} <= writers.methods["CaseSession"]
    assert not {"view", "history", "subscribe", "absorb", "close"} & writers.methods["CaseSession"]
    assert writers.methods["Counter"] == {"press", "less", "take_back"}
    # Through another function, through the case file itself, and through nothing at all.
    assert {"sign": "signing", "set_analyser": "case_details"}.items() <= writers.functions.items()
    assert not {"signing_checks", "export", "compare", "analyser_rows"} & set(writers.functions)


@pytest.mark.parametrize(("what", "name", "source"), AGAINST_THE_BORDER)
def test_what_breaks_the_border_is_seen(what: str, name: str, source: str, writers: border.Writers) -> None:
    found = border.violations(source, name, writers)
    assert len(found) == 1, found
    assert what in found[0]


def test_the_controller_may_write(writers: border.Writers) -> None:
    assert border.violations("self.session.note('x')", border.CONTROLLER, writers) == []


@pytest.mark.parametrize("path", ["bloodcells_gui/ui/x.py", "scripts/tools/x.py", "tests/ui/test_x.py"])
def test_private_access_is_seen_by_ruff(path: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--no-cache", "--stdin-filename", path, "-"],
        input="def go(window: object) -> None:\n    window._continue()\n",
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "SLF001" in done.stdout, done.stdout + done.stderr


def test_no_machine_paths_in_tracked_files() -> None:
    # Spelled in pieces so that this file does not find itself.
    words = ["/" + "work/", "bash_" + "jobs", r"\.libr" + "ary/"]
    pattern = re.compile("|".join(words))
    found = []
    for path in tracked():
        try:
            text = (ROOT / path).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        found += [f"{path}:{i}" for i, line in enumerate(text.splitlines(), 1) if pattern.search(line)]
    assert found == []


def test_files_stay_small_enough_to_read() -> None:
    lengths = {path: len((ROOT / path).read_text(encoding="utf-8").splitlines()) for path in tracked("*.py")}
    assert {path: n for path, n in lengths.items() if n > LONGEST_FILE} == {}


def homeless(tests: list[str], modules: set[str]) -> list[str]:
    """Test files that name no module of their package and lie in no folder `scenarios`.

    `tests/storage/test_case_transfer.py` is about `storage/case_transfer.py`;
    `tests/storage/test_case_untrusted.py` is a further file on `storage/case.py`.
    """
    found = []
    for path in tests:
        folders, name = Path(path).parts[1:-1], Path(path).stem.removeprefix("test_")
        if not folders or "scenarios" in folders:
            continue  # tests/test_*.py are about the repository as a whole
        home = "/".join(folders) if folders[0] == "scripts" else "/".join((PACKAGE, *folders))
        words = name.split("_")
        names = ("_".join(words[:n]) for n in range(1, len(words) + 1))
        if not any(f"{home}/{module}{end}" in modules for module in names for end in (".py", "/__init__.py")):
            found.append(path)
    return found


def test_tests_lie_where_their_module_lies() -> None:
    modules = set(tracked(f"{PACKAGE}/*.py", "scripts/*.py"))
    assert homeless(tracked("tests/*test_*.py"), modules) == []
    planted = [
        "tests/storage/test_case_untrusted.py",
        "tests/storage/test_words.py",
        "tests/hostile/test_case.py",
        "tests/ui/scenarios/test_words.py",
        "tests/scripts/tools/test_fuzz.py",
        "tests/scripts/test_fuzz.py",
    ]
    assert homeless(planted, modules) == [planted[1], planted[2], planted[5]]


def borrowed(sources: Mapping[str, str]) -> list[str]:
    """Imports of one test file by another: what two files need belongs to `tests/support`."""
    line = re.compile(r"^\s*(?:from|import) (tests\.(?:\w+\.)*test_\w+)", re.MULTILINE)
    return sorted(f"{path}: {match[1]}" for path, text in sources.items() for match in line.finditer(text))


def test_no_test_imports_from_another_test_file() -> None:
    sources = {path: (ROOT / path).read_text(encoding="utf-8") for path in tracked("tests/*.py")}
    assert borrowed(sources) == []
    assert borrowed({"a.py": "from tests.app.test_copies import engine"}) == ["a.py: tests.app.test_copies"]


def test_no_file_too_big_to_clone() -> None:
    assert [path for path in tracked() if (ROOT / path).stat().st_size > 25_000_000] == []


#: Words of the program that one module defines and the others import.
ONE_HOME = {
    ".bcs": "domain/file_names.py",
    "EXCLUDED": "domain/review_state/cell_states.py",
    " ({})": "domain/file_names.py",
}


def literals(tree: ast.AST) -> Iterator[str]:
    """The strings of a module that are values: no docstrings."""
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
            yield node.value


#: Lengths that only happen to be equal: a tile that is drawn, one that is shown, one that is searched.
SAME_BY_CHANCE = {"TILE_PX"}
_LENGTH = re.compile(r"\w+_(UM|MM|PX|MPP)")


def repeated_constants(sources: Mapping[str, str]) -> list[str]:
    """Texts, sets and lengths that several modules define by the same name and the same value."""
    homes: dict[tuple[str, str], set[str]] = {}
    for path, text in sources.items():
        for node in ast.parse(text).body:
            if not isinstance(node, ast.Assign | ast.AnnAssign) or node.value is None:
                continue
            value = ast.unparse(node.value)
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                name = target.id.strip("_") if isinstance(target, ast.Name) else ""
                telling = _LENGTH.fullmatch(name) or isinstance(node.value, ast.Call) or value[0] in "'\"[{("
                if name.isupper() and name not in SAME_BY_CHANCE and telling:
                    homes.setdefault((name, value), set()).add(path)
    return sorted(f"{name} = {value}" for (name, value), paths in homes.items() if len(paths) > 1)


def test_a_constant_is_defined_once() -> None:
    sources = {str(path): path.read_text(encoding="utf-8") for path in (ROOT / PACKAGE).rglob("*.py")}
    assert repeated_constants(sources) == ["OWN = 'own'", "T = TypeVar('T')"]


def test_a_constant_defined_twice_is_found() -> None:
    one, other = "_GAP_UM = 4.0\n", "GAP_UM: float = 4.0\nN = 3\n"
    assert repeated_constants({"a": one, "b": other, "c": "N = 3\n"}) == ["GAP_UM = 4.0"]
    text = 'ADVICE = N_("Copy it again.")\n'
    assert repeated_constants({"a": text, "b": text}) == ["ADVICE = N_('Copy it again.')"]


def test_a_word_of_the_program_is_defined_once() -> None:
    found: dict[str, set[str]] = {word: set() for word in ONE_HOME}
    for path in (ROOT / PACKAGE).rglob("*.py"):
        for text in literals(ast.parse(path.read_text(encoding="utf-8"))):
            if text in ONE_HOME:
                found[text].add(path.relative_to(ROOT / PACKAGE).as_posix())
    assert found == {word: {home} for word, home in ONE_HOME.items()}


LONGEST_FUNCTION = 60


def code_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function without its docstring, which is not to be shortened for the code's sake."""
    lines = (function.end_lineno or function.lineno) - function.lineno + 1
    if ast.get_docstring(function) is not None:
        text = function.body[0]
        lines -= (text.end_lineno or text.lineno) - text.lineno + 1
    return lines


def long_functions(source: str) -> dict[str, int]:
    functions = (
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    return {f.name: code_lines(f) for f in functions if code_lines(f) > LONGEST_FUNCTION}


def test_a_function_fits_on_a_screen() -> None:
    found = {}
    for folder in (PACKAGE, "scripts", "packaging"):
        for path in (ROOT / folder).rglob("*.py"):
            for name, lines in long_functions(path.read_text(encoding="utf-8")).items():
                found[f"{path.relative_to(ROOT).as_posix()}:{name}"] = lines
    assert found == {}


def test_a_long_function_would_be_seen() -> None:
    docstring = '    """' + "A long text.\n" * 80 + '    """\n'
    assert long_functions("def short() -> None:\n" + docstring + "    a = 1\n" * 59) == {}
    assert long_functions("def long() -> None:\n" + docstring + "    a = 1\n" * 60) == {"long": 61}
