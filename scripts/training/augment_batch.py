"""The augmentation of ``scripts/training/augment.py`` for whole batches on a GPU: the same operations, shares and strengths.

A card learns from ten thousand views a second, which no loader process can make. Everything that is drawn at random comes
from one NumPy generator on the CPU (but the noise of single pixels), so that a batch is repeatable by its seed. Two things are made
on the CPU alone: the degradations of ``scripts/training/degrade.py``, and crops that end right beyond the cell's edge.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from scripts.training.augment import HED, INPUT_PX, INPUT_UM, Look, turn
from scripts.training.data import CACHE_PX, CACHE_UM

# Quantisation tables of the JPEG standard (ITU-T T.81, annex K), luminance and chrominance.
_LUMA = np.array([
    16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51, 87, 80, 62,
    18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
], np.float32).reshape(8, 8)  # fmt: skip
_CHROMA = np.full((8, 8), 99, np.float32)
_CHROMA[:4, :4] = [[17, 18, 24, 47], [18, 21, 26, 66], [24, 26, 56, 99], [47, 66, 99, 99]]
_YCC = np.array([[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]], np.float32)
# sRGB (D65) to XYZ, each row divided by the white point.
_XYZ = np.array(
    [[0.412453, 0.357580, 0.180423], [0.212671, 0.715160, 0.072169], [0.019334, 0.119193, 0.950227]],
    np.float32,
)
_XYZ /= np.array([[0.950456], [1.0], [1.088754]], np.float32)
_GREY = np.array([0.299, 0.587, 0.114], np.float32)


def _on(values: np.ndarray, like: Tensor) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(values, np.float32)).to(like.device, non_blocking=True)


def blurred(x: Tensor, sigma: np.ndarray) -> Tensor:
    """Gaussian blur of (n, c, h, w) with an own `sigma` (n,) in px, mirrored at the border."""
    reach = max(1, int(np.ceil(3 * float(sigma.max()))))
    taps = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma[:, None]) ** 2)
    weights = _on(taps / taps.sum(1, keepdims=True), x)
    for pad, axis in (((reach, reach, 0, 0), 3), ((0, 0, reach, reach), 2)):
        wide = F.pad(x, pad, mode="reflect")
        x = sum(
            weights[:, k, None, None, None] * wide.narrow(axis, k, x.shape[axis])
            for k in range(2 * reach + 1)
        )
    return x


def _mirrored(x: Tensor, last: Tensor) -> Tensor:
    """Coordinates folded back into 0..last, the edge itself not repeated (OpenCV's BORDER_REFLECT_101)."""
    period = 2 * last.clamp(min=1)
    x = torch.remainder(x, period)
    return torch.minimum(x, period - x).clamp(min=0)


def _sampled_at(turn: Tensor, offset: Tensor) -> tuple[Tensor, Tensor]:
    """x and y (n, 128, 128) in the crop of the output's px, by matrices (n, 2, 2) and offsets (n, 2)."""
    steps = torch.arange(INPUT_PX, device=turn.device, dtype=torch.float32)
    along, down = steps[None, None, :], steps[None, :, None]
    x, y = (
        turn[:, i, 0, None, None] * along + turn[:, i, 1, None, None] * down + offset[:, i, None, None]
        for i in (0, 1)
    )
    return x, y


def geometry(
    images: Tensor, halves: np.ndarray, fields: Tensor, gentle: np.ndarray, rng: np.random.Generator
) -> Tensor:
    """Rotation, flip, scale, aspect, shift of (n, 3, 208, 208) crops into (n, 3, 128, 128); some as tight crops.

    `halves` (n,) um from the middle to the edge of what the crop really shows; `fields` (n, 3) colour of its blank field.
    """
    n, size = len(images), CACHE_PX
    centre, um = size / 2, CACHE_UM
    tight = rng.random(n) < 0.4
    half = np.minimum(halves / um, centre)
    half = np.where(tight, np.minimum(half, rng.uniform(7.5, 13.0, n) / um), half)
    shift = rng.normal(0, 1, (n, 2)) * np.where(tight, 0.5, 0.9)[:, None] / um
    start = np.clip(centre + shift - half[:, None], 0, size).astype(int)
    end = np.clip(centre + shift + half[:, None], 0, size).astype(int)
    scale = np.clip(np.exp(rng.normal(0, 1, n) * np.where(gentle, 0.08, 0.22)), 0.58, 1.7)
    aspect = np.exp(rng.normal(0, 0.04, n))
    zoom = um / INPUT_UM * scale
    angle = np.where(rng.random(n) < 0.8, rng.uniform(0, 2 * np.pi, n), rng.integers(0, 4, n) * np.pi / 2)
    flip = np.where(rng.random(n) < 0.5, -1.0, 1.0)
    c, s = np.cos(angle) * zoom, np.sin(angle) * zoom
    forward = np.stack([np.stack([c * flip * aspect, -s], 1), np.stack([s * flip * aspect, c], 1)], 1)
    back = np.linalg.inv(forward)
    offset = (end - start) / 2 - np.einsum("nij,nj->ni", back, INPUT_PX / 2 + rng.normal(0, 2.0, (n, 2)))
    beyond = rng.random(n)
    mirror, padded = beyond < 0.25, beyond >= 0.85
    levels = rng.choice([0.0, 0.0, 114.0, 128.0, 255.0, 255.0], n)
    coarse = np.flatnonzero(zoom < 0.62)
    x = images.float()
    if len(coarse):
        x[torch.from_numpy(coarse).to(x.device)] = blurred(
            x[torch.from_numpy(coarse).to(x.device)], 0.45 / zoom[coarse]
        )
    at_x, at_y = _sampled_at(_on(back, x), _on(offset, x))
    last = _on(end - start - 1, x)[:, :, None, None]
    inside = (
        (at_x + 1).clamp(0, 1)
        * (last[:, 0] + 1 - at_x).clamp(0, 1)
        * (at_y + 1).clamp(0, 1)
        * (last[:, 1] + 1 - at_y).clamp(0, 1)
    )[:, None]
    first = _on(start, x)[:, :, None, None]
    grid = (
        torch.stack([_mirrored(at_x, last[:, 0]) + first[:, 0], _mirrored(at_y, last[:, 1]) + first[:, 1]], 3)
        * (2 / (size - 1))
        - 1
    )
    cut = round(0.7 * n)  # the batch is in random order
    parts = [F.grid_sample(x[:cut], grid[:cut], "bilinear", "border", True)]
    if cut < n:
        parts.append(F.grid_sample(x[cut:], grid[cut:], "bicubic", "border", True).clamp(0, 255))
    out = torch.cat(parts)
    keep = torch.maximum(inside, _on(mirror, x)[:, None, None, None])
    around = torch.where(_on(padded, x)[:, None] > 0, _on(levels, x)[:, None].expand(-1, 3), fields)
    return out * keep + around[:, :, None, None] * (1 - keep)


def _density(x: Tensor) -> Tensor:
    return -torch.log((x + 1) / 256)


def _light_of(density: Tensor) -> Tensor:
    return (256 * torch.exp(-density) - 1).clamp(0, 255)


def _mix(x: Tensor, matrices: np.ndarray) -> Tensor:
    """Each pixel's column vector times (n, 3, 3) `matrices`."""
    return torch.bmm(_on(matrices, x), x.flatten(2)).view_as(x)


def stain(x: Tensor, strength: np.ndarray, rng: np.random.Generator) -> Tensor:
    """Amounts and, a little, colours of the stains jittered in optical density; `strength` (n,)."""
    n = len(x)
    gains = np.exp(rng.normal(0, 0.28, (n, 3)) * strength[:, None])
    basis = HED + rng.normal(0, 0.06, (n, 3, 3)) * strength[:, None, None]
    matrices = np.swapaxes(np.linalg.inv(HED) @ (gains[:, :, None] * basis), 1, 2)
    shift = rng.normal(0, 0.04, (n, 3)) * strength[:, None]
    return _light_of(_mix(_density(x), matrices) + _on(shift, x)[:, :, None, None])


def recolour(x: Tensor, rng: np.random.Generator) -> Tensor:
    """Another stain: hue, saturation and strength in optical density, nuclear and light parts apart."""
    n = len(x)
    density = _density(x)
    angle = rng.normal(0, 1, n) * np.where(rng.random(n) < 0.3, 0.6, 0.25)
    saturation = rng.normal(-0.1, 0.35, n)
    parts = []
    for _ in range(2):
        angles, colours = angle + rng.normal(0, 0.15, n), np.exp(saturation + rng.normal(0, 0.15, n))
        gain = np.exp(rng.normal(0, 0.08, (n, 3)) + rng.normal(0, 0.18, (n, 1)))
        matrices = np.stack([g[:, None] * turn(a, c) for g, a, c in zip(gain, angles, colours, strict=True)])
        parts.append(_mix(density, matrices))
    middle, width = rng.uniform(0.35, 0.75, n), rng.uniform(0.08, 0.25, n)
    share = torch.sigmoid(
        (density.mean(1, keepdim=True) - _on(middle, x)[:, None, None, None])
        / _on(width, x)[:, None, None, None]
    )
    return _light_of((parts[0] + (parts[1] - parts[0]) * share).clamp(min=0))


def to_lab(x: Tensor) -> Tensor:
    """RGB (n, 3, h, w) in 0..255 as OpenCV's 8-bit Lab: L 0..255, a and b around 128."""
    c = x / 255
    linear = torch.where(c > 0.04045, ((c + 0.055) / 1.055).clamp(min=0) ** 2.4, c / 12.92)
    xyz = torch.einsum("ij,njhw->nihw", _on(_XYZ, x), linear)
    f = torch.where(xyz > 0.008856, xyz.clamp(min=1e-6) ** (1 / 3), 7.787 * xyz + 16 / 116)
    return torch.stack(
        [(116 * f[:, 1] - 16) * 2.55, 500 * (f[:, 0] - f[:, 1]) + 128, 200 * (f[:, 1] - f[:, 2]) + 128], 1
    )


def from_lab(lab: Tensor) -> Tensor:
    """The inverse of :func:`to_lab`, clipped to 0..255."""
    fy = (lab[:, 0] / 2.55 + 16) / 116
    f = torch.stack([fy + (lab[:, 1] - 128) / 500, fy, fy - (lab[:, 2] - 128) / 200], 1)
    xyz = torch.where(f > 0.206893, f**3, (f - 16 / 116) / 7.787)
    linear = torch.einsum("ij,njhw->nihw", _on(np.linalg.inv(_XYZ), lab), xyz).clamp(min=0)
    c = torch.where(linear > 0.0031308, 1.055 * linear.clamp(min=1e-8) ** (1 / 2.4) - 0.055, 12.92 * linear)
    return (255 * c).clamp(0, 255)


def restyle(x: Tensor, own: np.ndarray, other: np.ndarray, share: np.ndarray) -> Tensor:
    """Reinhard's Lab transfer from each crop's statistics (n, 6) towards another crop's; `share` (n,)."""
    part = share[:, None]
    gain = 1 + part * (np.clip(other[:, 3:] / own[:, 3:], 0.5, 2.0) - 1)
    offset = own[:, :3] + part * (other[:, :3] - own[:, :3]) - own[:, :3] * gain
    lab = to_lab(x) * _on(gain, x)[:, :, None, None] + _on(offset, x)[:, :, None, None]
    return from_lab(lab.clamp(0, 255))


def light(x: Tensor, rng: np.random.Generator) -> Tensor:
    """White balance, exposure, gamma and contrast; partial grey or more colour; uneven light."""
    n = len(x)
    gamma = np.where(rng.random(n) < 0.6, np.exp(rng.normal(0, 0.22, n)), 1.0)
    balance = np.where(rng.random((n, 1)) < 0.6, np.exp(rng.normal(0, 0.09, (n, 3))), 1.0)
    cheap = np.array([(1, 0.97, 0.6), (0.8, 0.9, 1.05), (1, 0.8, 0.9), (0.75, 0.75, 0.75)])[
        rng.integers(0, 4, n)
    ]
    balance = np.where(rng.random((n, 1)) < 0.08, balance * cheap, balance)
    gain = balance * np.exp(rng.normal(0, 0.1, (n, 1)))
    x = (x / 255).clamp(min=1e-4) ** _on(gamma, x)[:, None, None, None]
    x = x * _on(gain, x)[:, :, None, None] + _on(rng.normal(0, 0.03, n), x)[:, None, None, None]
    x = (255 * x).clamp(0, 255)
    roll = rng.random(n)
    share = np.where(roll < 0.06, 1.0, np.where(roll < 0.25, rng.uniform(-0.6, 0.7, n), 0.0))
    grey = torch.einsum("c,nchw->nhw", _on(_GREY, x), x)[:, None]
    x = (x + _on(share, x)[:, None, None, None] * (grey - x)).clamp(0, 255)
    uneven = (rng.random(n) < 0.3).astype(np.float32)
    slope = _on(rng.normal(0, 0.12, (n, 2)) * uneven[:, None], x)
    bend = _on(rng.uniform(0, 0.2, n) * uneven, x)
    ramp = torch.linspace(-1, 1, x.shape[-1], device=x.device)
    u, v = ramp[None, None, :], ramp[None, :, None]
    field = (
        1
        + slope[:, 0, None, None] * u
        + slope[:, 1, None, None] * v
        - bend[:, None, None] * (u * u + v * v) / 2
    )
    return (x * field[:, None]).clamp(0, 255)


def jpeg(x: Tensor, quality: np.ndarray) -> Tensor:
    """What JPEG with halved chrominance leaves of (n, 3, h, w) in 0..255, sides multiples of 16; `quality` (n,) 1 to 100."""
    n, _, h, w = x.shape
    k = np.arange(8)
    basis = np.sqrt(np.where(k == 0, 1, 2) / 8)[:, None] * np.cos((2 * k[None] + 1) * k[:, None] * np.pi / 16)
    dct = _on(basis, x)
    scale = np.where(quality < 50, 5000 / quality, 200 - 2 * quality)

    def squeezed(plane: Tensor, table: np.ndarray) -> Tensor:
        steps = _on(np.clip(np.floor((table[None] * scale[:, None, None] + 50) / 100), 1, 255), x)
        rows, columns = plane.shape[-2] // 8, plane.shape[-1] // 8
        blocks = plane.view(n, rows, 8, columns, 8).transpose(2, 3)
        found = dct @ blocks @ dct.T
        found = torch.round(found / steps[:, None, None]) * steps[:, None, None]
        return (dct.T @ found @ dct).transpose(2, 3).reshape(plane.shape)

    ycc = torch.einsum("ij,njhw->nihw", _on(_YCC, x), x)
    luma = squeezed(ycc[:, 0] - 128, _LUMA) + 128
    small = F.avg_pool2d(ycc[:, 1:], 2)
    chroma = torch.stack([squeezed(small[:, c], _CHROMA) for c in range(2)], 1)
    chroma = F.interpolate(chroma, (h, w), mode="bilinear", align_corners=False)
    back = torch.einsum("ij,njhw->nihw", _on(np.linalg.inv(_YCC), x), torch.cat([luma[:, None], chroma], 1))
    return back.clamp(0, 255)


def optics(x: Tensor, chosen: np.ndarray, rng: np.random.Generator, noise: torch.Generator) -> Tensor:
    """Blur, sharpening, few pixels, noise, JPEG on the `chosen` (n,) views."""
    n = len(x)
    x = x.clone()

    def rows(share: float) -> tuple[np.ndarray, Tensor]:
        picked = np.flatnonzero(chosen & (rng.random(n) < share))
        return picked, torch.from_numpy(picked).to(x.device, non_blocking=True)

    picked, at = rows(0.5)
    if len(picked):
        soften = rng.random(len(picked)) < 0.5
        sigma = np.where(soften, rng.uniform(0.4, 1.5, len(picked)), rng.uniform(0.8, 1.6, len(picked)))
        amount = np.where(soften, -1.0, rng.uniform(0.3, 1.5, len(picked)))
        part = x[at]
        x[at] = (part + _on(amount, x)[:, None, None, None] * (part - blurred(part, sigma))).clamp(0, 255)
    picked, at = rows(0.15)
    for some in np.array_split(np.arange(len(picked)), 4):
        if len(some):
            side = int(rng.integers(60, 110))
            tiny = F.interpolate(x[at[torch.from_numpy(some).to(x.device)]], (side, side), mode="area")
            how = "bilinear" if rng.random() < 0.5 else "bicubic"
            large = F.interpolate(tiny, x.shape[-2:], mode=how, align_corners=False)
            x[at[torch.from_numpy(some).to(x.device)]] = large.clamp(0, 255)
    picked, at = rows(0.2)
    if len(picked):
        grain = torch.randn((len(picked), 3, *x.shape[2:]), device=x.device, generator=noise)
        mono = _on(rng.random(len(picked)) < 0.5, x)[:, None, None, None]
        grain = mono * grain[:, :1] + (1 - mono) * grain
        x[at] = (x[at] + _on(rng.uniform(1, 7, len(picked)), x)[:, None, None, None] * grain).clamp(0, 255)
    picked, at = rows(0.3)
    if len(picked):
        x[at] = jpeg(x[at], rng.integers(25, 95, len(picked)).astype(np.float64))
    return x


@torch.no_grad()
def augment_batch(
    images: Tensor, halves: np.ndarray, own: np.ndarray, other: np.ndarray, fields: Tensor, rng: np.random.Generator,
    noise: torch.Generator, look: Look | None = None,
) -> Tensor:  # fmt: skip
    """Training views (n, 3, 128, 128) float in 0..255 of cached crops (n, 3, 208, 208) uint8.

    Parameters
    ----------
    images : (n, 3, 208, 208) uint8 RGB at 0.16 um/px
    halves : (n,) um from the middle to the edge of what the crop shows
    own, other : (n, 6) Lab statistics of the crop and of the one whose look it may take
    fields : (n, 3) colour of the crop's blank field, on the images' device
    rng, noise : generators of everything drawn, and of the noise of single pixels on the device
    """
    look = look or Look()
    n = len(images)
    gentle = rng.random(n) < look.gentle
    x = geometry(images, halves, fields, gentle, rng)

    def change(picked: np.ndarray, made: Tensor) -> None:
        x[torch.from_numpy(picked).to(x.device)] = made

    def of(picked: np.ndarray) -> Tensor:
        return x[torch.from_numpy(picked).to(x.device)]

    picked = np.flatnonzero(~gentle & (rng.random(n) < 0.35))
    if len(picked):
        change(picked, restyle(of(picked), own[picked], other[picked], rng.uniform(0.3, 1.0, len(picked))))
    roll = rng.random(n)
    picked = np.flatnonzero(~gentle & (roll < look.recolour))
    if len(picked):
        change(picked, recolour(of(picked), rng))
    strength = np.where(gentle, 0.3, rng.uniform(0.3, 1.3, n))
    picked = np.flatnonzero(np.where(gentle, roll < 0.5, (roll >= look.recolour) & (roll < 0.8)))
    if len(picked):
        change(picked, stain(of(picked), strength[picked], rng))
    picked = np.flatnonzero(~gentle & (rng.random(n) < 0.85))
    if len(picked):
        change(picked, light(of(picked), rng))
    return optics(x, ~gentle | (rng.random(n) < 0.3), rng, noise)
