"""What a convolution looks for, and what it sees."""

import matplotlib.pyplot as plt
import numpy as np


def plot_filters(kernel, *, columns=None, ax=None):
    """Return Axes with the filters of a first convolution: violet weights are negative, orange positive, white zero.

    kernel: float ``(height, width, 1, filters)``, as in ``layer.kernel`` of a Conv2D that reads grey images. One
    colour scale serves all filters.

    Raises ValueError for another shape.
    """
    kernel = np.asarray(kernel)
    if kernel.ndim != 4 or kernel.shape[2] != 1:
        raise ValueError(
            f"kernel must be (height, width, 1, filters), got {kernel.shape}: pass a first layer's"
        )
    height, width, _, count = kernel.shape
    columns = columns or min(count, 16)
    rows = -(-count // columns)
    tiles = np.pad(
        np.moveaxis(kernel[:, :, 0], -1, 0),
        ((0, rows * columns - count), (0, 1), (0, 1)),
        constant_values=np.nan,
    )
    mosaic = (
        tiles.reshape(rows, columns, height + 1, width + 1)
        .swapaxes(1, 2)
        .reshape(rows * (height + 1), -1)
    )
    if ax is None:
        _, ax = plt.subplots(
            figsize=(9, 0.6 + 8.2 * mosaic.shape[0] / mosaic.shape[1]), layout="constrained"
        )
    limit = np.abs(kernel).max()
    image = ax.imshow(mosaic, cmap="PuOr_r", vmin=-limit, vmax=limit)
    ax.figure.colorbar(image, ax=ax, label="weight", fraction=0.02, pad=0.01)
    ax.axis("off")
    return ax


def plot_feature_maps(maps, *, columns=None, ax=None):
    """Return Axes with the feature maps of one image, from dark (its own least value) to bright (its greatest).

    maps: float ``(height, width, channels)``, what a convolutional layer makes of one image.

    Raises ValueError for another shape.
    """
    maps = np.asarray(maps, np.float32)
    if maps.ndim != 3:
        raise ValueError(
            f"maps must be (height, width, channels), got {maps.shape}: take those of one image"
        )
    height, width, count = maps.shape
    columns = columns or min(count, 8)
    rows = -(-count // columns)
    low, high = maps.min(axis=(0, 1)), maps.max(axis=(0, 1))
    scaled = (maps - low) / np.where(high > low, high - low, 1)
    tiles = np.pad(
        np.moveaxis(scaled, -1, 0),
        ((0, rows * columns - count), (0, 1), (0, 1)),
        constant_values=np.nan,
    )
    mosaic = (
        tiles.reshape(rows, columns, height + 1, width + 1)
        .swapaxes(1, 2)
        .reshape(rows * (height + 1), -1)
    )
    if ax is None:
        _, ax = plt.subplots(
            figsize=(9, 0.3 + 8.7 * mosaic.shape[0] / mosaic.shape[1]), layout="constrained"
        )
    ax.imshow(mosaic, cmap="viridis", vmin=0, vmax=1)
    ax.axis("off")
    return ax
