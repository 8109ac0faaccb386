"""How good a classifier's probabilities are: how well they rank, whether they are calibrated."""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.metrics import auc, average_precision_score, precision_recall_curve, roc_curve


def plot_roc(y_true, probabilities, class_names, *, ax=None):
    """Return Axes with one ROC curve per class: this class against all others.

    The two classes with the smallest areas under the curve are drawn in colour and named with their
    area in the legend; the others are grey, with the smallest of their areas (``ax.legend()`` names
    them all). A class that no label or every label names has no curve. scikit-learn's ``roc_curve``
    and ``auc`` compute.

    y_true: the true labels, integers ``(n,)`` in 0..len(class_names) - 1, of two classes or more.
    probabilities: float ``(n, len(class_names))`` in 0..1.
    class_names: a name for each class, in the order of the labels.
    ax: the Axes to draw on; by default those of a new figure.

    Raises ValueError for arrays of another shape and for values outside their range.

    Source: Fawcett, "An introduction to ROC analysis" (2006).
    """
    y_true = np.asarray(y_true)
    probabilities = np.asarray(probabilities, float)
    num_classes = len(class_names)
    if y_true.ndim != 1 or not y_true.size or probabilities.shape != (len(y_true), num_classes):
        raise ValueError(
            f"y_true must be (n,) and probabilities (n, {num_classes}), n ≥ 1, "
            f"got {y_true.shape} and {probabilities.shape}: one label for each example"
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
    curves = []
    for label, name in enumerate(class_names):
        positive = y_true == label
        if 0 < positive.sum() < len(positive):
            false_positive, true_positive, _ = roc_curve(positive, probabilities[:, label])
            area = auc(false_positive, true_positive)
            curves.append((area, name, false_positive, true_positive))
    if not curves:
        raise ValueError(
            f"a ROC curve needs two classes, got the label {y_true[0]} only: add others"
        )
    curves.sort(key=lambda curve: curve[0])  # the worst first
    if ax is None:
        _, ax = plt.subplots(figsize=(6, 4.5), layout="constrained")
    lines = []
    for place, (area, name, false_positive, true_positive) in enumerate(curves):
        color = ("#D55E00", "#0072B2", "0.7")[min(place, 2)]
        look = {"color": color, "zorder": 3 - place / num_classes, "label": f"{name}  {area:.4f}"}
        lines += ax.plot(false_positive, true_positive, **look)
    names = [line.get_label() for line in lines[:3]]
    if len(curves) > 3:
        names[2] = f"{len(curves) - 2} others  ≥ {curves[2][0]:.4f}"
    ax.set(xlabel="false positive rate", ylabel="true positive rate")
    legend = ax.legend(lines[:3], ["-"] * len(names), title="class, area", loc="lower right")
    for text, name in zip(legend.get_texts(), names, strict=True):
        text.set(text=name, parse_math=False)  # as it is, also with "_" in front, or "$"
    return ax


def plot_precision_recall(y_true, probabilities, class_names, *, ax=None):
    """Return Axes with one precision–recall curve per class: this class against all others.

    The two classes with the smallest average precision are drawn in colour and named with it in the
    legend; the others are grey, with the smallest of theirs (``ax.legend()`` names them all). A
    class that no label names has no curve. scikit-learn's ``precision_recall_curve`` and
    ``average_precision_score`` compute.

    y_true: the true labels, integers ``(n,)`` in 0..len(class_names) - 1.
    probabilities: float ``(n, len(class_names))`` in 0..1.
    class_names: a name for each class, in the order of the labels.
    ax: the Axes to draw on; by default those of a new figure.

    Raises ValueError for arrays of another shape and for values outside their range.

    Source: Davis and Goadrich, "The relationship between Precision-Recall and ROC curves" (2006).
    """
    y_true = np.asarray(y_true)
    probabilities = np.asarray(probabilities, float)
    num_classes = len(class_names)
    if y_true.ndim != 1 or not y_true.size or probabilities.shape != (len(y_true), num_classes):
        raise ValueError(
            f"y_true must be (n,) and probabilities (n, {num_classes}), n ≥ 1, "
            f"got {y_true.shape} and {probabilities.shape}: one label for each example"
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
    curves = []
    for label, name in enumerate(class_names):
        positive = y_true == label
        if positive.any():
            precision, recall, _ = precision_recall_curve(positive, probabilities[:, label])
            average = average_precision_score(positive, probabilities[:, label])
            curves.append((average, name, recall, precision))
    curves.sort(key=lambda curve: curve[0])  # the worst first
    if ax is None:
        _, ax = plt.subplots(figsize=(6, 4.5), layout="constrained")
    lines = []
    for place, (average, name, recall, precision) in enumerate(curves):
        color = ("#D55E00", "#0072B2", "0.7")[min(place, 2)]
        look = {
            "color": color,
            "zorder": 3 - place / num_classes,
            "drawstyle": "steps-post",  # so that the area below it is the average precision
            "label": f"{name}  {average:.4f}",
        }
        lines += ax.plot(recall, precision, **look)
    names = [line.get_label() for line in lines[:3]]
    if len(curves) > 3:
        names[2] = f"{len(curves) - 2} others  ≥ {curves[2][0]:.4f}"
    ax.set(xlabel="recall", ylabel="precision")
    legend = ax.legend(
        lines[:3], ["-"] * len(names), title="class, average precision", loc="lower left"
    )
    for text, name in zip(legend.get_texts(), names, strict=True):
        text.set(text=name, parse_math=False)  # as it is, also with "_" in front, or "$"
    return ax


def plot_calibration(y_true, probabilities, *, bins=10, ax=None):
    """Return Axes with a reliability diagram: accuracy against confidence, the largest probability.

    Each dot is a bin of equal width, larger where more examples are in it. Below the diagonal the
    classifier is overconfident. The bins are those of `nnlab.metrics.expected_calibration_error`:
    it is the mean distance of the dots from the diagonal, up or down, weighted by their examples.

    y_true: the true labels, integers ``(n,)`` in 0..num_classes - 1.
    probabilities: float ``(n, num_classes)`` in 0..1.
    bins: number of bins of equal width, ≥ 1; one without examples has no dot.
    ax: the Axes to draw on; by default those of a new figure.

    Raises ValueError for arrays of another shape and for values outside their range.

    Source: Guo et al., "On Calibration of Modern Neural Networks" (2017).
    """
    y_true = np.asarray(y_true)
    probabilities = np.asarray(probabilities, float)
    num_classes = probabilities.shape[1] if probabilities.ndim == 2 else 2  # two where it is binary
    if y_true.ndim != 1 or not y_true.size or probabilities.shape != (len(y_true), num_classes):
        raise ValueError(
            f"y_true must be (n,) and probabilities (n, {num_classes}), n ≥ 1, "
            f"got {y_true.shape} and {probabilities.shape}: one label for each example"
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
    if bins < 1:
        raise ValueError(f"bins must be ≥ 1, got {bins}: 10 is usual")
    right = probabilities.argmax(axis=1) == y_true  # (n,)
    confidence = np.minimum(probabilities.max(axis=1), 1)  # (n,)
    places = np.minimum((confidence * bins).astype(int), bins - 1)  # (n,), the bin of each example
    counts = np.bincount(places)
    filled = counts > 0
    counts = counts[filled]
    accuracies = np.bincount(places, weights=right)[filled] / counts
    confidences = np.bincount(places, weights=confidence)[filled] / counts
    if ax is None:
        _, ax = plt.subplots(figsize=(4.5, 4.2), layout="constrained")
    low = min(accuracies.min(), confidences.min(), 0.95)
    limits = low - 0.03 * (1 - low), 1 + 0.03 * (1 - low)
    ax.plot([low, 1], [low, 1], color="0.6", linestyle="--", linewidth=1, label="perfect")
    ax.plot(confidences, accuracies, color="#0072B2", linewidth=1, label="classifier")
    sizes = 8 + 150 * counts / len(y_true)  # square points
    ax.scatter(confidences, accuracies, sizes, color="#0072B2", zorder=3)
    ax.set(xlim=limits, ylim=limits, aspect="equal", xlabel="confidence", ylabel="accuracy")
    ax.legend(loc="upper left")
    return ax
