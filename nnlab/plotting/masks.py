"""Images with the outlines of the objects in them."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import to_rgba


def plot_outlines(image, labels=None, found=None, *, ax=None):
    """Return Axes with an image and the outlines of its objects: true ones blue, found ones orange.

    Where the two are the same pixels they are white. The image is shown in its own range of
    brightness, so that a dim one can be seen, too.

    image: grey, ``(height, width)`` or ``(height, width, 1)``.
    labels: integers ``(height, width)``, 0 for background and another number for each object; or
        bool, where one outline goes round objects that touch; or None.
    found: the same of what was found, or None.
    ax: the Axes to draw on; by default those of a new figure.

    Raises ValueError for an image that is not grey, and for outlines of another size.
    """
    image = np.asarray(image, np.float32)
    image = image[:, :, 0] if image.ndim == 3 and image.shape[2] == 1 else image
    if image.ndim != 2 or not image.size:
        raise ValueError(f"image must be grey, (height, width) or with a 1, got {image.shape}")
    if ax is None:
        width = min(9, 4.5 * image.shape[1] / image.shape[0])
        _, ax = plt.subplots(figsize=(width, 4.5), layout="constrained")
    edges = []  # of the true objects, and of those that were found
    for given in (labels, found):
        given = np.zeros(image.shape, int) if given is None else np.asarray(given)
        if given.shape != image.shape:
            raise ValueError(
                f"labels and found must have the size of the image, {image.shape}, "
                f"got {given.shape}: one number for each pixel"
            )
        around = np.pad(given, 1, mode="edge")  # the border of the image is no outline
        edge = np.zeros(image.shape, bool)
        for rows, columns in ((0, 1), (2, 1), (1, 0), (1, 2)):
            beside = around[rows : rows + len(given), columns : columns + given.shape[1]]
            edge |= beside != given
        edges.append(edge & (given > 0))
    dark = image.min()
    bright = np.percentile(image, 99.5)
    if bright == dark:  # what is brighter is small
        bright = image.max()
    ax.imshow(image, cmap="gray", vmin=dark, vmax=max(bright, dark + 1e-6))
    lines = np.zeros((*image.shape, 4))
    lines[edges[0]] = to_rgba("#56B4E9")
    lines[edges[1]] = to_rgba("#E69F00")
    lines[edges[0] & edges[1]] = (1, 1, 1, 1)
    ax.imshow(lines, interpolation="nearest")
    ax.axis("off")
    return ax
