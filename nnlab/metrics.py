"""Measures of quality that scikit-learn lacks."""

import math

import numpy as np
from scipy import linalg


def bits_per_character(loss):
    """Return a cross-entropy per character in bits, where Keras gives nats.

    loss: float or array, ≥ 0, in nats: what Keras calls ``loss``. Guessing evenly among n
    characters costs ln(n) nats, or log2(n) bits.

    Source: Shannon, "Prediction and Entropy of Printed English" (1951).
    """
    return loss / math.log(2)


def expected_calibration_error(y_true, probabilities, *, bins=10):
    """Return the expected calibration error: the mean gap of confidence and accuracy over bins.

    It is 0 where a classifier is right as often as it says, and 1 at most. Each example falls into
    a bin by its confidence, the largest of its probabilities; a bin counts by its examples. The
    error depends a little on the number of bins: name it.

    y_true: the true labels, integers ``(n,)`` in 0..num_classes - 1.
    probabilities: float ``(n, num_classes)`` in 0..1.
    bins: number of bins of equal width, ≥ 1.

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
    if num_classes < 2:
        raise ValueError(
            f"probabilities must have a column for each class, got {probabilities.shape}: of a "
            "sigmoid's p, pass np.hstack([1 - p, p])"
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
    if bins != int(bins) or bins < 1:
        raise ValueError(f"bins must be an integer ≥ 1, got {bins}: 10 is usual")
    bins = int(bins)
    confidence = probabilities.max(axis=1)  # (n,)
    right = probabilities.argmax(axis=1) == y_true  # (n,)
    places = np.minimum((confidence * bins).astype(int), bins - 1)  # (n,), the bin of each example
    gaps = np.bincount(places, weights=confidence - right)  # (bins,), each times its examples
    return float(np.abs(gaps).sum() / len(y_true))


def frechet_distance(features, other_features):
    """Return the Fréchet distance, ≥ 0, between two sets of features, each seen as one Gaussian.

    It is ``|μ₁ − μ₂|² + tr(Σ₁ + Σ₂ − 2 (Σ₁ Σ₂)^½)``. It depends on n and m: compare only sets of
    like size. It depends on the features: name what extracted them wherever you show the number.

    features: float ``(n, d)``, what a feature extractor makes of n examples, n ≥ 2, better > 10 d.
    other_features: float ``(m, d)``, what the same extractor makes of m others, m ≥ 2.

    Raises ValueError for another shape and for values that are not finite.

    Source: Dowson and Landau, "The Fréchet distance between multivariate normal distributions"
    (1982); for generated images Heusel et al., "GANs Trained by a Two Time-Scale Update Rule
    Converge to a Local Nash Equilibrium" (2017).
    """
    features = np.asarray(features, float)
    other_features = np.asarray(other_features, float)
    shapes = f"got {features.shape} and {other_features.shape}"
    if (
        features.ndim != 2
        or other_features.ndim != 2
        or features.shape[1] != other_features.shape[1]
    ):
        raise ValueError(
            f"features must be (n, d) and (m, d), {shapes}: flatten all but the first axis"
        )
    if min(len(features), len(other_features)) < 2:
        raise ValueError(f"a covariance needs two rows or more, {shapes}: pass more examples")
    if not (np.isfinite(features).all() and np.isfinite(other_features).all()):
        raise ValueError(
            "features hold NaN or infinity: did the extractor or the generator diverge?"
        )
    difference = features.mean(axis=0) - other_features.mean(axis=0)  # (d,)
    covariance = np.atleast_2d(np.cov(features, rowvar=False))  # (d, d)
    other_covariance = np.atleast_2d(np.cov(other_features, rowvar=False))  # (d, d)
    # tr (Σ₁ Σ₂)^½ is that of the symmetric Σ₁^½ Σ₂ Σ₁^½, which stays real where Σ₁ is singular.
    values, vectors = linalg.eigh(covariance)
    root = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T  # (d, d), Σ₁^½
    squares = linalg.eigvalsh(root @ other_covariance @ root)  # (d,)
    cross = np.sqrt(np.maximum(squares, 0)).sum()
    spread = np.trace(covariance) + np.trace(other_covariance) - 2 * cross
    return float(max(difference @ difference + spread, 0))


def average_precision(true_boxes, boxes, scores, *, min_iou=0.5):
    """Return the average precision (AP) of boxes of one class, and the curve that it sums up.

    The boxes found in all images are taken from the highest score to the lowest. One counts as
    right if its intersection over union (IoU) with a true box of its image is at least min_iou,
    and no box with a higher score has that true box; of several it takes the one that it overlaps
    most. After each, **precision** is the share of right ones among those taken, **recall** the
    share of true boxes that were found. The AP is the mean of the precision at the recalls 0, 0.01,
    …, 1, where at a recall counts the best precision at this one or a higher, and 0 where it is not
    reached. The mean over classes is the mean average precision (mAP).

    Returns the AP, in 0..1, and precision and recall after each box, two arrays; NaN and the arrays
    where there is no true box.

    true_boxes: of each image, ``(n, 4)``: left, top, right, bottom.
    boxes: of each image, ``(m, 4)``: those that were found.
    scores: of each image, ``(m,)``.
    min_iou: how much a box must overlap a true one, above 0, at most 1.

    Raises ValueError for another number of images, boxes or scores, for boxes of another shape or
    whose corners are swapped, for values that are not finite, and for another min_iou.

    Source: Everingham et al., "The Pascal Visual Object Classes (VOC) Challenge" (2010); the 101
    recalls are those of COCO, Lin et al., "Microsoft COCO: Common Objects in Context" (2014).
    """
    if not len(true_boxes) == len(boxes) == len(scores):
        raise ValueError(
            "expected true boxes, boxes and scores of the same images, got "
            f"{len(true_boxes)}, {len(boxes)} and {len(scores)}: an empty array where there is none"
        )
    if not 0 < min_iou <= 1:
        raise ValueError(f"min_iou must be above 0 and at most 1, got {min_iou}: 0.5 is usual")

    def checked(boxes, name):
        """Return the boxes of an image, float ``(n, 4)``, or raise a ValueError."""
        boxes = np.asarray(boxes, float)
        if not boxes.size:
            return np.empty((0, 4))
        if boxes.ndim != 2 or boxes.shape[1] != 4:
            raise ValueError(
                f"{name} must be (n, 4) of each image, got {boxes.shape}: left, top, right, bottom"
            )
        # some annotators draw boxes without a size, which count
        wrong = ~np.isfinite(boxes).all(axis=1) | (boxes[:, 2:] < boxes[:, :2]).any(axis=1)
        if wrong.any():
            raise ValueError(
                f"{name} must be finite, with left ≤ right and top ≤ bottom, got "
                f"{boxes[wrong][0].tolist()}: are these left, top, width and height?"
            )
        return boxes

    all_scores = []
    right = []
    num_true = 0
    for true, found, score in zip(true_boxes, boxes, scores, strict=True):
        true = checked(true, "true_boxes")
        found = checked(found, "boxes")
        score = np.asarray(score, float)
        if score.shape != (len(found),):
            raise ValueError(f"expected a score for each of {len(found)} boxes, got {score.shape}")
        if not (score < np.inf).all():  # NaN is not, −inf comes last
            raise ValueError("scores hold NaN or infinity: did the detector diverge?")
        order = np.argsort(-score, kind="stable")
        corner = np.maximum(found[:, None, :2], true[None, :, :2])  # (m, n, 2)
        opposite = np.minimum(found[:, None, 2:], true[None, :, 2:])
        both = np.clip(opposite - corner, 0, None).prod(axis=2)  # (m, n)
        areas = (found[:, 2:] - found[:, :2]).prod(axis=1)[:, None]
        union = areas + (true[:, 2:] - true[:, :2]).prod(axis=1) - both
        iou = np.divide(both, union, out=np.zeros_like(both), where=union > 0)
        free = np.ones(len(true), bool)
        for each in order:
            overlaps = np.where(free, iou[each], 0)
            best = overlaps.argmax() if len(true) else None
            hit = best is not None and overlaps[best] >= min_iou
            right.append(hit)
            if hit:
                free[best] = False
        all_scores += score[order].tolist()
        num_true += len(true)
    right = np.array(right, bool)[np.argsort(-np.array(all_scores), kind="stable")]
    hits = right.cumsum()
    precision = hits / np.arange(1, len(right) + 1)
    if not num_true:
        return float("nan"), precision, np.zeros(len(right))
    recall = hits / num_true
    best_from_here = np.maximum.accumulate(precision[::-1])[::-1]
    places = np.searchsorted(recall, np.linspace(0, 1, 101))
    reached = np.append(best_from_here, 0)[places]  # (101,), 0 beyond the last recall
    return float(reached.mean()), precision, recall
