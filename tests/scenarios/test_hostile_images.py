"""Damaged and misleading images: each is read rightly or refused with a reason, and nothing else is lost."""

from __future__ import annotations

import errno
import os
import resource
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from bloodcells_gui.domain.specimen import SpecimenKind
from bloodcells_gui.imaging.io.decode import decode_rgb, probe
from bloodcells_gui.imaging.io.discover import DiscoverLimits, discover
from bloodcells_gui.imaging.io.limits import DecodeLimits
from bloodcells_gui.imaging.io.opening import open_image
from bloodcells_gui.imaging.io.refusal import ImageRefused
from tests.support.hostile_images import CORPUS, Hostile, encoded, png_claiming, rgb_image, write

SIZE = (65, 83)


@pytest.mark.parametrize("hostile", CORPUS, ids=lambda h: h.name)
def test_each_file_is_read_or_refused_with_its_reason(tmp_path: Path, hostile: Hostile) -> None:
    path = write(tmp_path, hostile)
    if hostile.expect == "read":
        rgb = decode_rgb(path)
        assert rgb.ndim == 3
        assert rgb.shape[2] == 3
        assert rgb.shape[:2] in (SIZE, SIZE[::-1], (64, 64))
    else:
        with pytest.raises(ImageRefused) as refused:
            decode_rgb(path)
        assert hostile.expect in refused.value.reason()
        assert refused.value.what_to_do
        assert hostile.name in refused.value.text()
        assert refused.value.reason("fr") != refused.value.reason("en")


@pytest.mark.parametrize("hostile", CORPUS, ids=lambda h: h.name)
def test_readers_agree_with_the_decoder_on_what_is_refused(tmp_path: Path, hostile: Hostile) -> None:
    path = write(tmp_path, hostile)
    if hostile.expect == "read":
        with open_image(path) as reader:
            assert reader.read_region(0, 0, 20, 20).shape == (20, 20, 3)
    else:
        with pytest.raises(ImageRefused), open_image(path) as reader:
            reader.thumbnail(50)


def test_a_folder_of_the_whole_corpus_loses_nothing(tmp_path: Path) -> None:
    for hostile in CORPUS:
        write(tmp_path, hostile)
    found = discover(tmp_path, SpecimenKind.CROPS)
    named = {f.name for f in found.images} | {s.path for s in found.skipped}
    assert named == {h.name for h in CORPUS}
    good = {h.name for h in CORPUS if h.expect == "read"}
    assert good <= {f.name for f in found.images}
    assert all(s.reason for s in found.skipped)


def test_a_bomb_is_refused_without_using_memory(tmp_path: Path) -> None:
    path = tmp_path / "bomb.png"
    path.write_bytes(png_claiming(60_000, 60_000))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ImageRefused, match="million"):
        decode_rgb(path)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000


def test_the_pixel_limit_is_a_parameter(tmp_path: Path) -> None:
    path = tmp_path / "image.png"
    path.write_bytes(encoded(rgb_image(), "PNG"))
    with pytest.raises(ImageRefused, match="million"):
        probe(path, DecodeLimits(max_pixels=83 * 65 - 1))
    assert decode_rgb(path, DecodeLimits(max_pixels=83 * 65)).shape == (65, 83, 3)


def test_a_file_larger_than_the_byte_limit_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "image.png"
    path.write_bytes(encoded(rgb_image(), "PNG"))
    with pytest.raises(ImageRefused, match="MB"):
        decode_rgb(path, DecodeLimits(max_bytes=100))


ODD_NAMES = (
    "with space.jpg", "it's \"quoted\".jpg", "émoji 🩸.jpg", "line\nbreak.jpg", "tab\tand\\backslash.jpg",
    "=1+1.jpg", "-option.jpg", "%s {name} $HOME.jpg", "x" * 240 + ".jpg", "noextension", "UPPER.JPG", " .jpg",
)  # fmt: skip


@pytest.mark.parametrize("name", ODD_NAMES)
def test_odd_names_are_kept_and_can_be_said(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(encoded(rgb_image(), "JPEG"))
    (found,) = discover(tmp_path).images
    assert found.name == name
    assert decode_rgb(found.path).shape == (*SIZE, 3)
    (tmp_path / name).write_bytes(b"not an image")
    with pytest.raises(ImageRefused) as refused:
        decode_rgb(tmp_path / name)
    assert "\n" not in refused.value.text()
    assert "\n" not in refused.value.text("fr")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux names are bytes")
def test_a_name_that_is_no_text_is_kept(tmp_path: Path) -> None:
    raw = os.fsencode(tmp_path) + b"/caf\xe9.jpg"
    Path(os.fsdecode(raw)).write_bytes(encoded(rgb_image(), "JPEG"))
    Path(os.fsdecode(raw + b"x")).write_bytes(b"text")
    found = discover(tmp_path)
    assert [os.fsencode(f.path) for f in found.images] == [raw]
    with pytest.raises(ImageRefused) as refused:
        decode_rgb(Path(os.fsdecode(raw + b"x")))
    refused.value.text().encode("utf-8")


def test_links_that_loop_end_and_are_told(tmp_path: Path) -> None:
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    (inner / "cell.jpg").write_bytes(encoded(rgb_image(), "JPEG"))
    (inner / "back").symlink_to(tmp_path, target_is_directory=True)
    (inner / "self.jpg").symlink_to(inner / "self.jpg")
    (inner / "dangling.jpg").symlink_to(tmp_path / "nowhere.jpg")
    found = discover(tmp_path)
    assert [f.name for f in found.images] == ["a/b/cell.jpg"]
    reasons = {s.path: s.reason for s in found.skipped}
    assert "link to ." in reasons["a/b/back"]
    assert "link that leads nowhere" in reasons["a/b/self.jpg"]
    assert "link that leads nowhere" in reasons["a/b/dangling.jpg"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_named_pipe_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    os.mkfifo(tmp_path / "slide.mrxs")
    os.mkfifo(tmp_path / "IM0001")
    result: list[object] = []
    worker = threading.Thread(target=lambda: result.append(discover(tmp_path)), daemon=True)
    worker.start()
    worker.join(10)
    assert result, "the search waits for the pipe"
    assert "regular file" in result[0].skipped[0].reason  # type: ignore[attr-defined]


@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may read everything")
def test_unreadable_files_and_folders_are_told(tmp_path: Path) -> None:
    (tmp_path / "secret.jpg").write_bytes(encoded(rgb_image(), "JPEG"))
    (tmp_path / "secret.jpg").chmod(0)
    (tmp_path / "closed").mkdir(mode=0)
    (tmp_path / "open.jpg").write_bytes(encoded(rgb_image(), "JPEG"))
    found = discover(tmp_path)
    assert [f.name for f in found.images] == ["open.jpg"]
    assert {s.path for s in found.skipped} == {"secret.jpg", "closed"}
    (tmp_path / "closed").chmod(0o700)


def test_errors_of_the_system_become_sentences(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "cell.jpg"
    path.write_bytes(encoded(rgb_image(), "JPEG"))

    def denied(*_: object, **__: object) -> int:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "open", denied)
    with pytest.raises(ImageRefused, match="may not be read"):
        decode_rgb(path)

    def stale(*_: object, **__: object) -> int:
        raise OSError(errno.ESTALE, "Stale file handle")

    monkeypatch.setattr(os, "open", stale)
    with pytest.raises(ImageRefused, match="Stale file handle"):
        decode_rgb(path)


def test_a_file_that_vanishes_is_refused_in_words(tmp_path: Path) -> None:
    path = tmp_path / "gone.jpg"
    path.write_bytes(encoded(rgb_image(), "JPEG"))
    (found,) = discover(tmp_path).images
    path.unlink()
    with pytest.raises(ImageRefused, match="not there"):
        decode_rgb(found.path)


def test_search_limits_are_told(tmp_path: Path) -> None:
    deep = tmp_path
    for _ in range(5):
        deep = deep / "d"
        deep.mkdir()
        (deep / "cell.jpg").write_bytes(encoded(rgb_image(), "JPEG"))
    shallow = discover(tmp_path, search=DiscoverLimits(max_depth=2))
    assert len(shallow.images) == 2
    assert "deeper" in shallow.skipped[0].reason
    few = discover(tmp_path, search=DiscoverLimits(max_files=3))
    assert len(few.images) == 3
    assert "first 3 files" in few.skipped[0].reason


def test_missing_input_is_an_error_and_an_empty_folder_is_not(tmp_path: Path) -> None:
    with pytest.raises(ImageRefused, match="not there"):
        discover(tmp_path / "missing")
    assert discover(tmp_path).images == ()


def test_the_libraries_stay_silent(tmp_path: Path) -> None:
    """OpenCV prints damaged files on stderr unless told not to; technicians read the reasons instead."""
    path = tmp_path / "cut.tif"
    path.write_bytes(encoded(rgb_image(), "TIFF", compression="tiff_lzw")[:5000])
    code = (
        "import sys, pathlib\n"
        "from bloodcells_gui.imaging.io.decode import decode_rgb\n"
        "from bloodcells_gui.imaging.io.refusal import ImageRefused\n"
        "try:\n    decode_rgb(pathlib.Path(sys.argv[1]))\n"
        "except ImageRefused as e:\n    print(e.reason())\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    assert done.stdout.strip()
    assert not done.stderr
