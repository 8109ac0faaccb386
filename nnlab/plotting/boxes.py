"""Images with boxes around the objects in them."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Rectangle


def plot_boxes(image, boxes, labels=None, *, captions=None, dashed=False, ax=None):
    """Return Axes with an image and boxes around its objects, each class in a colour of its own.

    A second call with the same image and Axes draws more boxes, such as dashed ones for what was
    annotated over solid ones for what was found.

    image: ``(height, width)``, ``(height, width, 1)`` or ``(height, width, 3)``; uint8 in 0..255 or
        float in 0..1.
    boxes: ``(n, 4)``, left, top, right and bottom in pixels.
    labels: integers ``(n,)`` in 0..6, the classes; None: all are of class 0.
    captions: a string for each box, such as its score, or None.
    dashed: whether the lines are dashed.
    ax: the Axes to draw on; by default those of a new figure.

    Raises ValueError for an image or boxes of another shape, for an image of another type or range,
    for labels outside their range, and for a number of labels or captions other than n.
    """
    image = np.asarray(image)
    boxes = np.asarray(boxes, float).reshape(-1, 4) if len(boxes) == 0 else np.asarray(boxes, float)
    if image.ndim not in (2, 3) or image.shape[2:] not in ((), (1,), (3,)) or not image.size:
        raise ValueError(
            f"image must be (height, width[, 1 or 3]), got shape {image.shape}: pass one image"
        )
    low = image.min()
    high = image.max()
    scaled = image.dtype.kind not in "iu" and low >= 0 and high <= 1
    if image.dtype != np.uint8 and not scaled:
        raise ValueError(
            f"image must be uint8 in 0..255 or float in 0..1, got {image.dtype} in "
            f"{low:.3g}..{high:.3g}: rescale it (x / 255, 16 bits x / 65535)"
        )
    if boxes.shape[1:] != (4,):
        raise ValueError(
            f"boxes must be (n, 4), left, top, right, bottom, got {boxes.shape}: a single one as "
            "box[None]"
        )
    labels = np.zeros(len(boxes), int) if labels is None else np.asarray(labels)
    captions = [""] * len(boxes) if captions is None else list(captions)
    if not len(labels) == len(captions) == len(boxes):
        raise ValueError(
            f"expected a label and a caption for each of {len(boxes)} boxes, "
            f"got {len(labels)} and {len(captions)}"
        )
    colors = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000"]
    unknown = sorted(set(labels.tolist()) - set(range(len(colors))), key=str)[:3]
    if unknown:
        raise ValueError(f"labels must be integers in 0..6, got {unknown}: count classes from 0")
    if ax is None:
        width = min(9, 4.5 * image.shape[1] / image.shape[0])
        _, ax = plt.subplots(figsize=(width, 4.5), layout="constrained")
    height, width = image.shape[:2]
    white = 255
    if image.dtype != np.uint8:
        image = image.astype(np.float32)  # of bool and bfloat16, too
        white = 1
    ax.imshow(image, cmap="gray", vmin=0, vmax=white, extent=(0, width, height, 0))
    line = {"fill": False, "linewidth": 1.5, "linestyle": "--" if dashed else "-"}
    for box, label, caption in zip(boxes, labels, captions, strict=True):
        left, top, right, bottom = box
        color = colors[int(label)]
        ax.add_patch(Rectangle((left, top), right - left, bottom - top, edgecolor=color, **line))
        if caption:
            look = {"facecolor": color, "edgecolor": "none", "pad": 1}
            place = {"va": "top", "fontsize": 7, "color": "white", "bbox": look}
            ax.text(left, top, caption, parse_math=False, clip_on=True, **place)
    ax.set(xlim=(0, width), ylim=(height, 0))
    ax.axis("off")
    return ax
