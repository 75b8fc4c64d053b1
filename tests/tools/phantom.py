"""A body-like CT phantom: stored pixel values that look like an axial slice of a trunk, in Hounsfield units plus noise."""

import array
import math
import random
import sys
from functools import lru_cache

AIR, LUNG, FAT, SOFT, LIVER, BONE = -1000, -820, -90, 45, 60, 480
ENHANCED_LIVER, ENHANCED_VESSEL, PLAIN_VESSEL = 115, 170, 42


def _fill_ellipse(rows, size, centre_x, centre_y, radius_x, radius_y, value):
    """Sets the pixels inside an ellipse; all lengths are fractions of the matrix."""
    top, bottom = int((centre_y - radius_y) * size), int((centre_y + radius_y) * size)
    for row in range(max(top, 0), min(bottom + 1, size)):
        relative = ((row + 0.5) / size - centre_y) / radius_y
        if abs(relative) >= 1:
            continue
        half = radius_x * math.sqrt(1 - relative * relative)
        first, last = max(int((centre_x - half) * size), 0), min(int((centre_x + half) * size), size)
        if last > first:
            rows[row][first:last] = array.array("h", [value]) * (last - first)


@lru_cache(maxsize=8)
def _noise(size, seed):
    source = random.Random(seed)
    return [int(source.gauss(0, 12)) for _ in range(size * size)]


def slice_values(size, level, contrast, seed=0):
    """Hounsfield units of one slice, row by row. `level`: 0 (top of the chest) to 1 (pelvis)."""
    rows = [array.array("h", [AIR]) * size for _ in range(size)]
    breadth = 0.40 + 0.03 * math.sin(level * math.pi)
    _fill_ellipse(rows, size, 0.5, 0.52, breadth, 0.28, FAT)
    _fill_ellipse(rows, size, 0.5, 0.52, breadth - 0.03, 0.25, SOFT)
    vessel = ENHANCED_VESSEL if contrast else PLAIN_VESSEL
    if level < 0.4:
        for side in (-1, 1):
            _fill_ellipse(rows, size, 0.5 + side * 0.19, 0.5, 0.13, 0.19 - 0.1 * level, LUNG)
        _fill_ellipse(rows, size, 0.52, 0.46, 0.08, 0.09, vessel)
    elif level < 0.75:
        _fill_ellipse(rows, size, 0.36, 0.48, 0.2, 0.17, ENHANCED_LIVER if contrast else LIVER)
        _fill_ellipse(rows, size, 0.7, 0.52, 0.08, 0.1, ENHANCED_LIVER if contrast else SOFT)
    else:
        for side in (-1, 1):
            _fill_ellipse(rows, size, 0.5 + side * 0.24, 0.58, 0.09, 0.07, BONE)
    _fill_ellipse(rows, size, 0.5, 0.68, 0.05, 0.05, BONE)
    _fill_ellipse(rows, size, 0.48, 0.58, 0.025, 0.025, vessel)
    _fill_ellipse(rows, size, 0.5, 0.88, 0.36, 0.02, AIR + 250)
    values = array.array("h")
    for row in rows:
        values.extend(row)
    noise = _noise(size, seed % 5)
    turn = (seed * 7919) % len(noise)
    return array.array("h", map(int.__add__, values, noise[turn:] + noise[:turn]))


def stored_pixels(values, intercept, minimum):
    """Little-endian 16-bit stored values of `values` (HU) for a rescale intercept; lower ones become `minimum`."""
    stored = array.array("h" if minimum < 0 else "H", [max(value - intercept, minimum) for value in values])
    if sys.byteorder == "big":
        stored.byteswap()
    return stored.tobytes()
