"""Average the weights of trainings that went on from one another: flatter, and better on laboratories never seen.

    python -m scripts.training.average_weights ship3 ship4 --name ship
    python -m scripts.training.average_weights models/classifier-lite0/model.onnx ship4 --name ship      # with an exported network

Only networks of one descent lie in one valley (Wortsman et al. 2022, "Model soups", ICML); averaging others destroys them.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from scripts.training.classifier_net import ClassifierNet
from scripts.training.data import LEAVES


def averaged(states: Sequence[dict[str, Tensor]]) -> dict[str, Tensor]:
    """The mean of every weight; ValueError where the networks differ in shape."""
    shapes = [{k: tuple(v.shape) for k, v in state.items()} for state in states]
    if not states or any(s != shapes[0] for s in shapes):
        raise ValueError("only networks of one shape can be averaged")
    return {k: torch.stack([s[k].float() for s in states]).mean(0).to(states[0][k].dtype) for k in states[0]}


def weights_and_recipe(cache: Path, name: str) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Of a training in the cache, or of an exported network (`model.onnx`) with its card."""
    path = Path(name)
    if path.suffix != ".onnx":
        state = torch.load(cache / name / "final.pt", map_location="cpu", weights_only=True)
        return state, json.loads((cache / name / "done.json").read_text())
    net = ClassifierNet(len(LEAVES))
    net.load_imagenet()
    net.load_served(path)
    return net.state_dict(), json.loads((path.parent / "card.json").read_text())["recipe"]


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "names",
        nargs="+",
        help="trainings in the cache, each with a final.pt, or exported networks (model.onnx)",
    )
    parser.add_argument("--cache", type=Path, default=Path(".train"))
    parser.add_argument("--name", required=True, help="folder for the mean")
    args = parser.parse_args()
    states, recipes = zip(*(weights_and_recipe(args.cache, name) for name in args.names), strict=True)
    out = args.cache / args.name
    out.mkdir(parents=True, exist_ok=True)
    torch.save(averaged(states), out / "final.pt")
    # Those that went on from another saw its images too, which its own recipe counts.
    mean = {
        "averaged": recipes,
        "images": sum(r["images"] for r in recipes),
        "seed": recipes[-1]["seed"],
        "leave_out": recipes[0]["leave_out"],
    }
    (out / "done.json").write_text(json.dumps(mean))


if __name__ == "__main__":
    main()
