"""Decoders in child processes: a crash, a hang or a memory overrun costs one image and nothing else."""

from __future__ import annotations

import os
import platform
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest

from bloodcells_gui.imaging.io import decode, opening
from bloodcells_gui.imaging.io.limits import DEFAULT_LIMITS
from bloodcells_gui.imaging.io.reader import ImageReader
from bloodcells_gui.imaging.io.refusal import ImageRefused
from bloodcells_gui.imaging.io.sandbox import handle, images, protocol
from bloodcells_gui.imaging.io.sandbox.pool import DecoderLost, DecoderPool
from tests.support.decoder_pools import BAD, ROOT, good_image, load
from tests.support.hostile_images import CORPUS, Hostile, encoded, rgb_image, write

SHAPE = (65, 83, 3)


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def wait_until(true: object, seconds: float = 15.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if true():  # type: ignore[operator]
            return True
        time.sleep(0.02)
    return False


@pytest.fixture
def bad() -> Iterator[DecoderPool]:
    pool = DecoderPool(2, lambda: BAD, cpu_s=0.3, wall_s=3.0)
    yield pool
    pids = pool.pids
    pool.close()
    assert wait_until(lambda: not any(alive(p) for p in pids))


@pytest.mark.parametrize(
    ("what", "reason"),
    [
        ("crash", "crashed on it"),
        ("abort", "crashed on it"),
        ("spin", "did not come to an end"),
        ("sleep", "did not come to an end"),
        ("grow", "not enough memory"),
        ("lie", "impossible shape"),
        ("babble", "no message"),
        ("error", "nobody foresaw"),
    ],
)
def test_a_bad_decoder_costs_one_image(bad: DecoderPool, tmp_path: Path, what: str, reason: str) -> None:
    good = good_image(tmp_path)
    before = load(bad, good)
    started = time.monotonic()
    with pytest.raises(ImageRefused, match=reason) as refused:
        load(bad, tmp_path / f"{what}.jpg")
    assert time.monotonic() - started < 10
    assert f"{what}.jpg" in refused.value.text()
    assert refused.value.reason("fr") != refused.value.reason("en")
    np.testing.assert_array_equal(load(bad, good), before)


def test_a_decoder_cannot_write_files(bad: DecoderPool, tmp_path: Path) -> None:
    with pytest.raises(ImageRefused):
        load(bad, tmp_path / "write.jpg")
    written = tmp_path / "write.written"
    assert not written.exists() or written.stat().st_size == 0


def test_a_folder_with_bad_images_among_good_ones(bad: DecoderPool, tmp_path: Path) -> None:
    """Several threads at once, as in an analysis: every good image is there, every bad one has its reason."""
    names = [f"{'crash' if i % 5 == 0 else 'sleep' if i == 7 else 'good'}-{i}.jpg" for i in range(25)]
    for name in names:
        good_image(tmp_path, name)

    def one(name: str) -> str:
        try:
            return "read" if load(bad, tmp_path / name).shape == SHAPE else "wrong"
        except ImageRefused as e:
            return e.reason()

    with ThreadPoolExecutor(4) as threads:
        found = dict(zip(names, threads.map(one, names), strict=True))
    assert {n for n, r in found.items() if r == "read"} == {n for n in names if n.startswith("good")}
    assert {r for n, r in found.items() if n.startswith("sleep")} == {
        "Its decoder did not come to an end and was stopped."
    }
    assert len(bad.pids) <= 2


def test_cancelling_ends_a_hang(tmp_path: Path) -> None:
    pool = DecoderPool(1, lambda: BAD, cpu_s=60, wall_s=60)
    try:
        load(pool, good_image(tmp_path))
        threading.Timer(0.2, pool.interrupt).start()
        started = time.monotonic()
        with pytest.raises(DecoderLost):
            load(pool, tmp_path / "sleep.jpg")
        assert time.monotonic() - started < 5
    finally:
        pool.close()


def test_a_child_that_was_killed_while_idle_is_replaced_unseen(bad: DecoderPool, tmp_path: Path) -> None:
    good = good_image(tmp_path)
    load(bad, good)
    (pid,) = bad.pids
    os.kill(pid, signal.SIGKILL)
    assert wait_until(lambda: not alive(pid))
    assert load(bad, good).shape == SHAPE


def test_a_child_that_dies_as_it_is_asked_is_replaced_unseen(
    bad: DecoderPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing tells the program of the death before it hears no answer."""
    good = good_image(tmp_path)
    before = load(bad, good)
    (pid,) = bad.pids
    monkeypatch.setattr(handle.Child, "alive", True)
    os.kill(pid, signal.SIGKILL)
    np.testing.assert_array_equal(load(bad, good), before)
    assert pid not in bad.pids


def test_an_image_that_crashes_a_used_child_is_tried_once_more(bad: DecoderPool, tmp_path: Path) -> None:
    load(bad, good_image(tmp_path))
    before = bad._numbers  # noqa: SLF001  # how many children there were
    with pytest.raises(DecoderLost, match="crashed on it"):
        load(bad, tmp_path / "crash.jpg")
    assert bad._numbers == before + 1  # noqa: SLF001  # one new child, not an endless row of them


def test_idle_children_end(tmp_path: Path) -> None:
    pool = DecoderPool(2, idle_s=0.2)
    load(pool, good_image(tmp_path))
    pids = pool.pids
    assert wait_until(lambda: not pool.pids)
    assert wait_until(lambda: not any(alive(p) for p in pids))
    assert load(pool, good_image(tmp_path)).shape == SHAPE
    pool.close()


def test_a_closed_pool_refuses(tmp_path: Path) -> None:
    pool = DecoderPool(1)
    load(pool, good_image(tmp_path))
    pool.close()
    with pytest.raises(OSError, match="closed"):
        load(pool, good_image(tmp_path))


@pytest.mark.parametrize(
    ("how", "busy"),
    [(signal.SIGKILL, "spin"), (signal.SIGKILL, "sleep"), (signal.SIGKILL, "idle"), (signal.SIGTERM, "sleep"),
     (signal.SIGINT, "spin")],
)  # fmt: skip
def test_no_child_outlives_the_program(tmp_path: Path, how: signal.Signals, busy: str) -> None:
    """However the program ends, and whatever its children do at that moment."""
    code = (
        "import signal, sys, threading, time\n"
        "from pathlib import Path\n"
        # Ignored, and inherited so, where a shell started the tests in the background.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from bloodcells_gui.imaging.io.sandbox.pool import DecoderPool\n"
        "from tests.imaging.io.test_sandbox import BAD, good_image, load\n"
        "pool = DecoderPool(2, lambda: BAD, cpu_s=600, wall_s=600)\n"
        "folder = Path(sys.argv[1])\n"
        "load(pool, good_image(folder))\n"
        "if sys.argv[2] != 'idle':\n"
        "    threading.Thread(target=load, args=(pool, folder / sys.argv[2]), daemon=True).start()\n"
        "    time.sleep(0.3)\n"
        "print(*pool.pids, flush=True)\n"
        "time.sleep(600)\n"
    )
    program = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path), busy], cwd=ROOT, stdout=subprocess.PIPE, text=True,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    assert program.stdout is not None
    pids = [int(p) for p in program.stdout.readline().split()]
    assert pids
    assert all(alive(p) for p in pids)
    program.send_signal(how)
    program.wait(20)
    program.stdout.close()
    assert wait_until(lambda: not any(alive(p) for p in pids))


# ---- the same pixels, the same words


@pytest.mark.parametrize("hostile", CORPUS, ids=lambda h: h.name)
def test_isolated_decoding_gives_the_same(tmp_path: Path, hostile: Hostile) -> None:
    path = write(tmp_path, hostile)
    if hostile.expect == "read":
        here, there = decode.load_image(path), images.load_image(path)
        np.testing.assert_array_equal(here.rgb, there.rgb)
        assert (here.info, here.sha256) == (there.info, there.sha256)
    else:
        with pytest.raises(ImageRefused) as here_refused:
            decode.load_image(path)
        with pytest.raises(ImageRefused) as there_refused:
            images.load_image(path)
        for lang in ("en", "fr"):
            assert here_refused.value.text(lang) == there_refused.value.text(lang)


def test_an_image_larger_than_the_window_comes_in_pieces(tmp_path: Path) -> None:
    side = int((protocol.WINDOW_BYTES * 2.5 / 3) ** 0.5)
    path = tmp_path / "large.bmp"
    cv2.imwrite(str(path), np.resize(np.arange(1021, dtype=np.int32).astype(np.uint8), (side, side, 3)))
    np.testing.assert_array_equal(decode.load_image(path).rgb, images.load_image(path).rgb)


def test_many_images_in_one_request_are_the_same_images(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where they fill the window several times over, and where one alone is larger than it."""
    side = int((protocol.WINDOW_BYTES * 1.4 / 3) ** 0.5)
    sizes = [(65, 83), (2400, 2400), (2400, 2300), (side, side), (31, 20), (2500, 2000), (9, 9)]
    paths = [tmp_path / f"{i}.bmp" for i in range(len(sizes))]
    for i, (path, size) in enumerate(zip(paths, sizes, strict=True)):
        cv2.imwrite(str(path), np.resize(np.arange(1021 + i, dtype=np.int32).astype(np.uint8), (*size, 3)))
    paths[4].write_bytes(b"no image")
    asked: list[str] = []
    ask = handle.Child.ask
    monkeypatch.setattr(handle.Child, "ask", lambda self, r: asked.append(r["do"]) or ask(self, r))
    found = images.load_images([(p, f"name of {p.name}") for p in paths])
    assert asked.count("load") == 1
    for path, image in zip(paths, found, strict=True):
        if path is paths[4]:
            assert isinstance(image, ImageRefused)
            assert "name of 4.bmp" in image.text()
            continue
        here = decode.load_image(path)
        assert not isinstance(image, ImageRefused)
        np.testing.assert_array_equal(image.rgb, here.rgb)
        assert (image.info, image.sha256) == (here.info, here.sha256)


@pytest.mark.parametrize("where", [0, 3, 5])
@pytest.mark.parametrize(
    ("what", "reason"),
    [
        ("crash", "crashed on it"),
        ("spin", "did not come to an end"),
        ("sleep", "did not come to an end"),
        ("lie", "impossible shape"),
        ("babble", "no"),
        ("error", "nobody foresaw"),
    ],
)
def test_a_bad_image_among_many_costs_itself_alone(
    bad: DecoderPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str, reason: str, where: int
) -> None:
    monkeypatch.setattr(images, "decoders", lambda: bad)
    names = [f"{what}-{i}.jpg" if i == where else f"good-{i}.jpg" for i in range(6)]
    paths = [good_image(tmp_path, name) for name in names]
    found = images.load_images([(p, "") for p in paths])
    for i, image in enumerate(found):
        if i == where:
            assert isinstance(image, ImageRefused)
            assert reason in image.text()
            assert names[i] in image.text()
        else:
            assert not isinstance(image, ImageRefused)
            np.testing.assert_array_equal(image.rgb, decode.load_image(paths[i]).rgb)


def test_cancelling_ends_a_hang_among_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from bloodcells_gui.domain.errors import Cancelled
    from bloodcells_gui.domain.progress import CancelToken

    pool = DecoderPool(1, lambda: BAD, cpu_s=60, wall_s=60)
    monkeypatch.setattr(images, "decoders", lambda: pool)
    token = CancelToken()
    token.on_cancel(images.interrupt)
    names = ["good-0.jpg", "sleep-1.jpg", "sleep-2.jpg", "good-3.jpg"]
    try:
        images.load_image(good_image(tmp_path))
        threading.Timer(0.3, token.cancel).start()
        started = time.monotonic()
        with pytest.raises(Cancelled):
            images.load_images([(good_image(tmp_path, n), n) for n in names], check=token.check)
        assert time.monotonic() - started < 8
    finally:
        pool.close()


SLIDES = [
    ROOT / "tests" / "imaging" / "io" / "slides" / n for n in ("boxes.tiff", "boxes_0.dcm", "small.svs")
]


@pytest.mark.parametrize("slide", SLIDES, ids=lambda p: p.name)
def test_isolated_slides_read_the_same(slide: Path) -> None:
    with opening.open_image(slide) as here, images.open_image(slide) as there:
        assert isinstance(there, ImageReader)
        assert (here.size_px, here.mpp, here.levels) == (there.size_px, there.mpp, there.levels)
        assert (here.format, here.description) == (there.format, there.description)
        np.testing.assert_array_equal(here.thumbnail(200), there.thumbnail(200))
        for region, downsample in (((10, 20, 64, 48), 1.0), ((-5, -5, 90, 90), 2.5)):
            np.testing.assert_array_equal(
                here.read_region(*region, downsample=downsample),
                there.read_region(*region, downsample=downsample),
            )
    with pytest.raises(ImageRefused, match="closed"):
        there.read_region(0, 0, 5, 5)
    with pytest.raises(ValueError, match="downsample"):
        here.read_region(0, 0, 5, 5, downsample=0.5)


def test_a_slide_whose_decoder_keeps_crashing_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "good-slide.svs"
    path.write_bytes(next(p for p in SLIDES if p.suffix == ".svs").read_bytes())
    with images.open_image(path) as reader:
        calls = []

        def lost(*_: object) -> None:
            calls.append(1)
            raise DecoderLost(path, "Its decoder crashed on it ({detail}).", detail="exit code -11")

        monkeypatch.setattr(images.decoders(), "run", lost)
        for _ in range(5):
            with pytest.raises(ImageRefused):
                reader.read_region(0, 0, 10, 10)
        assert len(calls) == 3
        with pytest.raises(ImageRefused, match="not asked again"):
            reader.thumbnail(10)
        monkeypatch.undo()


def test_a_machine_that_forbids_children_still_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pool = DecoderPool(1, lambda: [str(tmp_path / "no such program")])
    monkeypatch.setattr(images, "decoders", lambda: pool)
    images.isolation_available.cache_clear()
    try:
        assert not images.isolation_available()
        assert images.load_image(good_image(tmp_path)).rgb.shape == SHAPE
    finally:
        images.isolation_available.cache_clear()


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="asks for what glibc's allocator does")
def test_a_child_keeps_its_memory_between_images(tmp_path: Path) -> None:
    """Fetching it from the system again for every image, page by page, took a tenth of the time of a crop."""
    path = tmp_path / "cell.jpg"
    cv2.imwrite(str(path), np.zeros((264, 264, 3), np.uint8), [cv2.IMWRITE_JPEG_PROGRESSIVE, 1])
    many = [(path, "")] * 16
    pool = DecoderPool(1)
    request = handle.many_request(many, DEFAULT_LIMITS)
    try:
        faults = []
        for _ in range(4):
            answer = pool.run(request, lambda child, answer: answer)
            assert len(answer["images"]) == len(many)
            stat = Path(f"/proc/{pool.pids[0]}/stat").read_text().rpartition(")")[2].split()
            faults.append(int(stat[7]))
    finally:
        pool.close()
    assert (faults[-1] - faults[1]) / (2 * len(many)) < 3


def test_names_that_are_no_text_reach_the_child(tmp_path: Path) -> None:
    raw = os.fsencode(tmp_path) + b"/caf\xe9.jpg"
    path = Path(os.fsdecode(raw))
    path.write_bytes(encoded(rgb_image(), "JPEG"))
    assert images.load_image(path).rgb.shape == SHAPE


@pytest.mark.parametrize(
    "message",
    [None, [], {"stored_px": [0, 5]}, {"stored_px": "55"}, {"stored_px": [5, 5], "format": 3},
     {"stored_px": [True, 5]}],
)  # fmt: skip
def test_headers_from_a_child_are_checked(message: object) -> None:
    with pytest.raises(protocol.BadAnswer):
        protocol.info_from_wire(message)


def test_an_analysis_lists_what_its_decoders_died_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the folder to skipped.csv: a crash and a hang among real cells cost two rows and nothing else."""
    from bloodcells_gui.app.batch import AnalyzeRequest, analyze_all
    from bloodcells_gui.app.demo import make_demo
    from bloodcells_gui.domain.progress import CancelToken

    specimen = make_demo("crops", tmp_path / "specimen", cells=12, seed=7)
    crops = sorted(specimen.glob("*.jpg"))
    crops[3].rename(specimen / "crash-3.jpg")
    crops[8].rename(specimen / "sleep-8.jpg")
    pool = DecoderPool(3, lambda: BAD, cpu_s=5, wall_s=3)
    monkeypatch.setattr(images, "decoders", lambda: pool)
    images.isolation_available.cache_clear()
    try:
        request = AnalyzeRequest((specimen,), tmp_path / "out")
        (outcome,) = analyze_all(request, token=CancelToken(), progress=lambda _: None)
    finally:
        images.isolation_available.cache_clear()
        pool.close()
    assert outcome.error is None
    assert outcome.cells == 10
    listed = (tmp_path / "out" / "skipped.csv").read_text("utf-8-sig").splitlines()[1:]
    skipped = [line for line in listed if not line.startswith("truth")]  # what the demo puts beside
    assert [line.partition(",")[0] for line in skipped] == ["crash-3.jpg", "sleep-8.jpg"]
    assert "crashed on it (signal 11)" in skipped[0]
    assert "did not come to an end" in skipped[1]
