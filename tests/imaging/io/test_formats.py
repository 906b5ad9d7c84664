"""What is no image read here is named, with what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from bloodcells_gui.imaging.io.discover import discover
from bloodcells_gui.imaging.io.refusal import ImageRefused
from bloodcells_gui.imaging.io.sandbox import images


def ftyp(major: bytes, *compatible: bytes) -> bytes:
    body = major + bytes(4) + b"".join(compatible)
    return (len(body) + 8).to_bytes(4, "big") + b"ftyp" + body + bytes(400)


FILES: dict[str, tuple[bytes, str, str]] = {
    "heic": (ftyp(b"heic", b"mif1", b"heic"), "HEIC", "JPEG or PNG"),
    "heic by compatible brand": (ftyp(b"mif1", b"mif1", b"heic"), "HEIC", "JPEG or PNG"),
    "avif": (ftyp(b"mif1", b"mif1", b"avif"), "AVIF", "TIFF, PNG or JPEG"),
    "cr3": (ftyp(b"crx ", b"crx ", b"isom"), "raw photograph (CR3)", "JPEG that the camera"),
    "mp4": (ftyp(b"isom", b"isom", b"mp42"), "film", "single pictures"),
    "avi": (b"RIFF\0\0\1\0AVI LIST" + bytes(300), "film", "single pictures"),
    "jxl": (b"\xff\x0a" + bytes(300), "JPEG XL", "TIFF, PNG or JPEG"),
    "jxl container": (b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(300), "JPEG XL", "TIFF, PNG or JPEG"),
    "jp2": (b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(300), "JPEG 2000", "TIFF, PNG or JPEG"),
    "nd2": (b"\xda\xce\xbe\x0a" + bytes(300), "Nikon ND2", "Export it as TIFF"),
    "czi": (b"ZISRAWFILE" + bytes(300), "Zeiss CZI", "Export it as TIFF"),
    "lif": (b"\x70\0\0\0\x30\0\0\0\x2a" + bytes(300), "Leica LIF", "Export it as TIFF"),
    "oib": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(300), "OIB", "Export it as TIFF"),
    "raf": (b"FUJIFILMCCD-RAW 0201" + bytes(300), "raw photograph (RAF)", "JPEG that the camera"),
    "orf": (b"IIRO\x08\0\0\0" + bytes(300), "raw photograph (ORF)", "JPEG that the camera"),
    "rw2": (b"IIU\0\x18\0\0\0" + bytes(300), "raw photograph (RW2)", "JPEG that the camera"),
    "psd": (b"8BPS\0\1" + bytes(300), "Photoshop", "TIFF, PNG or JPEG"),
    "gif": (b"GIF89a" + bytes(300), "GIF", "TIFF, PNG or JPEG"),
}


@pytest.mark.parametrize("name", FILES)
def test_formats_are_named_with_advice(name: str, tmp_path: Path) -> None:
    data, what, advice = FILES[name]
    path = tmp_path / "picture.jpg"
    path.write_bytes(data)
    with pytest.raises(ImageRefused) as refused:
        images.load_image(path)
    assert what in refused.value.reason()
    assert advice in refused.value.reason()
    assert refused.value.reason("fr") != refused.value.reason()
    with pytest.raises(ImageRefused) as refused:
        images.open_image(path)
    assert what in refused.value.reason()


@pytest.mark.parametrize("name", ["slide.czi", "slide.svs"])
def test_a_name_of_a_slide_does_not_hide_what_it_is(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(FILES["czi"][0])
    with pytest.raises(ImageRefused, match="Zeiss CZI"):
        images.open_image(path)


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("a.kfb", b"KFB\0\1\2\3" * 40, "microscope's own file (KFB)"),
        ("a.tga", b"\0\0\2\0\0\0\0\0\0\0\0\0\4\0\4\0\x18\0" + bytes(48), "not read (TGA)"),
        ("a.ppm", b"P6\n4 4\n255\n" + bytes(48), "not read (PNM)"),
        ("a.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504), "Office document"),
        ("a.zvi", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504), "microscope's own file"),
        ("a.jpg", bytes(128) + b"DICM" + bytes(200), "DICOM file with the name of another format"),
        ("a.txt", b"no picture", "It is a text, not an image."),
    ],
)
def test_a_folder_names_formats_that_are_not_read(name: str, data: bytes, says: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(data)
    [skipped] = discover(tmp_path).skipped
    assert says in skipped.reason
