"""What a classifier gets right and wrong."""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.calibration import calibration_curve
from sklearn.metrics import (
    auc,
    average_precision_score,
    confusion_matrix,
    precision_recall_curve,
    roc_curve,
)


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
        ax.text(
            column,
            row,
            count or "",
            ha="center",
            va="center",
            color="white" if dark else "black",
            fontsize=9,
        )
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
        ax.imshow(
            np.squeeze(images[index]), cmap="gray", vmin=0, vmax=255, extent=(x, x + 1, y + 1, y)
        )
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
            ax.text(
                x + 1.08, top + 0.12, f"{class_names[label]}  {share:.0%}", va="bottom", fontsize=8
            )
    if len(wrong) == 0:
        ax.text(0.5, 0.5, "no mistakes", ha="center")
    ax.set(xlim=(-0.1, 2.4 * columns), ylim=(1.4 * rows - 0.3, -0.35), aspect="equal")
    ax.axis("off")
    return ax


def plot_roc(y_true, probabilities, class_names, *, ax=None):
    """Return Axes with one ROC curve per class (this class against all others), its area in the legend.

    y_true: integer labels ``(n,)``. probabilities: float ``(n, num_classes)``. A class that no label or every label
    names has no curve. scikit-learn's ``roc_curve`` and ``auc`` compute.

    Source: Fawcett, "An introduction to ROC analysis" (2006).
    """
    y_true, probabilities = np.asarray(y_true), np.asarray(probabilities)
    if ax is None:
        _, ax = plt.subplots(figsize=(6, 4.5), layout="constrained")
    colors = plt.colormaps["viridis"](np.linspace(0, 0.9, len(class_names)))
    for label, name in enumerate(class_names):
        positive = y_true == label
        if 0 < positive.sum() < len(positive):
            false_positive, true_positive, _ = roc_curve(positive, probabilities[:, label])
            area = auc(false_positive, true_positive)
            style = ("-", "--", ":")[label % 3]
            ax.plot(
                false_positive,
                true_positive,
                style,
                color=colors[label],
                label=f"{name}  {area:.4f}",
            )
    ax.set(xlabel="false positive rate", ylabel="true positive rate")
    ax.grid(alpha=0.3)
    ax.legend(title="class, area", fontsize=8, loc="lower right")
    return ax


def plot_precision_recall(y_true, probabilities, class_names, *, ax=None):
    """Return Axes with one precision–recall curve per class, its average precision in the legend.

    y_true: integer labels ``(n,)``. probabilities: float ``(n, num_classes)``. A class that no label names has no
    curve. scikit-learn's ``precision_recall_curve`` and ``average_precision_score`` compute.

    Source: Davis and Goadrich, "The relationship between Precision-Recall and ROC curves" (2006).
    """
    y_true, probabilities = np.asarray(y_true), np.asarray(probabilities)
    if ax is None:
        _, ax = plt.subplots(figsize=(6, 4.5), layout="constrained")
    colors = plt.colormaps["viridis"](np.linspace(0, 0.9, len(class_names)))
    for label, name in enumerate(class_names):
        positive = y_true == label
        if positive.any():
            precision, recall, _ = precision_recall_curve(positive, probabilities[:, label])
            average = average_precision_score(positive, probabilities[:, label])
            style = ("-", "--", ":")[label % 3]
            ax.plot(recall, precision, style, color=colors[label], label=f"{name}  {average:.4f}")
    ax.set(xlabel="recall", ylabel="precision")
    ax.grid(alpha=0.3)
    ax.legend(title="class, average precision", fontsize=8, loc="lower left")
    return ax


def plot_calibration(y_true, probabilities, *, bins=10, ax=None):
    """Return Axes with how often a classifier is right against how sure it is: on the diagonal it keeps its promises.

    y_true: integer labels ``(n,)``. probabilities: float ``(n, num_classes)``. bins: parts into which the images
    are divided by their largest probability, with as many in each. Below the diagonal the classifier is overconfident.
    scikit-learn's ``calibration_curve`` computes.

    Source: Niculescu-Mizil and Caruana, "Predicting good probabilities with supervised learning" (2005).
    """
    probabilities = np.asarray(probabilities)
    right = probabilities.argmax(axis=1) == np.asarray(y_true)
    share_right, confidence = calibration_curve(
        right, probabilities.max(axis=1), n_bins=bins, strategy="quantile"
    )
    if ax is None:
        _, ax = plt.subplots(figsize=(4.5, 4.2), layout="constrained")
    low = min(share_right.min(), confidence.min())
    limits = low - 0.03 * (1 - low), 1 + 0.03 * (1 - low)
    ax.plot([low, 1], [low, 1], color="0.6", linestyle="--", linewidth=1, label="as sure as right")
    ax.plot(confidence, share_right, color="#0072B2", marker="o", markersize=5, label="classifier")
    ax.set(xlim=limits, ylim=limits, aspect="equal")
    ax.set(xlabel="probability of the answer", ylabel="share of right answers")
    ax.grid(alpha=0.3)
    ax.legend(frameon=False, loc="upper left")
    return ax
