"""The log: what reaches it, what never does, and what becomes of it where nothing can be written."""

from __future__ import annotations

import errno
import logging
import os
import re
import sqlite3
import stat
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from bloodcells_gui.app import log
from bloodcells_gui.domain.analysis import RunStatus
from bloodcells_gui.domain.errors import InvalidValue, UserError
from bloodcells_gui.domain.i18n import Reason
from bloodcells_gui.domain.log_values import Digest, Version, Word, loggable

HEAD = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z \d+ (DEBUG|INFO|WARNING|ERROR|CRITICAL) ")
NAME = "Müller-Łukasz\u202e\x1b]0;P-4711\x07\nErika"
HARMLESS = "Its decoder crashed on it ({detail})."


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data" / "log"


def program_code(source: str) -> ModuleType:
    """A module of the program that logs; what tests log themselves is not the program's."""
    module = ModuleType("bloodcells_gui.planted")
    exec(compile(textwrap.dedent(source), "planted.py", "exec"), module.__dict__)
    return module


PLANTED = program_code(
    """
    import logging
    _log = logging.getLogger("bloodcells_gui.app.log")
    def literal(*args): _log.info("read %s of %s", *args)
    def one(arg): _log.warning("one: %s", arg)
    def number(arg): _log.info("%d cells", arg)
    def named(arg): _log.info("%(what)s", {"what": arg})
    def formatted(name): _log.info(f"cannot read {name}")
    def joined(name): _log.info("cannot read " + name)
    def filled(name): _log.info("cannot read {}".format(name))
    def bare(name): _log.info(name)
    def thing(name): _log.info(name, name, name)
    def other_logger(name): logging.getLogger("bloodcells_gui." + name).warning("said")
    def level(name):
        logging.addLevelName(35, name)
        _log.log(35, "of another level")
    def error(error): _log.error("a fault", exc_info=error)
    def stack(name): _log.error("with its stack", stack_info=True, extra={"patient": name})
    """
)


def written(folder: Path, act: Callable[[], object]) -> str:
    with log.logging_to(folder):
        act()
    return "".join(p.read_text("utf-8") for p in log.log_files(folder) if p.is_file())


def lines(folder: Path, act: Callable[[], object]) -> list[str]:
    return written(folder, act).splitlines()


def test_an_entry_has_time_process_level_place_and_numbers(folder: Path) -> None:
    (line,) = lines(folder, lambda: PLANTED.literal(3, 4.5))
    assert HEAD.match(line)
    assert f" {os.getpid()} INFO bloodcells_gui.app.log:" in line
    assert line.endswith(": read 3 of 4.5")


def test_words_of_closed_lists_pass_and_others_do_not(folder: Path) -> None:
    hash_ = "0123456789abcdef" * 4
    assert [
        loggable(value)
        for value in (
            Word("dark", ("light", "dark")), Word(NAME, ("light", "dark")), Digest(hash_), Digest("4711"),
            Version("6.11.3"), Version("1.2.0rc1"), Version(NAME), Version("Erika"), RunStatus.CANCELLED,
            True, None, 7, 2.5, ValueError,
        )
    ] == [
        "dark", "other", "0123456789ab", "other",
        "6.11.3", "1.2.0rc1", "other", "other", "RunStatus.CANCELLED", "True", "None", 7, 2.5, "ValueError",
    ]  # fmt: skip


class Signed(int):
    """A number that writes itself as a name."""

    def __str__(self) -> str:
        return NAME

    __repr__ = __format__ = __str__  # type: ignore[assignment]


class Told(Exception):
    """An exception whose words are a name."""

    def __str__(self) -> str:
        return NAME


class Loud(str):
    """A text that passes for a literal and fills itself with something else."""

    def __mod__(self, _: object) -> str:
        return NAME


@pytest.mark.parametrize(
    "value",
    [
        NAME, NAME.encode(), Path("/cases") / "P-4711", [NAME], {NAME: NAME}, {NAME}, Told(NAME), Signed(3),
        ValueError(NAME), OSError(2, NAME, NAME), UserError("{a} is not there.", a=NAME), UserError(NAME),
        Reason("{a}", (("a", NAME),)), InvalidValue(NAME), memoryview(NAME.encode()), lambda: NAME,
    ],
)  # fmt: skip
def test_no_other_value_is_written(folder: Path, value: object) -> None:
    def act() -> None:
        for write in (PLANTED.one, PLANTED.named, PLANTED.number, PLANTED.thing, PLANTED.bare):
            write(value)
        PLANTED.literal(value)  # one too few

    text = written(folder, act)
    assert len(text.splitlines()) == 6
    assert_clean(text)


def assert_clean(text: str) -> None:
    for part in ("ller", "ukasz", "4711", "Erika", "\x1b", "\u202e", "x1b", "u202e", "M%C3", "cases"):
        assert part not in text, text


@pytest.mark.parametrize("name", ["formatted", "joined", "filled", "bare", "other_logger", "level", "stack"])
def test_a_careless_line_writes_no_name(folder: Path, name: str) -> None:
    text = written(folder, lambda: getattr(PLANTED, name)(NAME))
    assert HEAD.match(text)
    assert_clean(text)
    if name in {"formatted", "joined", "filled", "bare"}:
        assert "(a message that is no literal of the program)" in text


def test_a_text_that_acts_when_it_is_filled_is_no_literal(folder: Path) -> None:
    text = written(folder, lambda: PLANTED.thing(Loud("of another level")))
    assert_clean(text)


def test_records_made_by_hand_and_libraries_do_not_reach_it(folder: Path) -> None:
    def act() -> None:
        for name in ("fontTools.ttLib", "PIL", "tifffile", "onnxruntime", "root", "bloodcells"):
            logging.getLogger(name).error("cannot read %s", NAME)
        logging.getLogger("bloodcells_gui").handle(
            logging.makeLogRecord({"msg": f"cannot read {NAME}", "levelno": 30, "name": NAME})
        )

    text = written(folder, act)
    assert len(text.splitlines()) == 1
    assert "no literal" in text
    assert_clean(text)


def test_an_exception_has_its_kind_numbers_and_places(folder: Path) -> None:
    def fail() -> None:
        raise sqlite3.connect(":memory:").execute(NAME)  # type: ignore[misc]

    def act() -> None:
        try:
            try:
                fail()
            except sqlite3.Error as error:
                raise UserError(
                    "The file {path} cannot be written ({reason}).", "{reason}.",
                    path=NAME, reason=Reason("not a number"),
                ) from error  # fmt: skip
        except UserError as error:
            PLANTED.error(error)
        PLANTED.error(OSError(errno.ENOSPC, NAME, NAME))

    text = written(folder, act)
    assert_clean(text)
    assert "SQLITE_ERROR" in text
    assert "exit code 2" in text
    assert "“The file {path} cannot be written ({reason}).”" in text
    assert "“not a number”" in text
    assert f"errno {errno.ENOSPC} ENOSPC" in text
    assert "bloodcells_gui.domain.errors.UserError (its message is left out)" in text
    assert all(line.startswith("  ") or HEAD.match(line) for line in text.splitlines())


def test_what_comes_again_and_again_is_counted(folder: Path) -> None:
    def act() -> None:
        for _ in range(1000):
            PLANTED.one(1)
        PLANTED.one(2)
        PLANTED.one(2)

    reported = lines(folder, act)
    assert len(reported) == 4
    assert "999 times more" in reported[1]
    assert "1 times more" in reported[3]


def test_it_never_grows_past_three_files(folder: Path) -> None:
    logger = logging.getLogger("bloodcells_gui")
    handler = log.LogFile(folder, max_bytes=2000)
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        for number in range(500):
            PLANTED.number(number)
    finally:
        logger.removeHandler(handler)
        logger.setLevel(logging.NOTSET)
    assert sorted(p.name for p in folder.iterdir()) == sorted(p.name for p in log.log_files(folder))
    sizes = [p.stat().st_size for p in log.log_files(folder)]
    assert max(sizes) <= 2000
    numbers = [
        int(n) for p in log.log_files(folder) for n in re.findall(r"(\d+) cells", p.read_text("utf-8"))
    ]
    assert numbers == list(range(numbers[0], 500))


def test_a_process_that_was_killed_while_it_put_a_file_aside_does_not_stop_the_next(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / log.FILE_NAME).write_text("x" * log.MAX_BYTES, "utf-8")
    lock = folder / f"{log.FILE_NAME}.rotating"
    lock.touch()
    written(folder, lambda: PLANTED.one(1))
    assert lock.exists()
    assert not (folder / f"{log.FILE_NAME}.1").exists()
    os.utime(lock, (0, 0))
    written(folder, lambda: (PLANTED.one(2), PLANTED.one(3)))
    assert not lock.exists()
    assert (folder / f"{log.FILE_NAME}.1").exists()


def test_only_the_person_can_read_it(folder: Path) -> None:
    if os.name != "posix":
        pytest.skip("rights of POSIX")
    written(folder, lambda: PLANTED.one(1))
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    file = folder / log.FILE_NAME
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    file.chmod(0o644)
    written(folder, lambda: PLANTED.one(1))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


WRITER = """
import logging, sys
from pathlib import Path
from bloodcells_gui.app import log
log.MAX_BYTES = int(sys.argv[3])
log.LogFile.__init__.__defaults__ = (*log.LogFile.__init__.__defaults__[:-1], log.MAX_BYTES)
import types
module = types.ModuleType("bloodcells_gui.planted")
exec("def write(log, who, n): log.info('entry %d of %d', n, who)", module.__dict__)
with log.logging_to(Path(sys.argv[1])):
    for n in range(1500):
        module.write(logging.getLogger("bloodcells_gui.app.log"), int(sys.argv[2]), n)
"""


def test_a_folder_that_another_process_makes_at_the_same_moment_is_no_obstacle(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.mkdir(parents=True)
    seen = Path.is_dir
    early = [folder]  # it was not there yet when this process looked
    monkeypatch.setattr(Path, "is_dir", lambda path: False if path in early and early.pop() else seen(path))
    failures: list[OSError] = []
    handler = log.LogFile(folder, failures.append)
    handler.emit(logging.LogRecord("bloodcells_gui.app.log", logging.INFO, __file__, 1, "said", (), None))
    handler.close()
    assert (folder / log.FILE_NAME).is_file()
    assert failures == []


@pytest.mark.parametrize("most", [10_000_000, 60_000])
def test_two_processes_write_side_by_side(folder: Path, most: int) -> None:
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(folder), str(who), str(most)],
            stderr=subprocess.PIPE,
            text=True,
        )
        for who in range(2)
    ]
    for writer in writers:
        _, reported = writer.communicate(timeout=120)
        assert (writer.returncode, reported) == (0, "")
    files = [p for p in log.log_files(folder) if p.is_file()]
    assert all(p.stat().st_size <= most * 1.1 for p in files)
    found: dict[int, list[int]] = {0: [], 1: []}
    for line in "".join(p.read_text("utf-8") for p in files).splitlines():
        entry = re.fullmatch(rf"{HEAD.pattern}bloodcells_gui.app.log:\d+: entry (\d+) of ([01])", line)
        assert entry is not None, line  # no entry is torn by the other's
        found[int(entry[3])].append(int(entry[2]))
    if most > 1_000_000:
        assert found == {0: list(range(1500)), 1: list(range(1500))}
    else:
        assert len(files) == 3
        for numbers in found.values():  # the newest of each, without a gap
            assert numbers == list(range(min(numbers, default=1500), 1500))
        assert sum(map(len, found.values())) > 2 * most // 120


def _a_folder(file: Path) -> None:
    file.mkdir(parents=True)


def _a_link(file: Path) -> None:
    file.parent.mkdir(parents=True)
    (file.parent / "elsewhere").write_text("kept", "utf-8")
    file.symlink_to(file.parent / "elsewhere")


def _a_second_name(file: Path) -> None:
    _a_link(file)
    file.unlink()
    os.link(file.parent / "elsewhere", file)


def _a_pipe(file: Path) -> None:
    file.parent.mkdir(parents=True)
    os.mkfifo(file)


def _a_file_for_the_folder(file: Path) -> None:
    file.parent.parent.mkdir(parents=True)
    file.parent.write_text("kept", "utf-8")


def _a_link_for_the_folder(file: Path) -> None:
    (file.parent.parent / "elsewhere").mkdir(parents=True)
    file.parent.symlink_to(file.parent.parent / "elsewhere")


def _nothing_allowed(file: Path) -> None:
    file.parent.parent.mkdir(parents=True)
    file.parent.parent.chmod(0o500)


@pytest.mark.skipif(os.name != "posix", reason="links, pipes and rights of POSIX")
@pytest.mark.parametrize(
    "prepare",
    [
        _a_folder, _a_link, _a_second_name, _a_pipe, _a_file_for_the_folder, _a_link_for_the_folder,
        _nothing_allowed,
    ],
)  # fmt: skip
def test_what_is_in_the_way_costs_the_entries_and_nothing_else(
    folder: Path, prepare: Callable[[Path], None]
) -> None:
    if prepare is _nothing_allowed and os.geteuid() == 0:
        pytest.skip("the superuser may write anywhere")
    prepare(folder / log.FILE_NAME)
    reported: list[OSError] = []
    with log.logging_to(folder, failed=reported.append):
        PLANTED.one(1)
        PLANTED.one(2)
    assert len(reported) == 1
    for kept in (folder / "elsewhere", folder):
        if kept.is_file():
            assert kept.read_text("utf-8") == "kept"


def test_a_full_disk_costs_the_entries_until_there_is_room(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reported: list[OSError] = []
    real = os.write

    def full(fd: int, data: bytes) -> int:
        if b"two" in data or b"of 2" in data:
            raise OSError(errno.ENOSPC, "no space")
        return real(fd, data[:-9] if b"of 1" in data else data)

    monkeypatch.setattr(log, "_WAIT_AFTER_FAILURE_S", 0.0)
    with log.logging_to(folder, failed=reported.append), monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        PLANTED.literal(1, 1)
        PLANTED.literal(1, 2)
        PLANTED.literal(2, 2)
        PLANTED.literal(1, 3)
    assert [e.errno for e in reported] == [errno.ENOSPC]
    (torn, whole) = (folder / log.FILE_NAME).read_text("utf-8").splitlines()
    assert not torn.endswith("of 1")
    assert whole.endswith("read 1 of 3")


def test_without_a_log_nothing_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    PLANTED.one(NAME)
    assert capfd.readouterr() == ("", "")


def test_verbose_prints_the_same_entries_and_survives_a_closed_terminal(
    folder: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with log.logging_to(folder, verbose=True):
        PLANTED.one(NAME)
    out, reported = capfd.readouterr()
    assert out == ""
    assert reported == (folder / log.FILE_NAME).read_text("utf-8")
    assert_clean(reported)

    class Closed:
        def write(self, _: str) -> int:
            raise OSError(errno.EIO, NAME)

        flush = write

    with monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", Closed())
        with log.logging_to(folder, verbose=True):
            PLANTED.one(NAME)
    assert capfd.readouterr() == ("", "")


def test_every_message_in_the_program_is_a_literal() -> None:
    import ast

    root = Path(log.__file__).resolve().parent.parent
    calls = 0
    for path in root.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            if isinstance(node.func.value, ast.Name) and node.func.value.id == "_log":
                calls += 1
                message = node.args[0]
                assert isinstance(message, ast.Constant), f"{path}:{node.lineno}"
                assert isinstance(message.value, str)
    assert calls
