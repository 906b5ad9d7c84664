"""A backup is proven by restoring it: whole while cases are open, refused when it is not what was saved."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import random
import shutil
import stat
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from bloodcells_gui.domain.cell import CellAssets
from bloodcells_gui.domain.errors import Cancelled, UserError
from bloodcells_gui.domain.review import EventKind
from bloodcells_gui.domain.watching import WatchState
from bloodcells_gui.storage import archive as archives
from bloodcells_gui.storage import backup as backups
from bloodcells_gui.storage.archive import FORMAT, MANIFEST, Archive, decoded, encoded
from bloodcells_gui.storage.backup import BackupMade, Places, back_up
from bloodcells_gui.storage.case import CaseStore
from bloodcells_gui.storage.reference_library import Library
from bloodcells_gui.storage.restore import restore
from bloodcells_gui.storage.watch_memory import WATCH_NAME, Item, WatchMemory
from bloodcells_gui.storage.worklist import INDEX_NAME, Worklist
from tests.support.case_tools import Reviewer, a_case
from tests.support.forged_archives import FORGED, GOOD, forged, listed

WATCHED, TAKEN = Path("/mnt/scanner"), Item("S-1", WatchState.DONE, "stamp")


def places_in(folder: Path) -> Places:
    return Places(folder / "data", folder / "config" / "settings.json")


@pytest.fixture
def home(tmp_path: Path) -> Places:
    """A workstation with something of every kind."""
    places = places_in(tmp_path / "here")
    cases = places.data / "cases"
    (cases / "2025").mkdir(parents=True)
    a_case(cases / "a é.bcs").close()
    with a_case(cases / "2025" / "b.bcs") as store:
        Reviewer(store).act(EventKind.CONFIRM, 1)
    odd = os.fsdecode(b"odd \xff %2e%2e.bcs")
    a_case(cases / odd).close()
    (cases / "bad.bcs").write_bytes(b"SQLite format 3\x00 and then nothing")
    (cases / "removals.jsonl").write_text("{}\n")
    memory = WatchMemory(cases / WATCH_NAME)
    memory.keep(WATCHED, TAKEN)
    memory.close()
    (cases / "notes.txt").write_text("no part of a backup")
    with Library(places.data / "reference.bcl") as library:
        assets = CellAssets(b"jpeg", b"png", (0.0, 0.0, 1.0), np.zeros(4, np.float16))
        library.add("LY", assets, author="ana", model="m", note="a note")
    profile = places.data / "profiles" / "lab" / "0001.json"
    profile.parent.mkdir(parents=True)
    profile.write_text('{"name": "lab"}')
    removed = places.data / "profiles" / ".removed" / "old" / "0001.json"
    removed.parent.mkdir(parents=True)
    removed.write_text('{"name": "old"}')
    places.settings.parent.mkdir(parents=True)
    places.settings.write_text('{"reviewer": "ana"}')
    with Worklist(cases) as worklist:
        worklist.refresh()
    return places


def made(home: Places, target: Path) -> BackupMade:
    return back_up(home, target, app_version="9")


def content(places: Places) -> dict[str, str]:
    """What must come back byte for byte; of others SQLite makes the copy, with a counter of its own."""
    return {
        name: hashlib.sha256(path.read_bytes()).hexdigest()
        for name, path in places.files()
        if path.name not in (INDEX_NAME, WATCH_NAME, "reference.bcl")
    }


def left(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.rglob("*") if p.name.startswith(".") and p.name != ".removed")


# -- what comes back ---------------------------------------------------------------------------------------


def test_everything_comes_back(home: Places, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    archive = tmp_path / "b.zip"
    done = back_up(home, archive, app_version="9", progress=lambda done, total: seen.append((done, total)))
    assert done.damaged == ("data/cases/bad.bcs",)
    assert done.left_out == ()
    assert seen == sorted(seen)
    assert seen[-1][0] == seen[-1][1]
    if os.name == "posix":
        assert stat.S_IMODE(archive.stat().st_mode) == 0o600
    there = places_in(tmp_path / "there")
    back = restore(archive, there)
    assert back.files == len(done.manifest.files)
    assert content(there) == content(home)
    memory = WatchMemory(there.data / "cases" / WATCH_NAME)
    assert memory.items(WATCHED) == {"S-1": TAKEN}
    memory.close()
    assert not (there.data / "cases" / "notes.txt").exists()
    names = {m.name: m.sha256 for m in done.manifest.files}
    for name, path in there.files():
        assert name.endswith(INDEX_NAME) or names[name] == hashlib.sha256(path.read_bytes()).hexdigest()
    with Library(there.data / "reference.bcl") as library:
        assert [e.note for e in library.entries()] == ["a note"]
    with Worklist(there.data / "cases") as worklist:
        worklist.refresh()
        assert len(worklist.search()) == 4
    for path in (there.data / "cases").rglob("*.bcs"):
        if path.name != "bad.bcs":
            with CaseStore.open(path) as store:
                assert store.verify() == []
    with zipfile.ZipFile(archive) as plain:  # any tool can look into it
        assert plain.testzip() is None
        assert json.loads(plain.read(MANIFEST))["format"] == FORMAT
    with Archive(archive) as again:
        assert again.fingerprint() == done.fingerprint
    assert left(tmp_path) == [INDEX_NAME, INDEX_NAME]


def test_a_case_that_is_being_worked_on_comes_back_whole(home: Places, tmp_path: Path) -> None:
    path = home.data / "cases" / "a é.bcs"
    stop = threading.Event()
    with CaseStore.open(path) as store:
        person = Reviewer(store)
        acknowledged = [0]

        def work() -> None:
            while not stop.is_set():
                acknowledged[0] = person.act(EventKind.NOTE, new="x" * 3000).seq

        worker = threading.Thread(target=work)
        worker.start()
        try:
            for n in range(5):
                before = acknowledged[0]
                archive = tmp_path / f"b{n}.zip"
                assert made(home, archive).damaged == ("data/cases/bad.bcs",)
                there = places_in(tmp_path / f"there{n}")
                restore(archive, there)
                with CaseStore.open(there.data / "cases" / "a é.bcs") as copy:
                    assert copy.verify() == []
                    assert before <= len(copy.events()) <= acknowledged[0] + 1
        finally:
            stop.set()
            worker.join()
        assert store.verify() == []
    assert not [p for p in home.data.iterdir() if p.name.startswith(".backup-")]


def test_an_interrupted_write_is_brought_to_its_end_or_kept_with_its_journal(
    home: Places, tmp_path: Path
) -> None:
    """A case whose writer was killed in the middle of a transaction."""
    import subprocess
    import sys

    path = home.data / "cases" / "2025" / "b.bcs"
    child = (
        "import os, sqlite3, sys\n"
        "c = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "c.execute('PRAGMA cache_size = 1'); c.execute('PRAGMA cache_spill = 1'); c.execute('BEGIN')\n"
        "[c.execute('INSERT INTO meta VALUES (?, ?)', (str(i), 'x' * 4000)) for i in range(300)]\n"
        "os.kill(os.getpid(), 9)\n"
    )
    subprocess.run([sys.executable, "-c", child, str(path)], check=False)
    assert Path(f"{path}-journal").stat().st_size > 0
    assert made(home, tmp_path / "b.zip").damaged == ("data/cases/bad.bcs",)
    there = places_in(tmp_path / "there")
    restore(tmp_path / "b.zip", there)
    with CaseStore.open(there.data / "cases" / "2025" / "b.bcs") as store:
        assert store.verify() == []
        assert len(store.events()) == 1


@pytest.mark.parametrize(
    "name", ["a/b c.bcs", "ü/%2e%2e.bcs", "x\ny.bcs", os.fsdecode(b"\xff\xfe.bcs"), "a:b\\c.bcs"]
)
def test_any_name_comes_back(name: str) -> None:
    place = Path("data/cases") / name
    assert Path(decoded(encoded(place))) == place
    assert encoded(place).isascii()


# -- where nothing is replaced -----------------------------------------------------------------------------


def test_nothing_is_replaced(home: Places, tmp_path: Path) -> None:
    archive = tmp_path / "b.zip"
    made(home, archive)
    with pytest.raises(UserError, match="already"):
        made(home, archive)
    there = places_in(tmp_path / "there")
    (there.data / "cases").mkdir(parents=True)
    a_case(there.data / "cases" / "mine.bcs").close()
    before = content(there)
    with pytest.raises(UserError, match=r"holds other data already, for example mine\.bcs"):
        restore(archive, there)
    assert content(there) == before
    assert left(there.data) == []
    (there.data / "cases" / "mine.bcs").rename(there.data / "cases" / "bad.bcs")  # a name of the archive
    with pytest.raises(UserError, match="holds other data"):
        restore(archive, there)


def test_a_restore_that_was_cut_off_goes_on_and_settings_are_kept(home: Places, tmp_path: Path) -> None:
    archive = tmp_path / "b.zip"
    made(home, archive)
    there = places_in(tmp_path / "there")
    restore(archive, there)
    (there.data / "cases" / "2025" / "b.bcs").unlink()  # as if it had not come so far
    there.settings.write_text('{"reviewer": "bob"}')
    back = restore(archive, there)
    assert content(there) == content(home)
    assert back.kept_settings == there.settings.with_name("settings.before-restore.json")
    assert back.kept_settings.read_text() == '{"reviewer": "bob"}'


# -- disk full, cancelled, out of reach --------------------------------------------------------------------


def test_a_full_disk_is_said_and_leaves_nothing(
    home: Places, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = tmp_path / "b.zip"
    made(home, archive)
    there = places_in(tmp_path / "there")
    real = os.fsync

    def full(fd: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UserError, match="is full") as caught:
        made(home, tmp_path / "c.zip")
    assert caught.value.exit_code == 5
    with pytest.raises(UserError, match="is full"):
        restore(archive, there)
    monkeypatch.setattr(os, "fsync", real)
    assert content(there) == {}
    usage = shutil.disk_usage(tmp_path)._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(UserError, match="too little space"):
        made(home, tmp_path / "c.zip")
    with pytest.raises(UserError, match="too little space"):
        restore(archive, there)
    assert content(there) == {}
    assert sorted(p.name for p in tmp_path.iterdir()) == ["b.zip", "here", "there"]
    assert left(tmp_path) == [INDEX_NAME]


@pytest.mark.parametrize("had", ["", '{"reviewer": "bob"}'])
def test_a_full_disk_of_the_settings_changes_nothing(
    home: Places, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, had: str
) -> None:
    """The settings may lie on another disk than the cases."""
    archive = tmp_path / "b.zip"
    made(home, archive)
    there = places_in(tmp_path / "there")
    there.settings.parent.mkdir(parents=True)
    if had:
        there.settings.write_text(had)
    before = content(there)
    real = shutil.move, shutil.copyfileobj

    def full(real: Callable[..., object]) -> Callable[..., object]:
        def call(source: object, target: object, *more: object, **options: object) -> object:
            place = Path(str(getattr(target, "name", target)))
            if place.parent == there.settings.parent:
                place.write_text("{")  # what a copy leaves behind
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return real(source, target, *more, **options)

        return call

    monkeypatch.setattr(shutil, "move", full(real[0]))
    monkeypatch.setattr(shutil, "copyfileobj", full(real[1]))
    with pytest.raises(UserError, match="is full"):
        restore(archive, there)
    assert content(there) == before
    assert there.settings.exists() is bool(had)
    assert sorted(p.name for p in there.settings.parent.iterdir()) == (["settings.json"] if had else [])
    assert not list((there.data / "cases").rglob("*.bcs"))


def test_cancelling_leaves_nothing(home: Places, tmp_path: Path) -> None:
    def stop(done: int, total: int) -> None:
        if done > total // 3:
            raise Cancelled

    with pytest.raises(Cancelled):
        back_up(home, tmp_path / "b.zip", app_version="9", progress=stop)
    made(home, tmp_path / "c.zip")
    for late in (False, True):
        with pytest.raises(Cancelled):
            restore(
                tmp_path / "c.zip",
                places_in(tmp_path / "there"),
                progress=lambda d, t, late=late: stop(d - t // 2 if late else d, t),  # type: ignore[misc]
            )
    assert not places_in(tmp_path / "there").data.joinpath("cases").exists()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["c.zip", "here", "there"]
    assert left(tmp_path) == [INDEX_NAME]


def test_a_file_that_cannot_be_read_costs_itself_alone_and_is_said(
    home: Places, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = backups.plain_files.sha256_of

    def failing(path: Path) -> str:
        if path.name == "0001.json":
            raise OSError(errno.EIO, "Input/output error")
        return real(path)

    monkeypatch.setattr(backups.plain_files, "sha256_of", failing)
    done = made(home, tmp_path / "b.zip")
    assert sorted((p.parent.name, why) for p, why in done.left_out) == [
        ("lab", "the disk reports an error"), ("old", "the disk reports an error"),
    ]  # fmt: skip
    with Archive(tmp_path / "b.zip") as archive:
        archive.verify()


def test_nothing_to_save_is_said(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="nothing to save"):
        made(places_in(tmp_path), tmp_path / "b.zip")


# -- archives from a stranger ------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("what", FORGED)
def test_a_hostile_archive_is_refused_in_words(tmp_path: Path, what: str) -> None:
    archive = FORGED[what](tmp_path / "b.zip")
    there = places_in(tmp_path / "there")
    with pytest.raises(UserError, match=r"cannot be used|newer version") as caught:
        restore(archive, there)
    assert "Traceback" not in caught.value.text("fr")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["b.zip"]


def test_the_same_name_twice_is_refused(tmp_path: Path) -> None:
    members = [("config/settings.json", GOOD)] * 2
    with pytest.warns(UserWarning, match="Duplicate"):
        archive = forged(tmp_path / "b.zip", members, [listed("config/settings.json", GOOD)])  # type: ignore[arg-type]
    with pytest.raises(UserError, match="a name twice"):
        restore(archive, places_in(tmp_path / "there"))


def test_an_archive_cut_short_or_with_flipped_bits_never_restores_something_else(
    home: Places, tmp_path: Path
) -> None:
    archive = tmp_path / "b.zip"
    made(home, archive)
    data = archive.read_bytes()
    truth = content(home)
    rng = random.Random(5)
    spoilt = [data[: rng.randrange(len(data))] for _ in range(20)]
    for _ in range(120):
        at = rng.choice([rng.randrange(len(data)), len(data) - 1 - rng.randrange(3000)])
        spoilt.append(data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1 :])
    refused = 0
    for n, bad in enumerate(spoilt):
        archive.write_bytes(bad)
        there = places_in(tmp_path / f"t{n}")
        try:
            restore(archive, there)
        except UserError:
            refused += 1
            assert not there.data.exists()
        else:
            assert content(there) == truth
    assert refused > 80


def test_no_archive_at_all(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="There is no archive"):
        restore(tmp_path / "b.zip", places_in(tmp_path))
    assert archives.VERSION == 2
