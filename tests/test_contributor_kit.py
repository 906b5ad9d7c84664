"""A contributor's kit: setup, checks before a commit, continuous integration, the documents as a site."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import packaging.version
import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent
CONFIGURATION = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
BOOTSTRAP = (ROOT / "scripts" / "bootstrap.sh").read_text(encoding="utf-8")
HOOKS = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")


def test_shell_scripts_parse() -> None:
    scripts = [*ROOT.glob("scripts/*.sh"), *ROOT.glob("packaging/**/*.sh"), ROOT / ".ci" / "run"]
    assert len(scripts) >= 4
    for script in scripts:
        done = subprocess.run(["bash", "-n", str(script)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


def test_ci_runs_the_readmes_test_command() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    section = readme.split("## Try it", 1)[1].split("\n## ", 1)[0]
    commands = re.findall(r"```sh\n(.+?)\n```", section, re.DOTALL)
    assert commands == ["bash scripts/bootstrap.sh run", "bash scripts/bootstrap.sh test"]
    steps = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert commands[1] in steps
    # The other command runs in a clean clone, and nothing there starts continuous integration again.
    assert "scripts/fresh_check.sh run" in steps
    assert ".ci/run" not in (ROOT / "scripts" / "bootstrap.sh").read_text(encoding="utf-8")


def test_bootstrap_refuses_an_unknown_verb() -> None:
    done = subprocess.run(
        ["bash", "scripts/bootstrap.sh", "dance"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "unknown verb 'dance'" in done.stderr


def a_bare_system(folder: Path) -> dict[str, str]:
    """An environment without a display whose loader knows no library of it, and whose apt-get is refused."""
    folder.mkdir()
    for name, does in (
        ("ldconfig", "/sbin/ldconfig -p | grep -v xcb"),
        ("apt-get", "echo no network >&2; exit 100"),
        ("id", "echo 1000"),
        ("sudo", "exit 1"),
    ):  # fmt: skip
        (folder / name).write_text(f"#!/bin/bash\n{does}\n")
        (folder / name).chmod(0o755)
    path = f"{folder}:{os.environ['PATH']}"
    return {"PATH": path, "LANG": "C.UTF-8", "BLOODCELLS_VENV": str(folder / "file")}


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Debian and Ubuntu alone")
def test_bootstrap_names_what_the_window_lacks_without_a_display_and_goes_on(tmp_path: Path) -> None:
    env = a_bare_system(tmp_path / "bin")
    (tmp_path / "bin" / "file").write_text("in the way, so that nothing is installed")
    command = ["bash", "scripts/bootstrap.sh", "setup"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, env=env)
    assert "libxcb-cursor0" in done.stderr
    assert "apt-get install -y --no-install-recommends" in done.stderr
    assert "is in the way" in done.stderr  # it went on to the virtual environment
    on_a_display = env | {"DISPLAY": ":0"}
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, env=on_a_display)
    assert "this user may not install them" in done.stderr
    assert "is in the way" not in done.stderr


def test_bootstrap_refuses_an_old_python_in_words(tmp_path: Path) -> None:
    old = tmp_path / "python3"
    old.write_text("#!/bin/sh\n[ \"$1\" = --version ] && echo 'Python 3.9.2' && exit 0\nexit 1\n")
    old.chmod(0o755)
    done = subprocess.run(
        ["bash", "scripts/bootstrap.sh", "run"], cwd=ROOT, capture_output=True, text=True, check=False,
        env={"PATH": f"{tmp_path}:/usr/bin:/bin", "BLOODCELLS_PYTHON": "python3", "LANG": "C.UTF-8"},
    )  # fmt: skip
    assert done.returncode == 1
    assert "there is: Python 3.9.2" in done.stderr
    assert "apt-get install python3.11" in done.stderr


def dependency_groups(*names: str) -> subprocess.CompletedProcess[str]:
    """Run the script by which bootstrap.sh reads the groups."""
    return subprocess.run(
        [sys.executable, "scripts/dependency_groups.py", *names],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_dependency_groups_are_read_with_what_they_include() -> None:
    groups = CONFIGURATION["dependency-groups"]
    lines = dependency_groups("dev", "test").stdout.splitlines()
    assert lines == [*groups["test"], *groups["lint"]]
    assert [Requirement(line).name for line in dependency_groups(*groups).stdout.splitlines()]


def test_an_unknown_dependency_group_is_refused_in_words() -> None:
    done = dependency_groups("dev", "develop")
    assert done.returncode == 1
    assert "no dependency group 'develop'; it has" in done.stderr


def hook_commands() -> dict[str, str]:
    """What each hook of pre-commit runs, by its id."""
    found = re.findall(r"- id: (\S+)\n(?:.+\n)*?\s+entry: (.+)", HOOKS)
    assert len(found) == HOOKS.count("- id:") >= 5
    return dict(found)


def test_hooks_run_the_tools_of_the_virtual_environment_and_fetch_nothing() -> None:
    assert re.findall(r"- repo: (.+)", HOOKS) == ["local"]
    assert HOOKS.count("language: system") == HOOKS.count("- id:")
    assert [c for c in hook_commands().values() if not c.startswith(".venv/bin/")] == []


@pytest.mark.parametrize("tool", ["ruff format", "ruff check", "mypy", "lint-imports"])
def test_what_hooks_check_continuous_integration_checks_too(tool: str) -> None:
    steps = re.findall(r"^ *step \S+ (.+)$", BOOTSTRAP, re.MULTILINE)
    assert [c for c in hook_commands().values() if tool in c]
    assert [step for step in steps if tool in step]


def test_tests_that_hooks_name_exist() -> None:
    named = re.findall(r"tests/\S+\.py", HOOKS)
    assert named
    assert [path for path in named if not (ROOT / path).is_file()] == []


def test_continuous_integration_checks_the_format_of_every_file() -> None:
    assert re.search(r"ruff format --check .*\.$", BOOTSTRAP, re.MULTILINE)
    assert not {"exclude", "extend-exclude"} & CONFIGURATION["tool"]["ruff"].keys()
    assert "exclude" not in CONFIGURATION["tool"]["ruff"].get("format", {})


def test_the_library_packaging_is_not_hidden_by_the_folder_of_that_name() -> None:
    """Python prefers a package with __init__.py anywhere on its path to a folder without one in front."""
    assert packaging.version.Version("1.10") > packaging.version.Version("1.9")
    assert ROOT / "packaging" not in Path(packaging.__file__).parents
    assert importlib.util.find_spec("packaging.build") is None
    libraries = {path.stem for path in Path(packaging.__file__).parent.glob("*.py")}
    assert libraries & {path.stem for path in (ROOT / "packaging").glob("*.py")} == set()


def test_the_package_says_that_it_is_typed() -> None:
    assert (ROOT / "bloodcells_gui" / "py.typed").is_file()
    assert "Typing :: Typed" in CONFIGURATION["project"]["classifiers"]


def test_every_page_of_the_site_exists_and_the_documents_of_the_root_are_on_it() -> None:
    config = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    pages = re.findall(r"^ +- [^:\n]+: (\S+\.md)$", config, re.MULTILINE)
    assert [page for page in pages if not (ROOT / page).is_file()] == []
    assert {p.name for p in ROOT.glob("*.md")} <= set(pages)
    assert {f"docs/{p.name}" for p in (ROOT / "docs").glob("*.md")} - {"docs/README.md"} <= set(pages)
    hook = re.search(r"^hooks: \[(.+)\]$", config, re.MULTILINE)
    assert hook is not None
    assert (ROOT / hook[1]).is_file()
