"""The built program under the conditions of a laboratory's machine, each step in a child (Linux, root).

    .venv/bin/python packaging/check_frozen.py [dist/bloodcells]
    .venv/bin/python packaging/check_frozen.py --in-place /opt/bloodcells    as it is installed

The bundle is copied into a path with spaces and accents and made read-only; the program runs as the user
`nobody`, without HOME, without Python on PATH, in an empty network namespace whose counters are read
afterwards: a program that sent one packet would show there (a control that does send one is run first).
`self-test`, `demo`, `analyze`, `report`, `verify` and an offscreen picture of the window are run, and their files
looked at.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# A pair of virtual cables inside the namespace gives packets somewhere to go: without a route they would
# never be counted. IPv6 is off because the kernel itself would announce neighbours.
NAMESPACE = """
mount -t sysfs sysfs /sys
echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6; echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6
ip link set lo up
ip link add out0 type veth peer name out1 && ip addr add 192.0.2.1/24 dev out0
ip link set out0 up; ip link set out1 up; ip route add default via 192.0.2.254
sleep 0.2
sent() { cat /sys/class/net/lo/statistics/tx_packets /sys/class/net/out0/statistics/tx_packets | tr '\\n' ' '; }
before=$(sent)
"$@"
status=$?
echo "$before/ $(sent)" >"$PACKETS"
exit $status
"""
CONTROL = "echo hello >/dev/udp/192.0.2.254/9; sleep 0.1"


class Failure(Exception):
    """A step did not do what it should."""


def run_step(
    name: str, command: list[str], *, packets: Path, cwd: Path, may_send: bool = False, seconds: float = 300
) -> str:
    """One child in its own network namespace as `nobody` with a bare environment; returns its output."""
    bare = [
        "env",
        "-i",
        "PATH=/nonexistent",
        "LANG=C.UTF-8",
        "HOME=/proc/nowhere",
        "QT_QPA_PLATFORM=offscreen",
    ]
    as_nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *bare, *command]
    packets.unlink(missing_ok=True)
    started = time.monotonic()
    done = subprocess.run(
        ["unshare", "--net", "--mount", "bash", "-c", NAMESPACE, "bash", *as_nobody],
        cwd=cwd, env={**os.environ, "PACKETS": str(packets)}, capture_output=True, text=True,
        stdin=subprocess.DEVNULL, timeout=seconds, check=False,
    )  # fmt: skip
    took = time.monotonic() - started - 0.2
    before, _, after = packets.read_text().partition("/") if packets.is_file() else ("unknown", "", "")
    silent = before.split() == after.split()
    print(
        f"{name:34} exit {done.returncode}  {took:5.1f} s  {'not one packet' if silent else 'packets were sent'}"
    )
    if done.returncode != 0 or silent == may_send:
        raise Failure(f"{name}: exit {done.returncode}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}")
    return done.stdout


def still_running(installed: Path) -> list[str]:
    """Command lines of processes that run the program, after a second of grace."""
    time.sleep(1)
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if (folder / "exe").resolve().is_relative_to(installed.resolve()):
                found.append((folder / "cmdline").read_text().replace("\0", " "))
        except OSError:
            continue
    return found


def run_all(installed: Path, work: Path, packets: Path, results: str, again: str) -> None:
    """Every step of the check in `work`, the results in folders of these names there; raises Failure."""
    program, window = str(installed / "bloodcells"), str(installed / "bloodcells-gui")

    def step(name: str, *command: str, may_send: bool = False) -> str:
        return run_step(name, list(command), packets=packets, cwd=work, may_send=may_send)

    control = CONTROL.replace("sleep", "/bin/sleep")
    step("control that sends a packet", "/bin/bash", "-c", control, may_send=True)
    if "image decoders: in child processes" not in step("self-test", program, "self-test"):
        raise Failure("images were not decoded in child processes")
    step("models verify", program, "models", "verify")
    step("demo", program, "demo", "--out", "demo", "--kind", "crops", "--cells", "40", "--quiet")
    step("analyze", program, "analyze", "demo", "--out", results, "--save-masks", "--quiet")
    options = ["--lang", "fr", "--paper", "letter"]
    step("report (French, Letter)", program, "report", f"{results}/case.bcs", "--out", again, *options)
    step("verify", program, "verify", f"{results}/case.bcs")
    step("window, offscreen", window, f"{results}/case.bcs", "--screenshot", "window.png")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("bundle", nargs="?", type=Path, default=ROOT / "dist" / "bloodcells")
    parser.add_argument("--in-place", action="store_true", help="do not copy it to an odd path first")
    args = parser.parse_args()
    if os.geteuid() != 0:
        sys.exit("run as root: the check makes network namespaces and drops to the user nobody itself")
    with tempfile.TemporaryDirectory(prefix="bloodcells-check-") as made:
        base = Path(made)
        base.chmod(0o755)
        home = base / "Programme für Ärzte & Labor – été"
        installed = args.bundle if args.in_place else home / "bloodcells"
        if not args.in_place:
            shutil.copytree(args.bundle, installed, symlinks=True)
            for path in home.rglob("*"):
                if not path.is_symlink():
                    path.chmod(path.stat().st_mode & ~0o222)
        work = base / "Données d'essai 測試"
        work.mkdir()
        os.chown(work, 65534, 65534)
        results, again = "résultats", "encore"
        try:
            run_all(installed, work, base / "packets", results, again)
        except Failure as failure:
            sys.exit(str(failure))
        if left := still_running(installed):
            sys.exit(f"processes were left behind: {left}")
        written = [f"{results}/{name}" for name in ("cells.csv", "differential.csv", "report.pdf")]
        for name in [*written, f"{again}/report.pdf", "window.png"]:
            if not (work / name).is_file() or (work / name).stat().st_size < 100:
                sys.exit(f"{name} was not written")
        truth = json.loads((work / "demo" / "truth.json").read_text(encoding="utf-8"))
        rows = (work / results / "cells.csv").read_text(encoding="utf-8").count("\n") - 1
        print(f"all steps passed; {rows} rows in cells.csv, truth.json has {len(truth)} top-level entries")


if __name__ == "__main__":
    main()
