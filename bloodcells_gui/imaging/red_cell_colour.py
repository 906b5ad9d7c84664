"""The colour of red cells in the surroundings of leukocytes."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

# Rank of the pixels, of each channel, that are blank field beside cells.
_BLANK_RANK = 97
# Red cells absorb green and blue, from tan over pink to orange; nuclei, granules and platelets let blue pass,
# and dense nuclei are darker than any red cell. Shares are of the density in green.
_GREEN_OD = (0.06, 0.45)
_MOST_RED_SHARE = 0.85
_LEAST_BLUE_SHARE = 0.45
# Around the outline, px: the edge of the cell itself is no surroundings.
_MARGIN_PX = 4
# What is darker than this in every channel is no field.
_DARK = 60.0


def red_cell_densities(rgb: NDArray[np.uint8], mask: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Optical density in green of every pixel that looks like a red cell.

    Parameters
    ----------
    rgb : (h, w, 3) uint8
        Surroundings of a cell.
    mask : (h, w) uint8
        The cell's own outline; zero elsewhere. Of another size it is enlarged to the picture's.

    Returns
    -------
    (n,) float32
        -log10 of the share of the blank field's light; empty where nothing looks like a red cell.
    """
    if mask.shape != rgb.shape[:2]:
        mask = np.asarray(cv2.resize(mask, rgb.shape[1::-1], interpolation=cv2.INTER_NEAREST), np.uint8)
    kernel = np.ones((2 * _MARGIN_PX + 1,) * 2, np.uint8)
    outside = cv2.dilate((mask > 0).astype(np.uint8), kernel) == 0
    pixels = rgb[outside].astype(np.float32)
    if not len(pixels):
        return np.zeros(0, np.float32)
    blank = np.percentile(pixels, _BLANK_RANK, axis=0)
    if blank.max() < _DARK:
        return np.zeros(0, np.float32)
    density = -np.log10((pixels + 1) / (blank.astype(np.float32) + 1))
    red, green, blue = density.T
    pale = (green > _GREEN_OD[0]) & (green < _GREEN_OD[1])
    pink = (red < _MOST_RED_SHARE * green) & (blue > _LEAST_BLUE_SHARE * green)
    return np.asarray(green[pale & pink], np.float32)
