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
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch.utils.data import DataLoader

from scripts.training.attributes import FILE, AttributeHeads, Attributes
from scripts.training.augment import GENTLE, RECOLOUR, Look
from scripts.training.classifier_net import ClassifierNet
from scripts.training.data import INDEX, LEAVES, PBC8, Cache
from scripts.training.precision import autocast
from scripts.training.soft_labels import read_soft, soft_loss
from scripts.training.views import Batch, DeviceViews, Pool, Views, central_views


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
        with autocast():
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


class Clock:
    """How much of a run is over: of its steps, or of its time when there is a limit and it comes first.

    Parameters
    ----------
    done, progress
        Steps and share of the schedule that an earlier run came to.
    minutes : float
        0 for no limit.
    """

    def __init__(self, steps: int, minutes: float, done: int, progress: float) -> None:
        self.first = done
        self._steps, self._begun = steps, progress
        self._started, self._limit_s = time.time(), 60 * minutes

    def seconds(self) -> float:
        """Since the run began."""
        return time.time() - self._started

    def progress(self, done: int) -> float:
        """Share of the schedule after `done` steps."""
        left = 1 - self._begun
        by_steps = self._begun + left * (done - self.first) / max(1, self._steps - self.first)
        if not self._limit_s:
            return by_steps
        return max(by_steps, self._begun + left * self.seconds() / self._limit_s)


class Trainer:
    """The network, its optimiser and averaged weights, and where they are kept."""

    def __init__(
        self, args: argparse.Namespace, device: torch.device, out: Path, words: Sequence[int] = ()
    ) -> None:
        self._args = args
        self._device = device
        self._checkpoint = out / "checkpoint.pt"
        self.net = first_network(args).to(device, memory_format=torch.channels_last)
        trainable = [(n, p) for n, p in self.net.named_parameters() if p.requires_grad]
        self._trainable = [p for _, p in trainable]
        self.heads = AttributeHeads(words).to(device)
        self._wanted = args.attributes if sum(words) else 0.0
        head_names = ("lateral", "top", "head")
        groups = [
            {
                "params": [*(p for n, p in trainable if n.startswith(head_names)), *self.heads.parameters()],
                "lr": args.lr * args.head,
            },
            {"params": [p for n, p in trainable if not n.startswith(head_names)], "lr": args.lr},
        ]
        self._optimiser = torch.optim.AdamW(groups, weight_decay=0.03)
        self.averaged = {k: v.detach().clone() for k, v in self.net.state_dict().items()}
        self.done, self.progress = 0, 0.0

    def resume(self) -> bool:
        """Go on from the checkpoint; False where there is none."""
        if not self._checkpoint.is_file():
            return False
        state = torch.load(self._checkpoint, map_location=self._device, weights_only=True)
        self.net.load_state_dict(state["net"])
        self.heads.load_state_dict(state["heads"])
        self._optimiser.load_state_dict(state["optimiser"])
        self.averaged, self.done = state["averaged"], state["done"]
        self.progress = state.get("progress", 0.0)
        print(f"resumed at step {self.done}, {self.progress:.0%} of the schedule", flush=True)
        return True

    def save(self) -> None:
        """Write the checkpoint; a kill leaves the old one."""
        state = {
            "net": self.net.state_dict(), "heads": self.heads.state_dict(), "optimiser": self._optimiser.state_dict(), "averaged": self.averaged
        }  # fmt: skip
        part = self._checkpoint.with_suffix(".tmp")
        torch.save({**state, "done": self.done, "progress": self.progress}, part)
        part.replace(self._checkpoint)

    def step(self, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        """Learn from one batch; returns the loss of its classes, soft labels included, and that of its attributes."""
        peaks = (self._args.lr * self._args.head, self._args.lr)
        for group, peak in zip(self._optimiser.param_groups, peaks, strict=True):
            group["lr"] = peak * one_cycle(self.progress)
            group["betas"] = (0.9, 0.999)
        with autocast(self._device.type):
            logits, embedding, _ = self.net(batch.image.contiguous(memory_format=torch.channels_last).float())
        loss = marginal_loss(logits, batch.allowed) + self._args.soft_weight * soft_loss(logits, batch.soft)
        words = self.heads.loss(embedding, batch.attributes) if self._wanted else loss.new_zeros(())
        self._optimiser.zero_grad(set_to_none=True)
        (loss + self._wanted * words).backward()
        torch.nn.utils.clip_grad_norm_(self._trainable, 2.0)
        self._optimiser.step()
        self.done += 1
        average(self.averaged, self.net, min(self._args.ema, (1 + self.done) / (10 + self.done)))
        return loss.detach(), words.detach()


def first_network(args: argparse.Namespace) -> ClassifierNet:
    """The network with the weights that training begins from."""
    net = ClassifierNet(len(LEAVES), frozen_blocks=args.frozen)
    net.load_imagenet(args.imagenet)
    if args.start and args.start.suffix == ".pt":
        net.load_state_dict(torch.load(args.start, map_location="cpu", weights_only=True))
    elif args.start:
        net.load_served(args.start)
    net.freeze_early()
    return net


def batches(args: argparse.Namespace, pool: Pool, done: int, device: torch.device) -> Iterable[Batch]:
    """Views with their targets from step `done` on, without end."""
    if device.type == "cuda" and args.degraded:
        print("degradations are made on the CPU alone: none here", flush=True)
        args.degraded = 0.0
    look = Look(args.gentle, args.recolour, args.degraded, args.images // 2)
    if device.type == "cuda":
        torch.backends.cudnn.benchmark = True
        return DeviceViews(pool, args.seed, done, args.batch, device, look)
    views = Views(pool, args.seed, done, args.batch, look)
    return DataLoader(views, batch_size=None, num_workers=args.workers, prefetch_factor=4)


def train(args: argparse.Namespace) -> None:
    """Train to the end, resuming from the last checkpoint of the same name."""
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed if args.init is None else args.init)
    device = torch.device(args.device or ("cuda" if torch.cuda.is_available() else "cpu"))
    out = args.cache / args.name
    out.mkdir(parents=True, exist_ok=True)
    attributes = Attributes.read(args.data / FILE) if args.attributes else None
    soft = read_soft(args.cache / args.soft) if args.soft else None
    pool = Pool(args.cache, args.leave_out, attributes, soft, only_soft=args.only_soft)
    trainer = Trainer(args, device, out, [len(w) for w in attributes.words] if attributes else [])
    if not trainer.resume():
        (out / "shares.json").write_text(json.dumps(pool.shares, indent=1))
    trainer.net.train()
    shadow = ClassifierNet(len(LEAVES)).to(memory_format=torch.channels_last)
    views = batches(args, pool, trainer.done, device)
    clock = Clock(args.images // args.batch, args.minutes, trainer.done, trainer.progress)
    losses: list[tuple[torch.Tensor, torch.Tensor]] = []
    with (out / "log.txt").open("a") as log:
        for batch in views:
            trainer.progress = clock.progress(trainer.done)
            if trainer.progress >= 1:
                break
            losses.append(trainer.step(batch))
            if trainer.done % 50 == 0:
                of_classes, of_words = (float(torch.stack(part).mean()) for part in zip(*losses, strict=True))
                line = {
                    "step": trainer.done,
                    "progress": round(trainer.progress, 3),
                    "loss": round(of_classes, 4),
                    **({"attributes": round(of_words, 4)} if of_words else {}),
                    "images_per_s": round(args.batch * (trainer.done - clock.first) / clock.seconds(), 1),
                }
                losses.clear()
                if trainer.done % args.check == 0:
                    shadow.load_state_dict(trainer.averaged)
                    line.update(quick_scores(shadow, args.cache))
                print(json.dumps(line), flush=True)
                log.write(json.dumps(line) + "\n")
                log.flush()
            if trainer.done % args.keep == 0:
                trainer.save()
    trainer.save()
    shadow.load_state_dict(trainer.averaged)
    torch.save(shadow.state_dict(), out / "final.pt")
    (out / "done.json").write_text(json.dumps(recipe_of(args, trainer.done)))


def recipe_of(args: argparse.Namespace, done: int) -> dict[str, object]:
    """How a network was trained, for the card of what is exported."""
    names = (
        "seed",
        "leave_out",
        "attributes",
        "lr",
        "head",
        "init",
        "frozen",
        "batch",
        "gentle",
        "recolour",
        "degraded",
        *(("soft", "soft_weight") if args.soft else ()),
    )
    given = {name: getattr(args, name) for name in names}
    return {"images": done * args.batch, **given, "start": str(args.start or "")}


def main() -> None:
    """Command line."""
    train(options().parse_args())


def options() -> argparse.ArgumentParser:
    """What can be set."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cache", type=Path, default=Path(".train"))
    parser.add_argument("--name", default="ship")
    parser.add_argument("--images", type=int, default=220_000, help="augmented images to learn from in total")
    parser.add_argument(
        "--minutes", type=float, default=0, help="end after this time, the schedule complete (0: no limit)"
    )
    parser.add_argument(
        "--start",
        type=Path,
        help="go on from an exported network (model.onnx) or trained weights (final.pt) instead of ImageNet's weights",
    )
    parser.add_argument("--leave-out", nargs="*", default=[], help="sites to leave out")
    parser.add_argument(
        "--data", type=Path, default=Path("../shared/data"), help="where the table of attributes is"
    )
    parser.add_argument(
        "--attributes", type=float, default=0.1, help="weight of the attributes in words beside the classes"
    )
    parser.add_argument("--soft", default="", help="soft labels in the cache (scripts.training.soft_labels)")
    parser.add_argument(
        "--soft-weight", type=float, default=0.5, help="weight of the soft labels beside the classes"
    )
    parser.add_argument(
        "--only-soft", action="store_true", help="draw only crops that have a soft label, for a short trial"
    )
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
    parser.add_argument(
        "--degraded", type=float, default=1.0,
        help="how often poor light, casts, marks and the like come (0: never); grows over the first half",
    )  # fmt: skip
    parser.add_argument("--check", type=int, default=500, help="steps between scores on validation")
    parser.add_argument("--keep", type=int, default=100, help="steps between checkpoints")
    return parser


if __name__ == "__main__":
    main()
