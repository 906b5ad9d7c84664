"""A real PostgreSQL server for one test module, under an unprivileged account, on a socket of its own."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest


def programs() -> Path | None:
    """The folder of the newest installed server."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[4]))
    if found:
        return found[-1].parent
    there = shutil.which("initdb")
    return Path(there).parent if there else None


class Server:
    """Start, stop, kill and start again; `listen` is an address besides the socket, with its network."""

    PORT = 55432

    def __init__(self, folder: Path, binaries: Path, listen: str = "", network: str = "") -> None:
        self.folder, self._binaries, self._listen = folder, binaries, listen
        self._as_user: list[str] = []
        if os.getuid() == 0:  # the server refuses to run as root
            user = next(u for u in ("postgres", "nobody") if _exists(u))
            shutil.chown(folder, user)
            self._as_user = [
                "setpriv",
                f"--reuid={user}",
                "--regid=" + str(pwd.getpwnam(user).pw_gid),
                "--clear-groups",
            ]
        self._run("initdb", "-D", str(folder / "data"), "-U", "lab", "-A", "trust", "--no-sync", "-E", "UTF8")
        if network:
            with (folder / "data" / "pg_hba.conf").open("a") as rules:
                rules.write(f"host all all {network} trust\n")
        self.start()

    @property
    def url(self) -> str:
        return f"postgresql://lab@/postgres?host={self.folder}&port={self.PORT}"

    @property
    def url_of_the_network(self) -> str:
        """The address by which other hosts reach it."""
        return f"postgresql://lab@{self._listen}:{self.PORT}/postgres"

    def start(self) -> None:
        options = f"-k {self.folder} -c listen_addresses={self._listen} -c fsync=off -p {self.PORT}"
        data, log = str(self.folder / "data"), str(self.folder / "log")
        self._run("pg_ctl", "-D", data, "-l", log, "-w", "-t", "120", "-o", options, "start")

    def stop(self) -> None:
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-m", "immediate", "-w", "-t", "120", "stop")

    def _run(self, program: str, *arguments: str) -> None:
        command = [*self._as_user, str(self._binaries / program), *arguments]
        subprocess.run(
            command, check=True, capture_output=True, cwd="/", env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"}
        )


def _exists(user: str) -> bool:
    try:
        pwd.getpwnam(user)
    except KeyError:
        return False
    return True


@contextmanager
def running_server() -> Iterator[Server]:
    """A server that is gone afterwards; the test is skipped with the reason where there is none to start."""
    pytest.importorskip("psycopg", reason="the extra `lab` is not installed")
    binaries = programs()
    if binaries is None:
        pytest.skip("no PostgreSQL server is installed")
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))  # a socket's path has at most 107 bytes
    folder.chmod(0o755)
    server = None
    try:
        server = Server(folder, binaries)
        yield server
    finally:
        if server is not None:
            with suppress(subprocess.CalledProcessError):  # a test stopped it
                server.stop()
        shutil.rmtree(folder, ignore_errors=True)
