"""Recognise files that are no readable image by their first bytes, and advise what to do."""

from __future__ import annotations

from bloodcells_gui.domain.i18n import N_

HEAD_BYTES = 132
TIFF_HEADS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
# Which reader an image gets is decided by its content; names serve for file dialogs, messages and slides.
PLAIN_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp"})
# Names that only slides have; their content may not look like an image at all (MRXS is a JPEG with a folder).
SLIDE_SUFFIXES = frozenset(
    {".svs", ".ndpi", ".ndpis", ".mrxs", ".scn", ".bif", ".vms", ".vmu", ".svslide", ".dcm", ".czi"}
)
READ_HERE = N_("JPEG, PNG, BMP, TIFF and WebP images and scanner slides are read.")
SAVE_AS = N_("Save or export it as TIFF, PNG or JPEG.")
RAW = N_("It is a camera's raw photograph ({kind}).")
RAW_ADVICE = N_("Use the JPEG that the camera saved beside it, or export it as TIFF or PNG.")
RAW_SUFFIXES = frozenset(
    {
        ".nef", ".nrw", ".cr2", ".arw", ".srf", ".sr2", ".dng", ".orf", ".rw2", ".rwl", ".pef", ".srw",
        ".raf", ".3fr", ".fff", ".iiq", ".erf", ".dcr", ".kdc", ".mef", ".mos", ".x3f",
    }
)  # fmt: skip
MICROSCOPE = N_("It is a microscope's own file ({kind}).")
EXPORT = N_("Export it as TIFF from the program that wrote it.")
FILM = N_("It is a film.")
ANIMATION = N_("It is an animation of {kind} pictures.")
OTHER_JPEG = N_("It is a variant of JPEG that is not read ({kind}).")
OTHER_PICTURE = N_("It is a picture in a format that is not read ({kind}).")
MISNAMED_DICOM = N_("It is a DICOM file with the name of another format.")
RENAME_DICOM = N_("Rename it so that it ends in .dcm.")
TAKE_PICTURES = N_("Save single pictures of it as TIFF, PNG or JPEG.")
_PHONE = N_("Export it as JPEG or PNG; phones can be set to save JPEG (“Most Compatible”).")
_OLE = "OIB, ZVI"
_OFFICE = frozenset({"doc", "dot", "xls", "xlt", "ppt", "pps", "msg", "msi", "mdb", "pub", "vsd"})
_UNPACK = N_("Unpack it and open the folder.")

EXPORT_SLIDE = N_("Export the slide as a tiled TIFF or OME-TIFF from the scanner's program, and open that.")
NO_SLIDE = N_("It is named like a scanner's slide but its content is none.")
COPY_SLIDE = N_("Copy the slide again from the scanner, with all files and folders that belong to it.")
EXPORT_PICTURE = N_("Export its picture as TIFF, PNG or JPEG.")
ADVICE = frozenset(
    {SAVE_AS, RAW_ADVICE, EXPORT, TAKE_PICTURES, _PHONE, EXPORT_SLIDE, EXPORT_PICTURE, RENAME_DICOM}
)
"""What to do about formats that are not read."""

Said = tuple[str, str, str]
"""A sentence, what to do, and what stands for {kind} in the sentence."""

_BY_START: tuple[tuple[bytes, Said], ...] = (
    (b"GIF8", (N_("It is a GIF image."), SAVE_AS, "")),
    (b"%PDF", (N_("It is a PDF document."), N_("Save the pictures in it as TIFF, PNG or JPEG."), "")),
    (b"PK\x03\x04", (N_("It is a ZIP archive or an Office document."), _UNPACK, "")),
    (b"Rar!", (N_("It is an archive."), _UNPACK, "")),
    (b"7z\xbc\xaf\x27\x1c", (N_("It is an archive."), _UNPACK, "")),
    (b"\x1f\x8b", (N_("It is a gzip archive."), _UNPACK, "")),
    (b"BZh", (N_("It is an archive."), _UNPACK, "")),
    (b"\xfd7zXZ", (N_("It is an archive."), _UNPACK, "")),
    (b"SQLite format 3", (N_("It is a database."), READ_HERE, "")),
    (b"\x7fELF", (N_("It is a program."), READ_HERE, "")),
    (b"MZ", (N_("It is a program."), READ_HERE, "")),
    (b"\0\0\0\x0cjP  ", (N_("It is a JPEG 2000 image."), SAVE_AS, "")),
    (b"\xff\x4f\xff\x51", (N_("It is a JPEG 2000 image."), SAVE_AS, "")),
    (b"\xff\x0a", (N_("It is a JPEG XL image."), SAVE_AS, "")),
    (b"\0\0\0\x0cJXL ", (N_("It is a JPEG XL image."), SAVE_AS, "")),
    (b"II\xbc\x01", (N_("It is a JPEG XR image."), SAVE_AS, "")),
    (b"8BPS", (N_("It is a Photoshop document."), SAVE_AS, "")),
    (b"gimp xcf", (N_("It is a GIMP document."), SAVE_AS, "")),
    (b"\0\0\1\0", (N_("It is an icon."), READ_HERE, "")),
    (b"\x76\x2f\x31\x01", (N_("It is an OpenEXR image."), SAVE_AS, "")),
    (b"AT&TFORM", (N_("It is a DjVu document."), SAVE_AS, "")),
    (b"SIMPLE  =", (N_("It is a FITS image."), SAVE_AS, "")),
    (b"\x93NUMPY", (N_("It is an array of numbers (NumPy)."), SAVE_AS, "")),
    (b"\x89HDF", (N_("It is an HDF5 file."), N_("If it is an image (Imaris .ims), export it as TIFF."), "")),
    (b"\xda\xce\xbe\x0a", (MICROSCOPE, EXPORT, "Nikon ND2")),
    (b"ZISRAWFILE", (MICROSCOPE, EXPORT, "Zeiss CZI")),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", (MICROSCOPE, EXPORT, _OLE)),
    (b"OLYMPUSRAWFORMAT", (MICROSCOPE, EXPORT, "Olympus OIR")),
    (b"SIS\0", (MICROSCOPE, EXPORT, "Olympus ETS")),
    (b"FUJIFILMCCD-RAW", (RAW, RAW_ADVICE, "RAF")),
    (b"IIRO", (RAW, RAW_ADVICE, "ORF")),
    (b"IIRS", (RAW, RAW_ADVICE, "ORF")),
    (b"MMOR", (RAW, RAW_ADVICE, "ORF")),
    (b"IIU\0", (RAW, RAW_ADVICE, "RW2")),
    (b"FOVb", (RAW, RAW_ADVICE, "X3F")),
    (b"\0MRM", (RAW, RAW_ADVICE, "MRW")),
    (b"II\x1a\0\0\0HEAPCCDR", (RAW, RAW_ADVICE, "CRW")),
    (b"\x1a\x45\xdf\xa3", (FILM, TAKE_PICTURES, "")),
    (b"\0\0\1\xba", (FILM, TAKE_PICTURES, "")),
    (b"\0\0\1\xb3", (FILM, TAKE_PICTURES, "")),
    (b"\x30\x26\xb2\x75", (FILM, TAKE_PICTURES, "")),
    (b"FLV\1", (FILM, TAKE_PICTURES, "")),
    (b"qoif", (OTHER_PICTURE, SAVE_AS, "QOI")),
    (b"BPG\xfb", (OTHER_PICTURE, SAVE_AS, "BPG")),
    (b"#?RADIANCE", (OTHER_PICTURE, SAVE_AS, "HDR")),
    (b"NRRD000", (OTHER_PICTURE, SAVE_AS, "NRRD")),
    (b"\n\5\1", (OTHER_PICTURE, SAVE_AS, "PCX")),
    (b"\xd7\xcd\xc6\x9a", (OTHER_PICTURE, SAVE_AS, "WMF")),
    *((b"P%d\n" % n, (OTHER_PICTURE, SAVE_AS, "PNM")) for n in range(1, 8)),
    (b"<?xml", (N_("It is an XML text."), READ_HERE, "")),
    (b"<svg", (N_("It is an SVG drawing."), SAVE_AS, "")),
    (b"<!DOCTYPE", (N_("It is a web page."), READ_HERE, "")),
    (b"<html", (N_("It is a web page."), READ_HERE, "")),
)
# Formats that nothing but their names tells from other data, or from texts.
_BY_SUFFIX = {
    "kfb": MICROSCOPE, "sdpc": MICROSCOPE, "dyqx": MICROSCOPE, "tmap": MICROSCOPE, "mds": MICROSCOPE,
    "mdsx": MICROSCOPE, "isyntax": MICROSCOPE, "dm3": MICROSCOPE, "dm4": MICROSCOPE, "dv": MICROSCOPE,
    "r3d": MICROSCOPE, "oif": MICROSCOPE, "sld": MICROSCOPE, "sldy": MICROSCOPE, "lof": MICROSCOPE,
    "xlef": MICROSCOPE, "ics": MICROSCOPE, "ids": MICROSCOPE, "mha": MICROSCOPE, "mhd": MICROSCOPE,
    "afi": MICROSCOPE, "ndpis": MICROSCOPE, "raw": RAW, "cr3": RAW, "tga": OTHER_PICTURE,
    "emf": OTHER_PICTURE, "pict": OTHER_PICTURE, "sgi": OTHER_PICTURE,
}  # fmt: skip
_UNKNOWN = frozenset(
    {"It is no image this program knows.", "It is a text, not an image.", "It is an XML text."}
)
_ADVICE_OF = {MICROSCOPE: EXPORT, RAW: RAW_ADVICE, OTHER_PICTURE: SAVE_AS}


def named(sentence: str, advice: str, kind: str, suffix: str) -> Said:
    """What is said of a file whose content tells nothing, by its suffix (with or without the dot)."""
    name = suffix.lower().lstrip(".")
    if kind == _OLE and name in _OFFICE:
        return N_("It is an Office document."), READ_HERE, ""
    if sentence in _UNKNOWN and name in ("vms", "vmu"):
        return NO_SLIDE, COPY_SLIDE, ""
    if sentence not in _UNKNOWN or name not in _BY_SUFFIX:
        return sentence, advice, kind
    return _BY_SUFFIX[name], _ADVICE_OF[_BY_SUFFIX[name]], name.upper()


_BY_BRAND: tuple[tuple[tuple[bytes, ...], Said], ...] = (
    ((b"avif", b"avis"), (N_("It is an AVIF image."), SAVE_AS, "")),
    ((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"),
     (N_("It is a HEIC photograph of a phone."), _PHONE, "")),
    ((b"crx ",), (RAW, RAW_ADVICE, "CR3")),
    ((b"jp2 ", b"jpx "), (N_("It is a JPEG 2000 image."), SAVE_AS, "")),
    ((b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"M4V ", b"qt  ", b"3gp4", b"3gp5",
      b"3gp6", b"avc1", b"MSNV", b"dash"), (FILM, TAKE_PICTURES, "")),
)  # fmt: skip


def what_it_is(head: bytes) -> Said:
    """A sentence on a file that is no image read here, what to do, and the name in the sentence.

    Parameters
    ----------
    head : bytes
        Its first `HEAD_BYTES`. Both texts are keys of the translations.
    """
    for magic, said in _BY_START:
        if head.startswith(magic):
            return said
    if head[4:8] == b"ftyp":
        return _of_brand(head)
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        return FILM, TAKE_PICTURES, ""
    if head[:4] == b"\x70\0\0\0" and head[8:9] == b"\x2a":
        return MICROSCOPE, EXPORT, "Leica LIF"
    if is_dicom(head):
        return N_("It is a DICOM file, but no slide."), EXPORT_PICTURE, ""
    if head and all(32 <= b < 127 or b in b"\t\r\n" for b in head):
        return N_("It is a text, not an image."), READ_HERE, ""
    if head and not any(head):
        return N_("It holds only zeros."), "Copy it again from its source.", ""
    return N_("It is no image this program knows."), READ_HERE, ""


def is_dicom(head: bytes) -> bool:
    """Whether the first `HEAD_BYTES` of a file are those of a DICOM file, whatever its name."""
    return head[128:132] == b"DICM"


def is_czi(head: bytes) -> bool:
    """Whether the first bytes of a file are those of a Zeiss CZI file, whatever its name."""
    return head.startswith(b"ZISRAWFILE")


def _of_brand(head: bytes) -> Said:
    """By the major brand of the ISO container, then by those it is compatible with."""
    size = min(int.from_bytes(head[:4], "big"), len(head))
    brands = [head[8:12], *(head[i : i + 4] for i in range(16, size - 3, 4))]
    # mif1 and msf1 say no more than that there are pictures: AVIF names them too.
    for brand in sorted(brands, key=lambda b: b in (b"mif1", b"msf1")):
        for known, said in _BY_BRAND:
            if brand in known:
                return said
    return N_("It is a HEIF or AVIF image or a film."), SAVE_AS, ""


#: Markers of JPEG segments that hold the head of a picture.
JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
