"""Plots: each draws on the Axes given, or on a new figure, and returns the Axes.

They are sized for a page 900 pixels wide; their colours (blue, orange, grey) stay apart for colour-blind readers.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.metrics import confusion_matrix


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
    if len(images.shape) not in (3, 4) or len(images) == 0 or (images.ndim == 4 and images.shape[-1] != 3):
        raise ValueError(f"images must be (n, height, width[, 1 or 3]) with n ≥ 1, got shape {images.shape}")
    if images.dtype != np.uint8 and not (images.min() >= 0 and images.max() <= 1):
        raise ValueError(
            f"float images must lie in 0..1, got {images.min():.3g}..{images.max():.3g}: rescale them first"
        )
    if labels is not None and len(labels) != len(images):
        raise ValueError(f"expected one label per image, got {len(labels)} labels for {len(images)} images")
    columns = columns or min(len(images), int(np.ceil(np.sqrt(2 * len(images)))))
    rows = -(-len(images) // columns)
    height, width = images.shape[1:3]
    step_y, step_x = height * (1.35 if labels is not None else 1.08), width * 1.08
    if ax is None:
        inches = min(9 / columns, 1.1)
        _, ax = plt.subplots(figsize=(columns * inches, rows * inches * step_y / step_x), layout="constrained")
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
            ax.text(x + width / 2, y - 0.04 * height, labels[i], ha="center", va="bottom", fontsize=9)
    ax.set(xlim=(-0.04 * width, columns * step_x - 0.04 * width), aspect="equal")
    ax.set_ylim((rows - 1) * step_y + 1.04 * height, -(step_y - 1.04 * height))
    ax.axis("off")
    return ax


def plot_history(history, metric="loss", *, ax=None):
    """Return Axes with one metric against epochs: training in blue and, where there is one, validation in orange.

    history: the dict ``History.history`` that ``fit`` returns: name → list of one number per epoch.

    Raises ValueError if the metric is not in the history.
    """
    if metric not in history:
        raise ValueError(f"no metric {metric!r} in this history, only {', '.join(history)}: pass one of these")
    if ax is None:
        _, ax = plt.subplots(figsize=(6, 3.5), layout="constrained")
    epochs = np.arange(1, len(history[metric]) + 1)
    ax.plot(epochs, history[metric], color="#0072B2", marker="o", markersize=4, label="training")
    if f"val_{metric}" in history:
        ax.plot(epochs, history[f"val_{metric}"], color="#D55E00", marker="s", markersize=4, label="validation")
    ax.set(xlabel="epoch", ylabel=metric)
    ax.xaxis.get_major_locator().set_params(integer=True)
    ax.grid(alpha=0.3)
    ax.legend(frameon=False)
    return ax


def plot_confusion_matrix(y_true, y_pred, class_names, *, ax=None):
    """Return Axes with the confusion matrix as counts; colour shows mistakes, as a share of each true class.

    y_true, y_pred: integer labels ``(n,)`` in 0..len(class_names) - 1. The diagonal (right answers) is left
    grey, so that few mistakes among many right answers can be seen. scikit-learn's ``confusion_matrix`` counts.
    """
    counts = confusion_matrix(y_true, y_pred, labels=np.arange(len(class_names)))
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    mistakes = np.ma.masked_array(shares, mask=np.eye(len(counts), dtype=bool))
    if ax is None:
        _, ax = plt.subplots(figsize=(7, 6), layout="constrained")
    ax.set_facecolor("0.88")
    image = ax.imshow(mistakes, cmap="Blues", vmin=0)
    ax.figure.colorbar(image, ax=ax, label="share of the true class", shrink=0.8)
    for (row, column), count in np.ndenumerate(counts):
        dark = row != column and shares[row, column] > 0.6 * mistakes.max()
        ax.text(column, row, count or "", ha="center", va="center", color="white" if dark else "black", fontsize=9)
    ticks = np.arange(len(class_names))
    ax.set_yticks(ticks, class_names)
    long = max(map(len, class_names)) > 3
    ax.set_xticks(ticks, class_names, rotation=45 if long else 0, ha="right" if long else "center")
    ax.set(xlabel="predicted class", ylabel="true class")
    return ax


def plot_mistakes(images, y_true, probabilities, class_names, *, count=8, ax=None):
    """Return Axes with the most confident mistakes: each image beside its three largest probabilities.

    images: ``(n, height, width[, 1])`` uint8. y_true: integer labels ``(n,)``.
    probabilities: float ``(n, num_classes)``, each row summing to 1.

    The true class is named above each image and its bar is orange; the other bars are blue. Where there are
    fewer mistakes than count, all are shown; where there are none, a sentence says so.
    """
    y_true, probabilities = np.asarray(y_true), np.asarray(probabilities)
    wrong = np.flatnonzero(probabilities.argmax(axis=1) != y_true)
    wrong = wrong[np.argsort(-probabilities[wrong].max(axis=1), kind="stable")][:count]
    columns = 4
    rows = max(1, -(-len(wrong) // columns))
    if ax is None:
        _, ax = plt.subplots(figsize=(9, 1.45 * rows), layout="constrained")
    for i, index in enumerate(wrong):
        x, y = 2.4 * (i % columns), 1.4 * (i // columns)
        ax.imshow(np.squeeze(images[index]), cmap="gray", vmin=0, vmax=255, extent=(x, x + 1, y + 1, y))
        ax.text(x, y - 0.06, f"is {class_names[y_true[index]]}", va="bottom", fontsize=9)
        for place, label in enumerate(probabilities[index].argsort()[::-1][:3]):
            top, share = y + 0.08 + 0.32 * place, probabilities[index, label]
            ax.barh(
                top + 0.2,
                1.1 * share,
                0.1,
                left=x + 1.08,
                color="#D55E00" if label == y_true[index] else "#0072B2",
            )
            ax.text(x + 1.08, top + 0.12, f"{class_names[label]}  {share:.0%}", va="bottom", fontsize=8)
    if len(wrong) == 0:
        ax.text(0.5, 0.5, "no mistakes", ha="center")
    ax.set(xlim=(-0.1, 2.4 * columns), ylim=(1.4 * rows - 0.3, -0.35), aspect="equal")
    ax.axis("off")
    return ax
