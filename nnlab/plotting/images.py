"""Grids of images, still and moving."""

import io

import matplotlib.pyplot as plt
import numpy as np
from PIL import Image, ImageDraw


def plot_images(images, labels=None, *, columns=None, ax=None):
    """Return Axes with a grid of images, row by row, each with its label above it.

    images: ``(n, height, width)``, ``(n, height, width, 1)`` or ``(n, height, width, 3)``, n ≥ 1;
    uint8 in 0..255, float in 0..1 or bool.
    labels: n strings or numbers, or None.
    columns: images in a row; by default about twice as many as rows.
    ax: the Axes to draw on; by default those of a new figure.

    Raises ValueError for images of another shape, type or range, and for a number of labels other
    than n.
    """
    images = np.asarray(images)
    has_channels = images.shape[-1:] in ((1,), (3,))
    if images.ndim != 3 + has_channels or not images.size:
        raise ValueError(
            "images must be (n, height, width[, 1 or 3]), n ≥ 1, "
            f"got shape {images.shape}: pass a single one as image[None]"
        )
    low = images.min()
    high = images.max()
    scaled = images.dtype.kind not in "iu" and low >= 0 and high <= 1
    if images.dtype != np.uint8 and not scaled:
        raise ValueError(
            f"images must be uint8 in 0..255 or float in 0..1, got {images.dtype} in "
            f"{low:.3g}..{high:.3g}: rescale them (x / 255, 16 bits x / 65535)"
        )
    if labels is not None and len(labels) != len(images):
        raise ValueError(
            f"expected one label per image, got {len(labels)} labels for {len(images)} images"
        )
    columns = columns or min(len(images), int(np.ceil(np.sqrt(2 * len(images)))))
    rows = -(-len(images) // columns)
    height, width = images.shape[1:3]
    step_x = width * 1.08
    step_y = height * (1.35 if labels is not None else 1.08)
    if ax is None:
        inches = min(9 / columns, max(1.1, 3 / columns))
        size = (columns * inches, 0.3 + rows * inches * step_y / step_x)
        _, ax = plt.subplots(figsize=size, layout="constrained")
    white = 255
    if images.dtype != np.uint8:
        images = images.astype(np.float32)  # of bool and bfloat16, too
        white = 1
    for i, image in enumerate(images):
        x = i % columns * step_x
        y = i // columns * step_y
        extent = (x, x + width, y + height, y)
        ax.imshow(image, cmap="gray", vmin=0, vmax=white, extent=extent)
        if labels is not None:
            center = (x + width / 2, y - 0.04 * height)
            ax.text(*center, labels[i], ha="center", va="bottom", fontsize=9, parse_math=False)
    ax.set(xlim=(-0.04 * width, columns * step_x - 0.04 * width), aspect="equal")
    ax.set_ylim((rows - 1) * step_y + 1.04 * height, 1.04 * height - step_y)
    ax.axis("off")
    return ax


def animate_images(frames, captions, *, columns, seconds=6.0, scale=1):
    """Return an animated GIF (bytes): each frame is a grid of images under its caption.

    The last frame stays two seconds. A notebook shows the GIF by
    ``IPython.display.Image(data=gif, format="gif", alt="what it shows, in words")``.

    frames: ``(num_frames, n, height, width)``, ``(num_frames, n, height, width, 1)`` or
    ``(num_frames, n, height, width, 3)``; uint8 in 0..255, float in 0..1 or bool. For example, what
    a generator made of the same noise after each epoch.
    captions: a string per frame.
    columns: images in a row.
    seconds: each frame but the last stays seconds / num_frames; a GIF counts hundredths of one.
    scale: pixels of the GIF, in each direction, for a pixel of an image.

    Raises ValueError for frames of another shape, type or range, and for a number of captions other
    than num_frames.
    """
    frames = np.asarray(frames)
    has_channels = frames.shape[-1:] in ((1,), (3,))
    if frames.ndim != 4 + has_channels or not frames.size:
        raise ValueError(
            "frames must be (num_frames, n, height, width[, 1 or 3]), n ≥ 1, "
            f"got shape {frames.shape}: pass a single one as frame[None]"
        )
    low = frames.min()
    high = frames.max()
    scaled = frames.dtype.kind not in "iu" and low >= 0 and high <= 1
    if frames.dtype != np.uint8 and not scaled:
        raise ValueError(
            f"frames must be uint8 in 0..255 or float in 0..1, got {frames.dtype} in "
            f"{low:.3g}..{high:.3g}: rescale them (x / 255, 16 bits x / 65535)"
        )
    if len(captions) != len(frames):
        raise ValueError(
            f"expected one caption per frame, got {len(captions)} captions for {len(frames)} frames"
        )
    if frames.dtype != np.uint8:
        frames = np.rint(255 * frames.astype(np.float32)).astype(np.uint8)
    if frames.shape[-1] == 1:
        frames = frames[..., 0]  # (num_frames, n, height, width)
    n, height, width = frames.shape[1:4]
    mode = "RGB" if frames.ndim == 5 else "L"
    step_x = (width + 1) * scale
    step_y = (height + 1) * scale
    pen = ImageDraw.Draw(Image.new(mode, (1, 1)))
    boxes = [pen.textbbox((4, 4), str(caption), font_size=14) for caption in captions]
    header = int(max(24, *(bottom + 4 for _, _, _, bottom in boxes)))
    size = (
        int(max(columns * step_x, *(right + 4 for _, _, right, _ in boxes))),
        header + -(-n // columns) * step_y,
    )
    pictures = []
    for images, caption in zip(frames, captions, strict=True):
        picture = Image.new(mode, size, "white")
        ImageDraw.Draw(picture).text((4, 4), str(caption), fill="black", font_size=14)
        for i, image in enumerate(images):
            tile = Image.fromarray(image.repeat(scale, axis=0).repeat(scale, axis=1))
            picture.paste(tile, (i % columns * step_x, header + i // columns * step_y))
        pictures.append(picture)
    durations = [1000 * seconds / len(frames)] * (len(frames) - 1) + [2000]
    gif = io.BytesIO()
    others = {"save_all": True, "append_images": pictures[1:], "duration": durations, "loop": 0}
    # With optimize, Pillow 13.0 leaves shadows of what was black in the frame before.
    pictures[0].save(gif, "GIF", optimize=False, **others)
    return gif.getvalue()
