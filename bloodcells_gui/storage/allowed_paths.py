r"""Which paths named by a case may be opened: files of this computer, and what a person asked for.

A case may come from a stranger. Looking at a path such as ``\\host\share`` already sends the name and a proof
of the password of whoever is logged in to that host, and lets it know who looks and when. So a path of a case
that leads over the network is replaced by one that leads nowhere, before any other part of the program sees
it, until a person named its folder here: as an input, or by saying that the case's images may be opened.
"""

from __future__ import annotations

import os
import re
import threading
import unicodedata
from pathlib import Path, PurePosixPath

# Nothing lies below a device: whoever opens this finds that the file is not there.
NOWHERE = Path(os.devnull) / "an image on the network"

_SLASHES = re.compile(r"\s*[\\/]{2}")
# \\?\C:\ is a long name of a local file
_LONG_LOCAL = re.compile(r"\s*[\\/]{2}\?[\\/][A-Za-z]:[\\/]")
_SCHEME = re.compile(r"\s*([A-Za-z][A-Za-z0-9+.-]+):")
_SCHEMES = frozenset({
    "afp", "afs", "cifs", "dav", "davs", "file", "fish", "ftp", "ftps", "gopher", "http", "https", "iscsi",
    "ldap", "nfs", "rsync", "s3", "sftp", "smb", "smbs", "ssh", "telnet", "webdav", "webdavs", "ws", "wss",
})  # fmt: skip
# Folders below which a name is looked up on the network as soon as it is used, from the root or behind "..",
# which may lead to the root; links in /proc lead anywhere.
_AUTOMOUNTED = re.compile(
    r"(?:(?:.*/)?\.\.)?/(?:net|Network|afs|proc|(?:var/)?run/user/[^/]*/gvfs)/|.*/\.gvfs/", re.IGNORECASE
)

_asked: set[str] = set()
_lock = threading.Lock()


def is_network_path(path: str | Path) -> bool:
    """Whether a path leads over the network by its spelling, on whatever system it was written."""
    text = unicodedata.normalize("NFKC", str(path))
    if _SLASHES.match(text):
        return _LONG_LOCAL.match(text) is None
    scheme = _SCHEME.match(text)
    if scheme is not None:
        return scheme[1].lower() in _SCHEMES or text[scheme.end() : scheme.end() + 1] in ("/", "\\")
    return _AUTOMOUNTED.match(str(PurePosixPath(text))) is not None


def allow_network_root(root: Path) -> None:
    """Take note that a person named this folder or file: what a case says of it may be opened."""
    if is_network_path(root):
        with _lock:
            _asked.add(str(root))


def block_network_path(path: Path) -> Path:
    """The path of a case, or `NOWHERE` when it leads over the network and nobody asked for it."""
    if not is_network_path(path):
        return path
    with _lock:
        asked = any(path.is_relative_to(root) for root in _asked)
    return path if asked and ".." not in path.parts else NOWHERE
