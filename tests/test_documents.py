"""The documents are true where a program can hold them to it: links, files and names of the code."""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterator
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

import pytest

from tests.support.code_names import PACKAGE, SOURCES, card_keys, code

ROOT = Path(__file__).resolve().parent.parent


def documents() -> list[Path]:
    patterns = ("*.md", "docs/**/*.md", "packaging/*.md", "models/**/*.md")
    found = [path for pattern in patterns for path in ROOT.glob(pattern)]
    assert len(found) >= 8
    return found


def broken_links(document: Path) -> list[str]:
    """Links of a Markdown file to files or headings that are not there."""
    text = re.sub(r"```.*?```", "", document.read_text(encoding="utf-8"), flags=re.DOTALL)
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        path, _, anchor = target.partition("#")
        if re.match(r"[a-z]+:", path):
            continue
        there = (document.parent / path).resolve() if path else document
        titles: list[str] = []
        given: list[str] = []
        if there.is_file() and there.suffix == ".md":
            titles = re.findall(r"^#+ (.+)$", there.read_text(encoding="utf-8"), re.MULTILINE)
            given = re.findall(r'^<a id="([\w-]+)"></a>$', there.read_text(encoding="utf-8"), re.MULTILINE)
        slugs = {re.sub(r"[^\w -]", "", t.lower()).replace(" ", "-") for t in titles} | {*given}
        if not there.exists() or (anchor and anchor not in slugs):
            broken.append(target)
    return broken


@pytest.mark.parametrize("document", documents(), ids=lambda p: p.relative_to(ROOT).as_posix())
def test_links_of_the_documents_lead_somewhere(document: Path) -> None:
    assert broken_links(document) == []


def test_a_broken_link_would_be_seen(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# A title\n[a](page.md#a-title) [b](#no-such-title) [c](missing.md) [d](https://example.org)"
    )
    assert broken_links(page) == ["#no-such-title", "missing.md"]


def test_files_named_in_the_documents_exist() -> None:
    place = re.compile(r"`((?:scripts|packaging|docs|bloodcells_gui|tests)/[\w./-]+\.\w+)`")
    # The change log names files as they were called at the time.
    texts = {d.name: d.read_text(encoding="utf-8") for d in documents() if d.name != "CHANGELOG.md"}
    named = {(name, path) for name, text in texts.items() for path in place.findall(text)}
    assert len(named) > 10
    assert [(name, path) for name, path in sorted(named) if not (ROOT / path).exists()] == []


# -- names of the code ---------------------------------------------------------------------------------

HISTORIES = {"CHANGELOG.md", "models-history.md"}  # they name things as they were called at the time
NAME = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*(\([^`]*\))?")
PATH = re.compile(r"(?<![\w/.<-])((?:[\w*-]+/)+(?:[\w*.-]+)?|\w+\.py)(?![\w/<])")
MODULE = re.compile(r"-m ((?:scripts|bloodcells_gui)[\w.]*\w)")
LOOKS_LIKE_CODE = re.compile(r"[A-Z][a-z]+\w*[A-Z]\w*|[a-z_]\w*_\w+|[A-Z]+_[A-Z_]+|\w+\(.*\)")


def missing_names(text: str) -> list[str]:
    """Names of modules, classes, functions and files in a Markdown text that the repository does not have."""
    missing = [name for name in MODULE.findall(text) if code().defines(name) is not True]
    text = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    for quoted in re.findall(r"`([^`\n]+)`", text):
        if NAME.fullmatch(quoted) and not re.search(r"\.(?:py|md|json|toml|csv|pdf|bcs|jsonl)$", quoted):
            name = quoted.partition("(")[0]
            known = code().defines(name)
            if not known and "." not in name and LOOKS_LIKE_CODE.fullmatch(quoted):
                known = name in code().words
            if known is False and not of_a_card(name):
                missing.append(quoted)
        missing += [path for path in PATH.findall(quoted) if " " not in quoted and not path_exists(path)]
    return missing


def of_a_card(name: str) -> bool:
    return name in card_keys()


@cache
def files() -> frozenset[str]:
    """Paths of files and folders from the root, and again without the package or `scripts` in front."""
    below = [path for folder in (*SOURCES, "docs", "models") for path in (ROOT / folder).rglob("*")]
    paths = {path.relative_to(ROOT).as_posix() for path in [*below, *ROOT.iterdir()]}
    return frozenset(paths | {re.sub(rf"^(?:{PACKAGE}|scripts)/", "", path) for path in paths})


@cache
def path_exists(path: str) -> bool:
    """Whether a path or pattern is there; a path outside the folders of sources is not looked for."""
    if "/" not in path:
        return path in {Path(file).name for file in files()}
    folders = {*SOURCES, *(p.name for p in (ROOT / PACKAGE).iterdir() if p.is_dir())}
    if path.partition("/")[0] not in folders:
        return True
    return path.rstrip("/") in files() or any(fnmatch(file, path) for file in files() if "*" in path)


def test_names_of_the_code_in_the_documents_exist() -> None:
    found = {d.relative_to(ROOT).as_posix(): missing_names(d.read_text("utf-8")) for d in documents()}
    found = {path: names for path, names in found.items() if Path(path).name not in HISTORIES}
    assert {path: names for path, names in found.items() if names} == {}


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("`storage.lock`, `CaseSession.act`, `domain/cell.py`, `Cell`, `calibration.leaf_share`", []),
        ("`CaseSession._act`", ["CaseSession._act"]),
        ("`storage.padlock` and `app.signing.unsign`", ["storage.padlock", "app.signing.unsign"]),
        ("`domain/cells_of_mine.py`, `storage/padlock/`", ["domain/cells_of_mine.py", "storage/padlock/"]),
        ("`make_no_such_event()`, `NoSuchReader`", ["make_no_such_event()", "NoSuchReader"]),
        ("```sh\npython -m scripts.no_such_tool\n```", ["scripts.no_such_tool"]),
    ],
)
def test_a_name_that_does_not_exist_would_be_seen(text: str, missing: list[str]) -> None:
    assert missing_names(text) == missing


# -- names of the code in its own comments and docstrings ---------------------------------------------------

ROLE = re.compile(r":(?:mod|func|class|meth|attr|data|exc):`[~!]?([\w.]+)`")
FILE = re.compile(r"(?<![\w/.*{-])((?:\w+/)*\w+\.py)(?![\w/])")


def missing_in_source(source: str, module: str) -> list[str]:
    """Modules, functions and files that comments and docstrings of `module` name and that do not exist."""
    missing: list[str] = []
    if not ROLE.search(source) and not FILE.search(source):
        return missing
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        documentation = token.type == tokenize.STRING and token.string.startswith(('"""', 'r"""'))
        if token.type != tokenize.COMMENT and not documentation:
            continue
        missing += [t for t in ROLE.findall(token.string) if not target_exists(t, module)]
        missing += [path for path in FILE.findall(token.string) if not path_exists(path)]
    return missing


def target_exists(target: str, module: str) -> bool:
    """Whether a cross-reference leads somewhere: full, relative to the package, or within the module."""
    names = code().modules[module]
    if "." not in target and any(target in code().classes[n] for n in names & code().classes.keys()):
        return True
    package = module if is_package(module) else module.rpartition(".")[0]
    candidates = [f"{module}.{target}", f"{package}.{target.lstrip('.')}"]
    return any(
        code().defines(name) for name in (candidates if target.startswith(".") else [target, *candidates])
    )


def is_package(module: str) -> bool:
    return (ROOT / module.replace(".", "/")).is_dir()


def sources() -> Iterator[tuple[str, Path]]:
    for folder in SOURCES:
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"), path


def test_names_in_comments_and_docstrings_exist() -> None:
    found = {module: missing_in_source(path.read_text("utf-8"), module) for module, path in sources()}
    assert {module: names for module, names in found.items() if names} == {}


def test_a_stale_docstring_would_be_seen() -> None:
    source = (
        '"""See :mod:`bloodcells_gui.storage.lock`, :func:`.padlock.open_it`."""  # and no_such_file.py\n'
    )
    assert missing_in_source(source, "bloodcells_gui.storage.case") == [".padlock.open_it", "no_such_file.py"]
