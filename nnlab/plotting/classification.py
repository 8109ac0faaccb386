"""What a classifier gets right and wrong."""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.metrics import confusion_matrix


def plot_confusion_matrix(y_true, y_pred, class_names, *, ax=None):
    """Return Axes with the confusion matrix: counts as numbers, mistakes as colour.

    A mistake's colour is its share of the true class. The diagonal (right answers) is left grey, so
    that few mistakes among many right answers can be seen. Where there are so many classes that
    nobody could read the numbers, they are left out. scikit-learn's ``confusion_matrix`` counts.

    y_true: the true labels, integers ``(n,)`` in 0..len(class_names) - 1.
    y_pred: the predicted labels, integers ``(n,)`` in the same range.
    class_names: a name for each class, in the order of the labels.
    ax: the Axes to draw on; by default those of a new figure.

    Raises ValueError for labels of another shape or outside their range.
    """
    y_true = np.asarray(y_true)
    y_pred = np.asarray(y_pred)
    num_classes = len(class_names)
    if y_true.ndim != 1 or not y_true.size or y_pred.shape != y_true.shape:
        raise ValueError(
            "y_true must be (n,) and y_pred (n,), n ≥ 1, "
            f"got {y_true.shape} and {y_pred.shape}: one label for each example"
        )
    for argument, labels in (("y_true", y_true), ("y_pred", y_pred)):
        unknown = sorted(set(labels.tolist()) - set(range(num_classes)), key=str)[:3]
        if unknown:
            raise ValueError(
                f"{argument} must hold integers in 0..{num_classes - 1}, "
                f"got {unknown}: count classes from 0 and name each"
            )
    counts = confusion_matrix(y_true.astype(int), y_pred.astype(int), labels=range(num_classes))
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    mistakes = np.ma.masked_array(shares, mask=np.eye(num_classes, dtype=bool))
    darkest = mistakes.max() or 1  # 1 where there is no mistake
    if ax is None:
        width = min(4 + 0.3 * num_classes, 9)
        _, ax = plt.subplots(figsize=(width, width - 1), layout="constrained")
    ax.set_facecolor("0.88")
    ax.grid(False)
    image = ax.imshow(mistakes, cmap="Blues", vmin=0, vmax=darkest)
    ax.figure.colorbar(image, ax=ax, label="share of the true class", shrink=0.8)
    cell = {"ha": "center", "va": "center"}
    cell["fontsize"] = min(9, 500 / num_classes / len(str(counts.max())))
    for (row, column), count in np.ndenumerate(counts):
        dark = row != column and shares[row, column] > 0.6 * darkest
        if cell["fontsize"] > 4.5:
            ax.text(column, row, count or "", color="white" if dark else "black", **cell)
    step = 1 + (num_classes - 1) // 50  # of more than 50 classes, name only every second, third, …
    ticks = {"ticks": range(0, num_classes, step), "labels": class_names[::step]}
    text = {"fontsize": min(10, 450 * step / num_classes), "parse_math": False}
    ax.set_yticks(**ticks, **text)
    if max(len(str(name)) for name in class_names) > 3:
        text |= {"rotation": 45, "ha": "right", "rotation_mode": "anchor"}
    ax.set_xticks(**ticks, **text)
    ax.set(xlabel="predicted class", ylabel="true class")
    return ax


def plot_mistakes(images, y_true, probabilities, class_names, *, count=8, ax=None):
    """Return Axes with the most confident mistakes: each image beside what the classifier said.

    Beside an image stand its two likeliest classes and the true one, which is orange, each with its
    probability. Where there are fewer mistakes than count, all are shown; where there are none,
    a sentence says so.

    images: ``(n, height, width)``, ``(n, height, width, 1)`` or ``(n, height, width, 3)``; uint8 in
    0..255, float in 0..1 or bool.
    y_true: the true labels, integers ``(n,)`` in 0..len(class_names) - 1.
    probabilities: float ``(n, len(class_names))`` in 0..1.
    class_names: a name for each class, in the order of the labels; long ones are cut off.
    count: mistakes to show, at most.
    ax: the Axes to draw on; by default those of a new figure.

    Raises ValueError for arrays of another shape and for values outside their range.
    """
    images = np.asarray(images)
    y_true = np.asarray(y_true)
    probabilities = np.asarray(probabilities, float)
    num_classes = len(class_names)
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
    if y_true.ndim != 1 or not y_true.size or probabilities.shape != (len(y_true), num_classes):
        raise ValueError(
            f"y_true must be (n,) and probabilities (n, {num_classes}), n ≥ 1, "
            f"got {y_true.shape} and {probabilities.shape}: one label for each example"
        )
    if len(y_true) != len(images):
        raise ValueError(
            f"expected one label per image, got {len(y_true)} labels for {len(images)} images"
        )
    unknown = sorted(set(y_true.tolist()) - set(range(num_classes)), key=str)[:3]
    if unknown:
        raise ValueError(
            f"y_true must hold integers in 0..{num_classes - 1}, "
            f"got {unknown}: count classes from 0 and name each"
        )
    if not (probabilities.min() >= 0 and probabilities.max() <= 1 + 1e-6):
        raise ValueError(
            f"probabilities must lie in 0..1, got {probabilities.min():.3g}.."
            f"{probabilities.max():.3g}: are these logits? Apply softmax first"
        )
    white = 255
    if images.dtype != np.uint8:
        images = images.astype(np.float32)  # of bool and bfloat16, too
        white = 1
    height, width = images.shape[1:3] / np.max(images.shape[1:3])  # the longer side is 1
    y_true = y_true.astype(int)
    confidence = probabilities.max(axis=1)
    wrong = np.flatnonzero(probabilities.argmax(axis=1) != y_true)
    wrong = wrong[np.argsort(-confidence[wrong], kind="stable")][:count]
    names = [name if len(name) < 13 else f"{name[:11]}…" for name in map(str, class_names)]
    rows = max(1, -(-len(wrong) // 4))
    if ax is None:
        _, ax = plt.subplots(figsize=(9, 0.3 + 1.4 * rows), layout="constrained")
    text = {"va": "bottom", "parse_math": False}
    for i, index in enumerate(wrong):
        x = 2.4 * (i % 4)
        y = 1.4 * (i // 4)
        extent = (x, x + width, y + height, y)
        ax.imshow(images[index], cmap="gray", vmin=0, vmax=white, extent=extent)
        truth = y_true[index]
        ax.text(x, y - 0.06, f"is {names[truth]}", fontsize=9, color="#D55E00", **text)
        likeliest = np.argsort(-probabilities[index], kind="stable")  # of equal ones, as argmax
        shown = [label for label in likeliest if label in {*likeliest[:2], truth}]
        for place, label in enumerate(shown):
            share = probabilities[index, label]
            top = y + 0.08 + 0.32 * place
            color = "#D55E00" if label == truth else "#0072B2"
            ax.barh(top + 0.2, 1.1 * share, 0.1, left=x + 1.08, color=color)
            said = f"{share:.0%}" if share >= 0.01 else f"{share:.0e}"
            said = f"{names[label]}  {said}"
            shade = "#D55E00" if label == truth else "black"
            ax.text(x + 1.08, top + 0.12, said, fontsize=8, color=shade, **text)
    if not wrong.size:
        ax.text(0.5, 0.5, "no mistakes", ha="center")
    ax.set(xlim=(-0.1, 9.6), ylim=(1.4 * rows - 0.3, -0.35), aspect="equal")
    ax.axis("off")
    return ax
