"""The training loop of detector and segmenter: resumable, one-cycle AdamW in bfloat16 where the processor computes it, averaged weights."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import cv2
import torch
from torch import Tensor, nn

from scripts.training.precision import autocast

Goal = TypeVar("Goal")
Output = TypeVar("Output")
_SAID_EVERY, _SAVED_EVERY = 100, 500


def options(doc: str | None, *, name: str, steps: int, batch: int) -> argparse.ArgumentParser:
    """The options that every training has; `doc` is the command's docstring, the rest its own defaults."""
    parser = argparse.ArgumentParser(description=doc)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--work", type=Path, default=Path(".train"))
    parser.add_argument("--name", default=name)
    parser.add_argument("--start", type=Path, default=None, help="weights to start from")
    parser.add_argument("--steps", type=int, default=steps)
    parser.add_argument("--batch", type=int, default=batch)
    parser.add_argument("--rate", type=float, default=3e-3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--eval-only", action="store_true")
    return parser


def prepare(args: argparse.Namespace) -> None:
    """Set threads and seeds from `options`, and make the folder of the work."""
    cv2.setNumThreads(1)
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    args.work.mkdir(parents=True, exist_ok=True)


class Training:
    """A network in training and the running average of its weights, which is what is served.

    Parameters
    ----------
    make : callable
        Makes the network with its first weights; called twice.
    args : Namespace
        Of `options`: `WORK/NAME.pt` is taken up again where it is there, else `start`.
    """

    def __init__(self, make: Callable[[], nn.Module], args: argparse.Namespace) -> None:
        self.net, self.averaged = make(), make()
        self._out = args.work / f"{args.name}.pt"
        self._steps = args.steps
        self._ends_here = args.eval_only
        self._done = 0
        self._optimiser = torch.optim.AdamW(self.net.parameters(), args.rate, weight_decay=1e-3)
        self._schedule = torch.optim.lr_scheduler.OneCycleLR(
            self._optimiser, args.rate, total_steps=args.steps + 1, pct_start=0.15
        )
        if self._out.exists():
            self._resume()
        elif args.start is not None:
            state = torch.load(args.start, weights_only=True)
            self.net.load_state_dict(state["averaged"])
            self.averaged.load_state_dict(state["averaged"])
        self.net = self.net.to(memory_format=torch.channels_last)

    def run(
        self,
        batch: Callable[[int], tuple[Tensor, Goal]],
        forward: Callable[[Tensor], Output],
        loss_of: Callable[[Output, Goal], Tensor],
    ) -> None:
        """Train to the last step; nothing where only an evaluation is asked for.

        Parameters
        ----------
        batch : callable
            Images (n, 3, h, w) uint8 and their goal of a step; drawn in another thread, one step ahead.
        forward : callable
            What the network makes of images (n, 3, h, w) float32.
        loss_of : callable
            Loss of that, given the goal.
        """
        if self._ends_here or self._done >= self._steps:
            return
        self.net.train()
        started, running = time.time(), 0.0
        with ThreadPoolExecutor(1) as pool:
            coming = pool.submit(batch, self._done)
            for step in range(self._done + 1, self._steps + 1):
                images, goal = coming.result()
                coming = pool.submit(batch, step)
                with autocast():
                    found = forward(images.float().contiguous(memory_format=torch.channels_last))
                running += self._learn(loss_of(found, goal), step)
                if step % _SAID_EVERY == 0:
                    seconds = time.time() - started
                    print(f"step {step} loss {running / _SAID_EVERY:.4f} {seconds:.0f} s", flush=True)
                    running = 0.0
                if step % _SAVED_EVERY == 0:
                    self._save(step)
        self._save(self._steps)

    def _resume(self) -> None:
        state: dict[str, Any] = torch.load(self._out, weights_only=True)
        self.net.load_state_dict(state["net"])
        self.averaged.load_state_dict(state["averaged"])
        self._done = state["step"]
        if self._done < self._steps and not self._ends_here:
            self._optimiser.load_state_dict(state["optimiser"])
            self._schedule.load_state_dict(state["schedule"])

    def _learn(self, loss: Tensor, step: int) -> float:
        """Take the `step`-th step, from 1; the loss as a number."""
        self._optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.net.parameters(), 5.0)
        self._optimiser.step()
        self._schedule.step()
        move_towards(self.averaged, self.net, min(0.995, step / (step + 9)))
        return loss.item()

    def _save(self, step: int) -> None:
        torch.save({
            "net": self.net.state_dict(), "averaged": self.averaged.state_dict(), "step": step,
            "optimiser": self._optimiser.state_dict(), "schedule": self._schedule.state_dict(),
        }, self._out)  # fmt: skip


@torch.no_grad()
def move_towards(averaged: nn.Module, net: nn.Module, decay: float) -> None:
    """Keep a share `decay` of the averaged weights and take the rest from the network; counters are copied."""
    for a, b in zip(averaged.state_dict().values(), net.state_dict().values(), strict=True):
        if a.dtype.is_floating_point:
            a.lerp_(b, 1 - decay)
        else:
            a.copy_(b)
