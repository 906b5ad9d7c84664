"""What a case from a stranger names is opened only where it is a file of this computer."""

from __future__ import annotations

import hashlib
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bloodcells_gui.app.intake import take_in
from bloodcells_gui.app.session import CaseSession
from bloodcells_gui.app.slide_images import SlideImages
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.settings import LabSettings
from bloodcells_gui.domain.specimen import ImageRef, Specimen, SpecimenKind
from bloodcells_gui.imaging.io.refusal import ImageRefused
from bloodcells_gui.imaging.io.sandbox import pool
from bloodcells_gui.imaging.io.sandbox.images import load_images, open_image
from bloodcells_gui.storage import allowed_paths, removals
from bloodcells_gui.storage.allowed_paths import (
    NOWHERE,
    allow_network_root,
    block_network_path,
    is_network_path,
)
from bloodcells_gui.storage.audit import export_trail, verify
from bloodcells_gui.storage.backup import Places, back_up
from bloodcells_gui.storage.case import CaseStore
from bloodcells_gui.storage.case_transfer import copy_case
from bloodcells_gui.storage.recover import recover
from bloodcells_gui.storage.worklist import Worklist
from tests.support.case_tools import T0, a_run, cells_of

NETWORK = [
    r"\\host\share\a.png", "//host/share/a.png", r"\/host\share\a.png", r"/\host/share/a.png",
    r"  \\host\share", r"\\?\UNC\host\share\a.png", "//?/UNC/host/share/a.png", r"\\.\pipe\x",
    r"\\?\GLOBALROOT\Device\Mup\host\x", r"\\host@SSL\DavWWWRoot\a.png", "smb://host/share/a.png",
    "SMB:/host/share", "smb:host", "file://host/share/a", "file:%2F%2Fhost/a", "nfs://host/a",
    "https://host/a.png", "https:/host/a.png", "x-any+scheme://host/a", "\uff0f\uff0fhost\uff0fshare",
    "\uff3c\uff3chost\uff3cshare", "/net/host/export/a.png", "/run/user/1000/gvfs/smb-share:server=h/a",
    "/home/me/.gvfs/share/a", "/Network/Servers/h/a", "/NET/host/a",
    "/tmp/../net/host/a.png", "/var/run/../net/host/a", "../../../../net/host/a", "a/../../../net/host/a",
    "/./net/host/a", "/home/..//net/host/a", "/var/run/user/1000/gvfs/smb-share:server=h/a",
    "/proc/self/root/net/host/a",
]  # fmt: skip
LOCAL = [
    "/data/smears/1.png", "C:\\smears\\1.png", "c:/smears/1.png", r"\\?\C:\smears\long.png", "1.png",
    "relative/1.png", "/data/a:b.png", "/data//twice/1.png", "/nets/1.png", "a:b", "/media/share/1.png",
    "Z:\\1.png", "/", ".", "../smears/1.png", "/data/../net.png", "/data/net/1.png", "net/1.png",
]  # fmt: skip

# Nothing here comes so far that a model is asked.
NO_MODELS = SimpleNamespace(engine=lambda: None)


@pytest.fixture(autouse=True)
def nobody_asked() -> Iterator[None]:
    allowed_paths._asked.clear()  # noqa: SLF001  # as in a new process
    yield
    allowed_paths._asked.clear()  # noqa: SLF001  # as in a new process


@pytest.mark.parametrize("path", NETWORK)
def test_a_network_path_is_known_in_any_spelling(path: str) -> None:
    assert is_network_path(path)
    assert block_network_path(Path(path)) == NOWHERE


@pytest.mark.parametrize("path", LOCAL)
def test_a_local_path_is_none(path: str) -> None:
    assert not is_network_path(path)
    assert block_network_path(Path(path)) == Path(path)


def test_what_a_person_named_may_be_opened(tmp_path: Path) -> None:
    allow_network_root(Path("//host/smears/7"))
    assert block_network_path(Path("//host/smears/7/a/1.png")) == Path("//host/smears/7/a/1.png")
    for other in ("//host/smears/8/1.png", "//other/smears/7/1.png", "//host/smears/7/../../c/1.png"):
        assert block_network_path(Path(other)) == NOWHERE
    with pytest.raises(UserError):
        take_in(Path("//nowhere.invalid/x"))
    assert block_network_path(Path("//nowhere.invalid/x/1.png")) == NOWHERE  # there was nothing


def test_nowhere_cannot_be_opened() -> None:
    assert not NOWHERE.exists()
    with pytest.raises(OSError):
        NOWHERE.open("rb")
    with pytest.raises(ImageRefused):
        open_image(NOWHERE)
    (refused,) = load_images([(NOWHERE, "1.png")])
    assert isinstance(refused, ImageRefused)


def hostile_case(
    path: Path, targets: list[Path], kind: SpecimenKind = SpecimenKind.CROPS, root: str = ""
) -> Path:
    """A case whose images are these paths, each with a hash and a size as if it had been analysed."""
    images = tuple(ImageRef(f"{i}.png", p) for i, p in enumerate(targets))
    specimen = Specimen("S-1", kind, Path(root) if root else path.parent, images)
    with CaseStore.create(path, specimen, case_id="c-1", created=T0, app_version="0") as store:
        known = [
            (i, ImageRef(r.name, r.path, hashlib.sha256(b"x").hexdigest(), (30, 30), 0.1))
            for i, r in enumerate(images)
        ]
        store.set_specimen_images(known)
        store.start_run(a_run())
        store.add_cells(0, *cells_of(0, 6))
    return path


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Every path that this process opens, looks at or lists, as the interpreter tells its auditors."""
    seen: list[str] = []
    for name in ("stat", "lstat", "listdir", "scandir", "readlink"):
        real = getattr(os, name)

        def spy(path: Any = ".", *args: Any, real: Any = real, **more: Any) -> Any:
            seen.append(os.fsdecode(path) if isinstance(path, str | bytes | os.PathLike) else "")
            return real(path, *args, **more)

        monkeypatch.setattr(os, name, spy)
    on = [True]

    def hook(event: str, args: tuple[Any, ...]) -> None:
        if on[0] and event in ("open", "os.listdir", "os.scandir") and isinstance(args[0], str | bytes):
            seen.append(os.fsdecode(args[0]))

    sys.addaudithook(hook)  # for good: it cannot be taken away, but told to be quiet
    yield seen
    on[0] = False


@pytest.mark.parametrize("kind", [SpecimenKind.CROPS, SpecimenKind.FIELDS, SpecimenKind.SLIDE])
def test_nobody_opens_a_network_path_of_a_case(
    tmp_path: Path, opened: list[str], kind: SpecimenKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked_of_children: list[str] = []
    run = pool.DecoderPool.run

    def spy(self: Any, request: Any, *args: Any, **more: Any) -> Any:
        asked_of_children.append(str(request))
        return run(self, request, *args, **more)

    monkeypatch.setattr(pool.DecoderPool, "run", spy)
    path = hostile_case(
        tmp_path / "a.bcs", [Path("//host/s/1.png"), Path("/net/host/1.png"), Path("smb://host/1.png")], kind,
        "//host/s",
    )  # fmt: skip
    with CaseStore.open(path, read_only=True) as store:
        assert [r.path for r in store.specimen.images] == [NOWHERE] * 3
        assert store.specimen.root == NOWHERE
        assert store.shielded_root == Path("//host/s")
        session = CaseSession(store, settings=LabSettings, explainer=NO_MODELS)  # type: ignore[arg-type]
        for cell in session.cells:
            assert not session.view(cell.id).from_image
        with pytest.raises(UserError, match="cannot be added"):
            session.add_cell(0, 10, 10)
        images = SlideImages(session.specimen)
        for index in range(3):
            with pytest.raises(UserError):
                images.tile(index, 0, 0, 0)
        images.close()
    found = verify(path)
    assert found.ok
    assert [str(r) for r in found.remarks] == [
        f"An image lies on the network and was not opened ({i}.png)" for i in range(3)
    ]
    reached = [p for p in (*opened, *asked_of_children) if "host" in p]
    assert reached == []
    with CaseStore.open(path) as store:  # told by a person, they are tried
        store.relocate(Path("//host/s"))
        assert store.specimen.images[0].path == Path("//host/s/0.png")
        assert store.shielded_root is None


@pytest.mark.skipif(os.name != "posix", reason="pipes and devices of POSIX")
def test_verify_opens_no_pipe_and_no_device(tmp_path: Path, opened: list[str]) -> None:
    pipe, link = tmp_path / "pipe.png", tmp_path / "link.png"
    os.mkfifo(pipe)
    link.symlink_to("/dev/zero")
    folder = tmp_path / "folder.png"
    folder.mkdir()
    path = hostile_case(tmp_path / "a.bcs", [pipe, Path("/dev/zero"), Path("/dev/tty"), link, folder])
    answers: list[Any] = []

    def look() -> None:
        answers.append(verify(path))
        with CaseStore.open(path, read_only=True) as store:
            session = CaseSession(store, settings=LabSettings, explainer=NO_MODELS)  # type: ignore[arg-type]
            answers.append([session.view(c.id).from_image for c in session.cells])
            session.close()

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    thread.join(30)
    assert not thread.is_alive()
    report, pictures = answers
    assert [str(r).split(":")[0] for r in report.remarks] == [
        f"An image cannot be reached ({i}.png" for i in range(5)
    ]
    assert report.ok
    assert pictures == [False] * 6


@pytest.mark.skipif(os.name != "posix", reason="pipes of POSIX")
@pytest.mark.parametrize("beside", ["-journal", "-wal", "-shm", ".lock"])
def test_a_pipe_beside_a_case_keeps_nobody_waiting(tmp_path: Path, beside: str) -> None:
    """SQLite would open the one in the place of a journal, and wait for a writer that never comes."""
    home = tmp_path / "home"
    path = hostile_case_in(home / "cases" / "a.bcs")
    os.mkfifo(f"{path}{beside}")
    os.mkfifo(home / "cases" / "removals.jsonl")
    done: list[str] = []

    def look() -> None:
        for act in (
            lambda: CaseStore.open(path, read_only=True).close(),
            lambda: CaseStore.open(path).close(),
            lambda: verify(path),
            lambda: Worklist(path.parent).refresh(),
            lambda: copy_case(path, tmp_path / "copy.bcs"),
            lambda: recover(path, tmp_path / "new.bcs", app_version="0"),
            lambda: back_up(Places(home, home / "s.json"), tmp_path / "b.zip", app_version="0"),
            lambda: removals.read(path.parent),
        ):
            try:
                act()
            except UserError as error:
                done.append(error.text())
            else:
                done.append("")

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    thread.join(60)
    assert not thread.is_alive()
    assert len(done) == 8
    assert (tmp_path / "new.bcs").exists()


def hostile_case_in(path: Path) -> Path:
    path.parent.mkdir(parents=True)
    return hostile_case(path, [Path("/nowhere/1.png")])


def test_a_trail_never_replaces_a_case(tmp_path: Path) -> None:
    path = hostile_case_in(tmp_path / "x" / "a.bcs")
    before = path.read_bytes()
    with pytest.raises(UserError, match="it is the name of a case"):
        export_trail(path, path)
    assert path.read_bytes() == before
