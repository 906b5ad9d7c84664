"""Train the classifier: resumable, on two CPU cores or on a GPU where there is one.

    python -m scripts.training.data && python -m scripts.training.composites
    python -m scripts.training.train_classifier --name ship --images 220000
    python -m scripts.training.train_classifier --name ship --images 2000000 --batch 256 --lr 1e-3 --ema 0.999      # on a GPU

`--leave-out raabin` (or pbc, mll-marrow) trains without a site, for honest figures on unseen laboratories.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch.utils.data import DataLoader

from scripts.training.augment import GENTLE, RECOLOUR, Look
from scripts.training.classifier_net import ClassifierNet
from scripts.training.data import INDEX, LEAVES, PBC8, Cache
from scripts.training.views import DeviceViews, Pool, Views, central_views


def marginal_loss(logits: torch.Tensor, allowed: torch.Tensor, smoothing: float = 0.03) -> torch.Tensor:
    """Cross entropy of the summed probability of the allowed leaves, with a little label smoothing."""
    log_p = F.log_softmax(logits.float(), 1)
    hit = torch.logsumexp(log_p.masked_fill(~allowed, -1e4), 1)
    return -((1 - smoothing) * hit + smoothing * log_p.mean(1)).mean()


def one_cycle(progress: float) -> float:
    """Learning rate as a share of its peak: up for a fifth of the run, then down along a cosine."""
    if progress < 0.2:
        return 0.1 + 0.9 * progress / 0.2
    return 0.005 + 0.995 * 0.5 * (1 + float(np.cos(np.pi * (progress - 0.2) / 0.8)))


@torch.no_grad()
def predict(net: ClassifierNet, views: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Logits (n, K) and embeddings (n, D) float32 of network inputs."""
    net.eval()
    logits, embeddings = [], []
    for k in range(0, len(views), 128):
        x = (
            torch.from_numpy(views[k : k + 128])
            .permute(0, 3, 1, 2)
            .contiguous(memory_format=torch.channels_last)
            .float()
        )
        with torch.autocast("cpu", torch.bfloat16):
            z, e, _ = net(x)
        logits.append(z.float().numpy())
        embeddings.append(e.float().numpy())
    return np.concatenate(logits), np.concatenate(embeddings)


def quick_scores(net: ClassifierNet, folder: Path, split: str = "val", limit: int = 1500) -> dict[str, float]:
    """Accuracy per site (allowed leaf wins) on a split; PBC also over its 8 classes."""
    scores: dict[str, float] = {}
    rng = np.random.default_rng(0)
    for name in ("real", "made"):
        if not (folder / f"{name}.json").is_file():
            continue
        cache = Cache(folder, name)
        rows = [
            i
            for i, m in enumerate(cache.meta)
            if m["split"] == split and m["leaves"] and m["use"] == "train+ship"
        ]
        rows = sorted(rng.permutation(rows)[:limit])
        if not rows:
            continue
        views = central_views(cache.images[rows], [cache.meta[i].get("half_um", 99) for i in rows])
        logits, _ = predict(net, views)
        p = np.exp(logits - logits.max(1, keepdims=True))
        p /= p.sum(1, keepdims=True)
        hits: dict[str, list[bool]] = {}
        for k, i in enumerate(rows):
            m = cache.meta[i]
            site = "made" if name == "made" else m["site"]
            leaf = LEAVES[int(p[k].argmax())]
            hits.setdefault(site, []).append(leaf in m["leaves"])
            if m["set"] == "pbc":
                sums = {row: sum(p[k, INDEX[x]] for x in xs) for row, xs in PBC8.items()}
                hits.setdefault("pbc8", []).append(
                    bool(set(PBC8[max(sums, key=sums.get)]) >= set(m["leaves"]))
                )
            if "BL" in m["leaves"]:
                hits.setdefault(f"{site} BL sens", []).append(leaf == "BL")
            elif site in ("mll-marrow", "made"):
                hits.setdefault(f"{site} BL spec", []).append(leaf != "BL")
            if "SMU" in m["leaves"]:
                hits.setdefault(f"{site} SMU sens", []).append(leaf == "SMU")
        scores.update({s: round(float(np.mean(h)), 4) for s, h in hits.items()})
    return scores


@torch.no_grad()
def average(averaged: dict[str, torch.Tensor], net: ClassifierNet, decay: float) -> None:
    """Move the averaged weights towards the network's."""
    state = net.state_dict()
    moving = [k for k, v in state.items() if v.is_floating_point()]
    torch._foreach_lerp_([averaged[k] for k in moving], [state[k] for k in moving], 1 - decay)


def train(args: argparse.Namespace) -> None:
    """Train to the end, resuming from the last checkpoint of the same name."""
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed if args.init is None else args.init)
    device = torch.device(args.device or ("cuda" if torch.cuda.is_available() else "cpu"))
    out = args.cache / args.name
    out.mkdir(parents=True, exist_ok=True)
    pool = Pool(args.cache, args.leave_out)
    steps = args.images // args.batch
    net = ClassifierNet(len(LEAVES), frozen_blocks=args.frozen)
    net.load_imagenet(args.imagenet)
    if args.start and args.start.suffix == ".pt":
        net.load_state_dict(torch.load(args.start, map_location="cpu", weights_only=True))
    elif args.start:
        net.load_served(args.start)
    net.freeze_early()
    net = net.to(device, memory_format=torch.channels_last)
    head_names = ("lateral", "top", "head")
    trainable = [(n, p) for n, p in net.named_parameters() if p.requires_grad]
    groups = [
        {"params": [p for n, p in trainable if n.startswith(head_names)], "lr": args.lr * args.head},
        {"params": [p for n, p in trainable if not n.startswith(head_names)], "lr": args.lr},
    ]
    optimiser = torch.optim.AdamW(groups, weight_decay=0.03)
    averaged = {k: v.detach().clone() for k, v in net.state_dict().items()}
    done, progress = 0, 0.0
    checkpoint = out / "checkpoint.pt"
    if checkpoint.is_file():
        state = torch.load(checkpoint, map_location=device, weights_only=True)
        net.load_state_dict(state["net"])
        optimiser.load_state_dict(state["optimiser"])
        averaged, done, progress = state["averaged"], state["done"], state.get("progress", 0.0)
        print(f"resumed at step {done}, {progress:.0%} of the schedule", flush=True)
    else:
        (out / "shares.json").write_text(json.dumps(pool.shares, indent=1))
    look = Look(args.gentle, args.recolour)
    views: Iterable[tuple[torch.Tensor, torch.Tensor]]
    net.train()
    if device.type == "cuda":
        torch.backends.cudnn.benchmark = True
        views = DeviceViews(pool, args.seed, done, args.batch, device, look)
    else:
        views = DataLoader(
            Views(pool, args.seed, done, args.batch, look),
            batch_size=None,
            num_workers=args.workers,
            prefetch_factor=4,
        )
    log = (out / "log.txt").open("a")
    started, losses = time.time(), []
    shadow = ClassifierNet(len(LEAVES)).to(memory_format=torch.channels_last)

    def save() -> None:
        state = {"net": net.state_dict(), "optimiser": optimiser.state_dict(), "averaged": averaged}
        torch.save({**state, "done": done, "progress": progress}, checkpoint.with_suffix(".tmp"))
        checkpoint.with_suffix(".tmp").replace(checkpoint)

    first, begun = done, progress
    deadline = started + 60 * args.minutes

    def advance() -> float:
        """Share of the run that is over: of the steps, or of the time when there is a limit and it comes first."""
        by_steps = begun + (1 - begun) * (done - first) / max(1, steps - first)
        if not args.minutes:
            return by_steps
        return max(by_steps, begun + (1 - begun) * (time.time() - started) / (deadline - started))

    for x, y in views:
        progress = advance()
        if progress >= 1:
            break
        for group, peak in zip(optimiser.param_groups, (args.lr * args.head, args.lr), strict=True):
            group["lr"] = peak * one_cycle(progress)
            group["betas"] = (0.9, 0.999)
        with torch.autocast(device.type, torch.bfloat16):
            logits = net(x.contiguous(memory_format=torch.channels_last).float())[0]
        loss = marginal_loss(logits, y)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_([p for _, p in trainable], 2.0)
        optimiser.step()
        done += 1
        average(averaged, net, min(args.ema, (1 + done) / (10 + done)))
        losses.append(loss.detach())
        if done % 50 == 0:
            mean = float(torch.stack(losses).mean())
            losses.clear()
            line = {
                "step": done,
                "progress": round(progress, 3),
                "loss": round(mean, 4),
                "images_per_s": round(args.batch * (done - first) / (time.time() - started), 1),
            }
            if done % args.check == 0:
                shadow.load_state_dict(averaged)
                line.update(quick_scores(shadow, args.cache))
            print(json.dumps(line), flush=True)
            log.write(json.dumps(line) + "\n")
            log.flush()
        if done % args.keep == 0:
            save()
    save()
    shadow.load_state_dict(averaged)
    torch.save(shadow.state_dict(), out / "final.pt")
    recipe = {
        "images": done * args.batch,
        "seed": args.seed,
        "leave_out": args.leave_out,
        "lr": args.lr,
        "head": args.head,
        "init": args.init,
        "start": str(args.start or ""),
    }
    (out / "done.json").write_text(
        json.dumps(
            {
                **recipe,
                "frozen": args.frozen,
                "batch": args.batch,
                "gentle": args.gentle,
                "recolour": args.recolour,
            }
        )
    )


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cache", type=Path, default=Path(".train"))
    parser.add_argument("--name", default="ship")
    parser.add_argument("--images", type=int, default=220_000, help="augmented images to learn from in total")
    parser.add_argument(
        "--minutes",
        type=float,
        default=0,
        help="end after this time with the schedule complete (0: no limit)",
    )
    parser.add_argument(
        "--start",
        type=Path,
        help="go on from an exported network (model.onnx) or trained weights (final.pt) instead of ImageNet's weights",
    )
    parser.add_argument("--leave-out", default="", help="a site to leave out")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--lr", type=float, default=7e-4)
    parser.add_argument("--head", type=float, default=3, help="how many times faster the new layers learn")
    parser.add_argument(
        "--init", type=int, help="seed of the new layers' first weights, where it differs from --seed"
    )
    parser.add_argument("--frozen", type=int, default=2, help="first blocks kept as ImageNet left them")
    parser.add_argument("--ema", type=float, default=0.997)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--batch", type=int, default=64, help="views a step (256 suits a GPU)")
    parser.add_argument("--device", default="", help="cpu or cuda (default: a GPU where there is one)")
    parser.add_argument(
        "--imagenet", type=Path, help="ImageNet's weights as a file, where their package is not installed"
    )
    parser.add_argument("--gentle", type=float, default=GENTLE, help="share of views that stay close to home")
    parser.add_argument(
        "--recolour", type=float, default=RECOLOUR, help="share of views that get another stain"
    )
    parser.add_argument("--check", type=int, default=500, help="steps between scores on validation")
    parser.add_argument("--keep", type=int, default=100, help="steps between checkpoints")
    train(parser.parse_args())


if __name__ == "__main__":
    main()
