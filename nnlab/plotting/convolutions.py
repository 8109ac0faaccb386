"""What a convolution looks for, and what it sees."""

import matplotlib.pyplot as plt
import numpy as np


def plot_filters(kernel, *, columns=None, ax=None):
    """Return Axes with the filters of a first convolution, on one scale that is symmetric about 0.

    Filters of grey images: violet weights are negative, orange ones positive, white is 0. Filters
    of colour images: their red, green and blue are the weights of these channels; in each, half is
    0, more is positive, less is negative.

    kernel: float ``(height, width, 1, filters)`` or ``(height, width, 3, filters)``, as in
    ``layer.kernel`` of a Conv2D that reads grey or colour images.
    columns: filters in a row, by default up to 16.
    ax: the Axes to draw on; by default those of a new figure.

    Raises ValueError for another shape and for weights that are not finite.
    """
    kernel = np.asarray(kernel, float)
    if kernel.ndim != 4 or kernel.shape[2] not in (1, 3) or not kernel.size:
        raise ValueError(
            "kernel must be (height, width, 1 or 3, filters), "
            f"got {kernel.shape}: pass a first layer's, or one input channel, kernel[:, :, :1]"
        )
    if not np.isfinite(kernel).all():
        raise ValueError("kernel holds NaN or infinity: did training diverge?")
    height, width, channels, count = kernel.shape
    limit = np.abs(kernel).max() or 1
    columns = columns or min(count, 16)
    rows = -(-count // columns)
    if ax is None:
        inches = 8.2 * rows * (height + 1) / (columns * (width + 1))
        _, ax = plt.subplots(figsize=(9, 0.6 + inches), layout="constrained")
    for i, weights in enumerate(np.moveaxis(kernel, -1, 0)):  # (height, width, channels)
        x = i % columns * (width + 1)
        y = i // columns * (height + 1)
        shown = weights if channels == 1 else 0.5 + weights / (2 * limit)
        extent = (x, x + width, y + height, y)
        image = ax.imshow(shown, cmap="PuOr_r", vmin=-limit, vmax=limit, extent=extent)
    if channels == 1:
        ax.figure.colorbar(image, ax=ax, label="weight", fraction=0.02, pad=0.01)
    ax.set(xlim=(0, columns * (width + 1) - 1), ylim=(rows * (height + 1) - 1, 0))
    ax.axis("off")
    return ax


def plot_feature_maps(maps, *, columns=None, ax=None):
    """Return Axes with the feature maps of one image, from dark (each one's least) to bright.

    maps: float ``(height, width, channels)``, what a convolutional layer makes of one image.
    columns: maps in a row, by default up to 8.
    ax: the Axes to draw on; by default those of a new figure.

    Raises ValueError for another shape and for values that are not finite.
    """
    maps = np.asarray(maps, float)
    if maps.ndim != 3 or not maps.size:
        raise ValueError(
            f"maps must be (height, width, channels), got {maps.shape}: take those of one image"
        )
    if not np.isfinite(maps).all():
        raise ValueError("maps hold NaN or infinity: did training diverge?")
    height, width, count = maps.shape
    columns = columns or min(count, 8)
    rows = -(-count // columns)
    if ax is None:
        inches = 8.7 * rows * (height + 1) / (columns * (width + 1))
        _, ax = plt.subplots(figsize=(9, 0.3 + inches), layout="constrained")
    for i, image in enumerate(np.moveaxis(maps, -1, 0)):  # (height, width)
        x = i % columns * (width + 1)
        y = i // columns * (height + 1)
        extent = (x, x + width, y + height, y)
        ax.imshow(image, cmap="viridis", vmin=image.min(), vmax=image.max(), extent=extent)
    ax.set(xlim=(0, columns * (width + 1) - 1), ylim=(rows * (height + 1) - 1, 0))
    ax.axis("off")
    return ax
