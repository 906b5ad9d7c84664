"""Small slides in scanners' own formats, written as OpenSlide's documentation describes them.

Hamamatsu (NDPI, VMS): JPEG streams with restart markers; Leica (SCN): BigTIFF that describes itself in XML;
3DHISTECH (MRXS): a folder with an index and a data file.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import tifffile
from numpy.typing import NDArray

RGB = NDArray[np.uint8]
MCU_PX = 8  # of a JPEG whose colours are stored in full


def jpeg(rgb: RGB, restart_px: int = 0) -> bytes:
    """A JPEG with a restart marker every `restart_px` px of a row."""
    options = [cv2.IMWRITE_JPEG_QUALITY, 95, cv2.IMWRITE_JPEG_RST_INTERVAL, restart_px // MCU_PX]
    options += [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444]
    ok, data = cv2.imencode(".jpg", np.ascontiguousarray(rgb[..., ::-1]), options)
    assert ok
    return data.tobytes()


def shrunk(rgb: RGB, factor: int) -> RGB:
    height, width = rgb.shape[:2]
    size = (width // factor, height // factor)
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)


def tiles(rgb: RGB, side: int) -> Iterator[bytes]:
    height, width = rgb.shape[:2]
    for y in range(0, height, side):
        for x in range(0, width, side):
            tile = np.full((side, side, 3), 255, np.uint8)
            part = rgb[y : y + side, x : x + side]
            tile[: part.shape[0], : part.shape[1]] = part
            yield jpeg(tile)


def write_ndpi(path: Path, rgb: RGB, mpp: float) -> Path:
    """Two levels, each one strip."""
    with tifffile.TiffWriter(path) as tif:
        for factor in (1, 4):
            level = shrunk(rgb, factor)
            width = level.shape[1]
            lens = 40.0 / factor
            tags = [(65420, "I", 1, 1, True), (65421, "f", 1, lens, True), (65424, "i", 1, 0, True)]
            per_cm = 1e4 / (mpp * factor)
            tif.write(
                iter([jpeg(level, width // 2)]), shape=level.shape, dtype=np.uint8,
                rowsperstrip=level.shape[0],
                compression="jpeg", photometric="ycbcr", subsampling=(1, 1), resolution=(per_cm, per_cm),
                resolutionunit=3, metadata=None, software=False, extratags=tags,
            )  # fmt: skip
    return path


def write_vms(path: Path, rgb: RGB, mpp: float) -> Path:
    """One JPEG and a small map of it beside the text that names them."""
    height, width = rgb.shape[:2]
    (path.parent / "whole.jpg").write_bytes(jpeg(rgb, width // 2))
    small = shrunk(rgb, 4)
    (path.parent / "map.jpg").write_bytes(jpeg(small, small.shape[1] // 2))
    path.write_text(
        "[Virtual Microscope Specimen]\nNoLayers=1\nNoJpegColumns=1\nNoJpegRows=1\nImageFile=whole.jpg\n"
        f"MapFile=map.jpg\nSourceLens=40\nPhysicalWidth={round(width * mpp * 1000)}\n"
        f"PhysicalHeight={round(height * mpp * 1000)}\n",
        encoding="ascii",
    )
    return path


def write_scn(path: Path, rgb: RGB, mpp: float) -> Path:
    """Two tiled levels on a slide that is a little larger than they are."""
    height, width = rgb.shape[:2]
    w_nm, h_nm, edge = round(width * mpp * 1000), round(height * mpp * 1000), round(16 * mpp * 1000)
    text = (
        '<?xml version="1.0"?><scn xmlns="http://www.leica-microsystems.com/scn/2010/10/01">'
        f'<collection name="c" sizeX="{w_nm + edge}" sizeY="{h_nm + edge}"><barcode/>'
        '<image name="i" uuid="u">'
        '<creationDate>2026-01-01T00:00:00Z</creationDate><device model="m" version="1"/>'
        f'<pixels sizeX="{width}" sizeY="{height}">'
        f'<dimension sizeX="{width}" sizeY="{height}" r="0" ifd="0"/>'
        f'<dimension sizeX="{width // 4}" sizeY="{height // 4}" r="1" ifd="1"/></pixels>'
        f'<view sizeX="{w_nm}" sizeY="{h_nm}" offsetX="0" offsetY="0" spacingZ="0"/>'
        "<scanSettings><objectiveSettings><objective>40</objective></objectiveSettings><illuminationSettings>"
        "<numericalAperture>0.65</numericalAperture><illuminationSource>brightfield</illuminationSource>"
        "</illuminationSettings></scanSettings></image></collection></scn>"
    )
    with tifffile.TiffWriter(path, bigtiff=True) as tif:
        for factor in (1, 4):
            level = shrunk(rgb, factor)
            tif.write(
                tiles(level, 256), shape=level.shape, dtype=np.uint8, tile=(256, 256), compression="jpeg",
                photometric="ycbcr", subsampling=(1, 1), metadata=None, software=False, resolutionunit=3,
                resolution=(1e4 / (mpp * factor),) * 2, description=text if factor == 1 else None,
            )  # fmt: skip
    return path


def write_mrxs(path: Path, rgb: RGB, mpp: float, side: int = 256) -> Path:
    """One level of square pictures without overlap, in the folder that goes with the file."""
    folder = path.with_suffix("")
    folder.mkdir()
    rows, columns = rgb.shape[0] // side, rgb.shape[1] // side
    identity = "0123456789ABCDEF0123456789ABCDEF"
    (folder / "Slidedat.ini").write_text(
        f"[GENERAL]\nSLIDE_ID={identity}\nIMAGENUMBER_X={columns}\nIMAGENUMBER_Y={rows}\n"
        "OBJECTIVE_MAGNIFICATION=40\nCameraImageDivisionsPerSide=1\n"
        "[HIERARCHICAL]\nHIER_COUNT=1\nNONHIER_COUNT=0\nINDEXFILE=Index.dat\n"
        "HIER_0_NAME=Slide zoom level\nHIER_0_COUNT=1\nHIER_0_VAL_0=ZoomLevel_0\n"
        "HIER_0_VAL_0_SECTION=LEVEL_0\n"
        "[DATAFILE]\nFILE_COUNT=1\nFILE_0=Data0000.dat\n"
        "[LEVEL_0]\nOVERLAP_X=0\nOVERLAP_Y=0\nIMAGE_FORMAT=JPEG\nIMAGE_FILL_COLOR_BGR=16777215\n"
        f"DIGITIZER_WIDTH={side}\nDIGITIZER_HEIGHT={side}\nIMAGE_CONCAT_FACTOR=0\n"
        f"MICROMETER_PER_PIXEL_X={mpp}\nMICROMETER_PER_PIXEL_Y={mpp}\n",
        encoding="ascii",
    )
    head = b"01.02" + identity.encode()
    data, entries = bytearray(head), []
    for index, picture in enumerate(tiles(rgb, side)):
        entries.append((index, len(data), len(picture), 0))
        data += picture
    (folder / "Data0000.dat").write_bytes(data)
    # Two roots; the first leads to a list with the place of the level's record, which leads to one page.
    roots_at = len(head)
    list_at = roots_at + 8
    record_at = list_at + 4
    page_at = record_at + 8
    page = struct.pack("<ii", len(entries), 0) + b"".join(struct.pack("<iiii", *e) for e in entries)
    pointers = struct.pack("<iiiii", list_at, 0, record_at, 0, page_at)
    (folder / "Index.dat").write_bytes(head + pointers + page)
    path.write_bytes(jpeg(shrunk(rgb, 8)))
    return path
