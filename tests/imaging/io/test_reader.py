"""One suite over every reader: the same picture behind each of them must look the same."""

from __future__ import annotations

import shutil
import struct
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image

from bloodcells_gui.imaging.io.limits import DecodeLimits
from bloodcells_gui.imaging.io.opening import open_image
from bloodcells_gui.imaging.io.reader import ImageReader, Level, honest_levels
from bloodcells_gui.imaging.io.readers_openslide import OpenSlideReader
from bloodcells_gui.imaging.io.readers_plain import InMemoryReader
from bloodcells_gui.imaging.io.readers_tiff import TiffReader
from bloodcells_gui.imaging.io.refusal import ImageRefused
from bloodcells_gui.imaging.io.sandbox import images
from bloodcells_gui.synthetic.pyramid import TILE_PX, PyramidWriter, write_pyramid
from tests.support.hostile_images import picture

W, H, MPP = 1500, 1100, 0.25
PICTURE = picture(W, H)
PER_CM = 1e4 / MPP


def _png(path: Path) -> Path:
    Image.fromarray(PICTURE).save(path, dpi=(25_400 / MPP,) * 2)
    return path


def _pyramid(path: Path, ome: bool = False, compression: str | None = "zlib") -> Path:
    metadata = {
        "PhysicalSizeX": MPP,
        "PhysicalSizeY": MPP,
        "PhysicalSizeXUnit": "um",
        "PhysicalSizeYUnit": "um",
    }
    common = {"tile": (256, 256), "photometric": "rgb", "compression": compression}
    with tifffile.TiffWriter(path, ome=ome) as tif:
        tif.write(
            PICTURE, subifds=2 if ome else 0, metadata=metadata if ome else None, resolution=(PER_CM, PER_CM),
            resolutionunit=3, **common,
        )  # fmt: skip
        for k in (2, 4):
            small = cv2.resize(PICTURE, (W // k, H // k), interpolation=cv2.INTER_AREA)
            tif.write(small, subfiletype=1, **common)
    return path


def _single(path: Path, **options: object) -> Path:
    tifffile.imwrite(
        path, PICTURE, photometric="rgb", resolution=(PER_CM, PER_CM), resolutionunit=3, **options
    )
    return path


def _sixteen(path: Path) -> Path:
    deep = PICTURE.astype(np.uint16) * 257
    tifffile.imwrite(
        path,
        deep,
        photometric="rgb",
        tile=(128, 128),
        resolution=(PER_CM, PER_CM),
        resolutionunit=3,
        bigtiff=True,
    )
    return path


def _channels(path: Path) -> Path:
    with tifffile.TiffWriter(path, ome=True) as tif:
        tif.write(
            np.moveaxis(PICTURE, -1, 0), metadata={"axes": "CYX", "PhysicalSizeX": MPP, "PhysicalSizeY": MPP},
            photometric="minisblack", tile=(256, 256),
        )  # fmt: skip
    return path


def _jpeg(path: Path) -> Path:
    Image.fromarray(PICTURE).save(path, quality=92, subsampling=0)
    data = bytearray(path.read_bytes())
    # 16 bits hold px per cm (unit 2), not per inch.
    data[13:18] = struct.pack(">BHH", 2, round(PER_CM), round(PER_CM))
    path.write_bytes(data)
    return path


def _own(path: Path, description: str = "synthetic test") -> Path:
    def tile(column: int, row: int) -> np.ndarray:
        out = np.full((TILE_PX, TILE_PX, 3), 255, np.uint8)
        part = PICTURE[row * TILE_PX : (row + 1) * TILE_PX, column * TILE_PX : (column + 1) * TILE_PX]
        out[: part.shape[0], : part.shape[1]] = part
        return out

    with PyramidWriter(path, (W, H), MPP, description) as writer:
        write_pyramid(writer, tile, np.full((TILE_PX, TILE_PX, 3), 255, np.uint8))
    return path


def _aperio(path: Path) -> Path:
    """As Aperio's scanners describe their slides, so that OpenSlide takes it for one of theirs."""
    return _own(path, f"Aperio Image Library v12\r\n{W}x{H} (512x512) JPEG/YCC Q=82|AppMag = 40|MPP = {MPP}")


Maker = Callable[[Path], Path]
Opener = Callable[[Path], ImageReader]
CASES: dict[str, tuple[str, Maker, Opener, type, float]] = {
    "plain png": ("a.png", _png, open_image, InMemoryReader, 0),
    "large jpeg": ("a.jpg", _jpeg, open_image, InMemoryReader, 3.5),
    "large jpeg by a child": ("a.jpg", _jpeg, images.open_image, InMemoryReader, 3.5),
    "aperio svs": ("a.svs", _aperio, open_image, OpenSlideReader, 2.5),
    "aperio svs by a child": ("a.svs", _aperio, images.open_image, images.IsolatedReader, 2.5),
    "big tiff, one plane, strips": (
        "a.tif", lambda p: _single(p, rowsperstrip=16, bigtiff=True), TiffReader, TiffReader, 0,
    ),
    "big tiff, one plane, tiles": (
        "a.tif", lambda p: _single(p, tile=(240, 176), bigtiff=True), open_image, TiffReader, 0,
    ),
    "plain strips": ("a.tif", lambda p: _single(p, rowsperstrip=32), open_image, InMemoryReader, 0),
    "strips by pieces": ("a.tif", lambda p: _single(p, rowsperstrip=32), TiffReader, TiffReader, 0),
    "lzw strips by pieces": (
        "a.tif", lambda p: _single(p, rowsperstrip=32, compression="lzw"), TiffReader, TiffReader, 0,
    ),
    "tiles, one level": ("a.tif", lambda p: _single(p, tile=(256, 256)), open_image, TiffReader, 0),
    "tiles, one level, by openslide": (
        "a.tif", lambda p: _single(p, tile=(256, 256)), OpenSlideReader, OpenSlideReader, 0,
    ),
    "16 bit tiles": ("a.tif", _sixteen, TiffReader, TiffReader, 0),
    "red, green, blue pages": ("a.ome.tif", _channels, TiffReader, TiffReader, 0),
    "pyramid by openslide": ("a.tif", _pyramid, OpenSlideReader, OpenSlideReader, 0),
    "pyramid by tifffile": ("a.tif", _pyramid, open_image, TiffReader, 0),
    "ome pyramid": ("a.ome.tif", lambda p: _pyramid(p, ome=True), open_image, TiffReader, 0),
    "own jpeg pyramid by openslide": ("a.tif", _own, OpenSlideReader, OpenSlideReader, 2.5),
    "own jpeg pyramid by tifffile": ("a.tif", _own, open_image, TiffReader, 2.5),
}  # fmt: skip


Case = tuple[ImageReader, type, float]


@pytest.fixture(scope="module", params=CASES, ids=str)
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Case]:
    name, make, opener, kind, loss = CASES[request.param]
    path = make(tmp_path_factory.mktemp("reader") / name)
    with opener(path) as reader:
        yield reader, kind, loss


def difference(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.abs(a.astype(int) - b.astype(int)).mean())


def test_size_scale_and_kind(case: Case) -> None:
    reader, kind, _ = case
    assert isinstance(reader, ImageReader)
    assert type(reader) is kind
    assert reader.size_px == (W, H)
    assert reader.mpp == pytest.approx(MPP, rel=1e-3)
    assert reader.levels[0].downsample == 1
    assert [lv.downsample for lv in reader.levels] == sorted(lv.downsample for lv in reader.levels)


@pytest.mark.parametrize(
    "region", [(0, 0, 64, 64), (250, 130, 400, 300), (1400, 1000, 100, 100), (511, 511, 3, 3)]
)
def test_regions_at_full_resolution(case: Case, region: tuple[int, int, int, int]) -> None:
    reader, _, loss = case
    x, y, w, h = region
    got = reader.read_region(x, y, w, h)
    assert got.dtype == np.uint8
    assert got.flags.c_contiguous
    assert difference(got, PICTURE[y : y + h, x : x + w]) <= loss


@pytest.mark.parametrize("downsample", [1.0, 1.5, 2.0, 3.7, 4.0, 9.0])
def test_regions_at_lower_resolution(case: Case, downsample: float) -> None:
    reader, _, loss = case
    got = reader.read_region(100, 200, 1200, 800, downsample=downsample)
    size = (round(1200 / downsample), round(800 / downsample))
    assert got.shape == (size[1], size[0], 3)
    assert (
        difference(got, cv2.resize(PICTURE[200:1000, 100:1300], size, interpolation=cv2.INTER_AREA))
        <= loss + 1.0
    )


def test_outside_is_white_and_inside_stays_in_place(case: Case) -> None:
    reader, _, loss = case
    got = reader.read_region(-20, -10, 100, 100)
    assert (got[:10] == 255).all()
    assert (got[:, :20] == 255).all()
    assert difference(got[10:, 20:], PICTURE[:90, :80]) <= loss
    assert (reader.read_region(W + 5, H + 5, 10, 10) == 255).all()
    right = reader.read_region(W - 10, H - 10, 30, 30)
    assert (right[:, 10:] == 255).all()
    assert difference(right[:10, :10], PICTURE[-10:, -10:]) <= loss + 2


def test_thumbnail(case: Case) -> None:
    reader, _, _ = case
    assert reader.thumbnail(300).shape == (220, 300, 3)
    assert reader.thumbnail(10_000).shape == (H, W, 3)


def test_nonsense_is_refused(case: Case) -> None:
    reader, _, _ = case
    for bad in ((0, 0, 0, 5), (0, 0, 5, -1)):
        with pytest.raises(ValueError):
            reader.read_region(*bad)
    for downsample in (0.5, float("nan"), float("inf")):
        with pytest.raises(ValueError):
            reader.read_region(0, 0, 5, 5, downsample=downsample)


def test_threads_see_the_same_pixels(case: Case) -> None:
    reader, _, _ = case
    places = [(x, y) for x in range(0, 1200, 150) for y in range(0, 900, 150)]
    alone = [reader.read_region(x, y, 200, 200) for x, y in places]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda p: reader.read_region(*p, 200, 200), places))
    for a, b in zip(alone, together, strict=True):
        np.testing.assert_array_equal(a, b)


def test_large_regions_are_read_in_blocks(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    reader, _, loss = case
    monkeypatch.setattr("bloodcells_gui.imaging.io.reader._BLOCK_PIXELS", 50_000)
    whole = reader.read_region(0, 0, W, H, downsample=1.25)
    expected = cv2.resize(PICTURE, (1200, 880), interpolation=cv2.INTER_AREA)
    assert difference(whole, expected) <= loss + 1.0


def test_closed_readers_say_so(tmp_path: Path) -> None:
    for name, make in (("a.png", _png), ("a.tif", _pyramid), ("b.ome.tif", lambda p: _pyramid(p, ome=True))):
        reader = open_image(make(tmp_path / name))
        reader.close()
        reader.close()
        with pytest.raises(ImageRefused, match="closed"):
            reader.read_region(0, 0, 5, 5)


def test_truncated_slides_are_refused(tmp_path: Path) -> None:
    for make, share in (
        (_own, 0.5),
        (_pyramid, 0.5),
        (_pyramid, 0.95),
        (lambda p: _pyramid(p, ome=True), 0.6),
    ):
        path = make(tmp_path / "a.tif")
        data = path.read_bytes()
        path.write_bytes(data[: int(len(data) * share)])
        with pytest.raises(ImageRefused):
            open_image(path)


@pytest.mark.parametrize(
    "opener", [TiffReader, OpenSlideReader, images.open_image], ids=["tiff", "openslide", "child"]
)
def test_a_damaged_tile_spoils_only_itself(tmp_path: Path, opener: Opener) -> None:
    path = _aperio(tmp_path / "a.svs")
    with tifffile.TiffFile(path) as tif:
        offset = tif.pages[0].dataoffsets[4]
    data = bytearray(path.read_bytes())
    data[offset : offset + 400] = bytes(400)
    path.write_bytes(data)
    with opener(path) as reader:
        for _ in range(2):  # OpenSlide reads nothing more from a handle that met an error
            assert difference(reader.read_region(0, 0, 400, 400), PICTURE[:400, :400]) < 2.5
            with pytest.raises(ImageRefused, match=r"damaged|JPEG"):
                reader.read_region(600, 600, 100, 100)


def test_an_mrxs_without_its_folder_is_named(tmp_path: Path) -> None:
    path = tmp_path / "slide.mrxs"
    Image.fromarray(PICTURE[:64, :64]).save(path, "JPEG")
    with pytest.raises(ImageRefused, match="slide with the image data is missing"):
        open_image(path)


def test_levels_that_lie_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "lying.tif"
    with tifffile.TiffWriter(path) as tif:
        for small in (PICTURE, PICTURE[:550, :300], PICTURE[:275, :375], PICTURE):
            tif.write(np.ascontiguousarray(small), tile=(256, 256), photometric="rgb", metadata=None)
    for reader in (OpenSlideReader(path), TiffReader(path)):
        with reader:
            assert reader.levels[0].size_px == (W, H)
            assert (300, 550) not in [level.size_px for level in reader.levels]
            assert len({level.size_px for level in reader.levels}) == len(reader.levels)


def test_honest_levels() -> None:
    def levels(*sizes: tuple[int, int]) -> tuple[Level, ...]:
        return tuple(Level(s, 1.0, (256, 256)) for s in sizes)

    assert honest_levels(levels((1001, 777), (500, 388), (251, 195), (125, 97))) == (0, 1, 2, 3)
    assert honest_levels(levels((1000, 800), (500, 100), (250, 200))) == (0, 2)
    assert honest_levels(levels((1000, 800), (2000, 1600), (250, 200))) == (0, 2)


def test_pieces_beyond_the_limit_are_refused(tmp_path: Path) -> None:
    tight = DecodeLimits(max_segment_pixels=W * H - 1)
    one_strip = _single(tmp_path / "a.tif", rowsperstrip=H)
    with pytest.raises(ImageRefused, match="pieces"):
        TiffReader(one_strip, tight)
    with pytest.raises(ImageRefused, match="pieces"):
        OpenSlideReader(
            _single(tmp_path / "b.tif", tile=(2048, 2048)), DecodeLimits(max_segment_pixels=2048 * 2047)
        )


def test_absurd_sizes_are_refused(tmp_path: Path) -> None:
    path = _pyramid(tmp_path / "a.tif")
    with pytest.raises(ImageRefused, match="absurd"):
        OpenSlideReader(path, DecodeLimits(max_slide_side=1000))
    with pytest.raises(ImageRefused, match="absurd"):
        TiffReader(path, DecodeLimits(max_slide_side=1000))


def test_a_large_plain_tiff_is_read_by_strips(tmp_path: Path) -> None:
    path = _single(tmp_path / "a.tif", rowsperstrip=16)
    with open_image(path, DecodeLimits(max_pixels=100_000)) as reader:
        assert isinstance(reader, TiffReader)
        np.testing.assert_array_equal(reader.read_region(3, 5, 70, 80), PICTURE[5:85, 3:73])


def test_a_slide_that_disappears_while_reading(tmp_path: Path) -> None:
    path = _pyramid(tmp_path / "a.tif", compression=None)
    with TiffReader(path) as reader:
        with path.open("r+b") as f:
            f.truncate(5000)
        with pytest.raises(ImageRefused):
            reader.read_region(1000, 900, 100, 100)


def test_names_do_not_decide(tmp_path: Path) -> None:
    path = _pyramid(tmp_path / "a.tif")
    odd = tmp_path / "émoji 🩸 'slide'.svs"
    shutil.copy(path, odd)
    with open_image(odd) as reader:
        assert reader.size_px == (W, H)
