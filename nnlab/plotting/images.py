"""Grids of images, still and moving."""

import io

import matplotlib.pyplot as plt
import numpy as np
from PIL import Image, ImageDraw


def plot_images(images, labels=None, *, columns=None, ax=None):
    """Return Axes with a grid of images, row by row, each with its label above it.

    images: ``(n, height, width)``, ``(n, height, width, 1)`` or ``(n, height, width, 3)``, n ≥ 1; uint8 in
    0..255 or float in 0..1. labels: n strings, or None.
    columns: images in a row; by default about twice as many as rows.

    Raises ValueError for another shape, for floats outside 0..1, and for a number of labels other than n.
    """
    images = np.asarray(images)
    if images.ndim == 4 and images.shape[-1] == 1:
        images = images[..., 0]
    if (
        len(images.shape) not in (3, 4)
        or len(images) == 0
        or (images.ndim == 4 and images.shape[-1] != 3)
    ):
        raise ValueError(
            f"images must be (n, height, width[, 1 or 3]) with n ≥ 1, got shape {images.shape}"
        )
    if images.dtype != np.uint8 and not (images.min() >= 0 and images.max() <= 1):
        raise ValueError(
            f"float images must lie in 0..1, got {images.min():.3g}..{images.max():.3g}: rescale them first"
        )
    if labels is not None and len(labels) != len(images):
        raise ValueError(
            f"expected one label per image, got {len(labels)} labels for {len(images)} images"
        )
    columns = columns or min(len(images), int(np.ceil(np.sqrt(2 * len(images)))))
    rows = -(-len(images) // columns)
    height, width = images.shape[1:3]
    step_y, step_x = height * (1.35 if labels is not None else 1.08), width * 1.08
    if ax is None:
        inches = min(9 / columns, 1.1)
        _, ax = plt.subplots(
            figsize=(columns * inches, rows * inches * step_y / step_x), layout="constrained"
        )
    for i, image in enumerate(images):
        x, y = (i % columns) * step_x, (i // columns) * step_y
        ax.imshow(
            image,
            cmap="gray",
            vmin=0,
            vmax=255 if images.dtype == np.uint8 else 1,
            extent=(x, x + width, y + height, y),
        )
        if labels is not None:
            ax.text(
                x + width / 2, y - 0.04 * height, labels[i], ha="center", va="bottom", fontsize=9
            )
    ax.set(xlim=(-0.04 * width, columns * step_x - 0.04 * width), aspect="equal")
    ax.set_ylim((rows - 1) * step_y + 1.04 * height, -(step_y - 1.04 * height))
    ax.axis("off")
    return ax


def animate_images(frames, captions, *, columns, seconds=6.0, scale=1):
    """Return an animated GIF (bytes): each frame is a grid of images under its caption; the last one stays longer.

    frames: ``(num_frames, n, height, width, 1)``, uint8 in 0..255 or float in 0..1, e.g. what one generator made of
    the same noise at the end of each epoch. captions: a string per frame. columns: images in a row.
    seconds: for one round, besides the last frame. scale: pixels of the GIF for a pixel of an image.

    A notebook shows it by ``IPython.display.Image(data=gif, format="gif")``.

    Raises ValueError for another shape and for a number of captions other than num_frames.
    """
    frames = np.asarray(frames)
    if frames.ndim != 5 or frames.shape[-1] != 1 or len(captions) != len(frames) or not len(frames):
        raise ValueError(
            "frames must be (num_frames, n, height, width, 1) with a caption each, "
            f"got {frames.shape} and {len(captions)} captions"
        )
    if frames.dtype != np.uint8:
        frames = np.rint(255 * np.clip(frames, 0, 1)).astype(np.uint8)
    count, n, height, width, _ = frames.shape
    rows, header = -(-n // columns), 24
    pictures = []
    for images, caption in zip(frames[..., 0], captions, strict=True):
        tiles = np.pad(images, ((0, rows * columns - n), (0, 1), (0, 1)), constant_values=255)
        mosaic = (
            tiles.reshape(rows, columns, height + 1, width + 1)
            .swapaxes(1, 2)
            .reshape(rows * (height + 1), -1)
        )
        grid = Image.fromarray(mosaic.repeat(scale, axis=0).repeat(scale, axis=1))
        picture = Image.new("L", (grid.width, grid.height + header), 255)
        picture.paste(grid, (0, header))
        ImageDraw.Draw(picture).text((4, 4), caption, fill=0, font_size=14)
        pictures.append(picture)
    durations = [1000 * seconds / count] * (count - 1) + [2000]
    gif = io.BytesIO()
    pictures[0].save(
        gif, "GIF", save_all=True, append_images=pictures[1:], duration=durations, loop=0
    )
    return gif.getvalue()
