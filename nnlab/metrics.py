"""Measures of quality that scikit-learn lacks."""

import math

import numpy as np
from scipy import linalg


def bits_per_character(loss):
    """Return a cross-entropy per character in bits, given in nats (what Keras calls ``loss``).

    loss: float or array, ≥ 0. Guessing evenly among n characters costs ln(n) nats, or log2(n) bits.

    Source: Shannon, "Prediction and Entropy of Printed English" (1951).
    """
    return loss / math.log(2)


def expected_calibration_error(y_true, probabilities, *, bins=10):
    """Return by how much a classifier is more, or less, sure than it is right, on average: 0 (perfect) to 1.

    y_true: integer labels ``(n,)``. probabilities: float ``(n, num_classes)``. The examples are put into bins of equal
    width by their largest probability; in each, the mean of these is compared with the share of right answers, and
    the differences are averaged with the number of examples as weights. It depends a little on bins: name it.

    Raises ValueError for probabilities that are not one row per label, or lie outside 0..1.

    Source: Guo et al., "On Calibration of Modern Neural Networks" (2017).
    """
    y_true, probabilities = np.asarray(y_true), np.asarray(probabilities, np.float64)
    if probabilities.ndim != 2 or y_true.shape != probabilities.shape[:1] or not len(y_true):
        shapes = f"got {y_true.shape} and {probabilities.shape}"
        raise ValueError(
            f"expected labels (n,) and probabilities (n, num_classes), n ≥ 1, {shapes}"
        )
    if not (probabilities.min() >= 0 and probabilities.max() <= 1 + 1e-6):
        raise ValueError(
            f"probabilities must lie in 0..1, got {probabilities.min():.3g}..{probabilities.max():.3g}: "
            "are these logits? Apply softmax first"
        )
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == y_true
    places = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = np.bincount(
        places, weights=confidence - right, minlength=bins
    )  # of each bin, times its examples
    return float(np.abs(gaps).sum() / len(y_true))


def frechet_distance(features, other_features):
    """Return the Fréchet distance, ≥ 0, between two sets of features, each seen as one Gaussian.

    features, other_features: float ``(n, d)`` and ``(m, d)``, n and m ≥ 2, better above 10 d; the rows are what a
    feature extractor makes of examples, so name the extractor wherever you show the number. The result is
    ``|μ₁ − μ₂|² + tr(Σ₁ + Σ₂ − 2 (Σ₁ Σ₂)^½)``; it depends on n, so compare only sets of like size.

    Raises ValueError for another shape and for values that are not finite.

    Source: Dowson and Landau, "The Fréchet distance between multivariate normal distributions" (1982); for
    generated images Heusel et al., "GANs Trained by a Two Time-Scale Update Rule" (2017).
    """
    features, other_features = (
        np.asarray(features, np.float64),
        np.asarray(other_features, np.float64),
    )
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
    difference = features.mean(axis=0) - other_features.mean(axis=0)
    covariance = np.atleast_2d(np.cov(features, rowvar=False))  # (d, d)
    other_covariance = np.atleast_2d(np.cov(other_features, rowvar=False))
    values, vectors = linalg.eigh(covariance)
    root = (
        vectors * np.sqrt(np.maximum(values, 0))
    ) @ vectors.T  # Σ₁^½, real also where Σ₁ is singular
    cross = np.sqrt(
        np.maximum(linalg.eigvalsh(root @ other_covariance @ root), 0)
    ).sum()  # tr (Σ₁ Σ₂)^½
    distance = (
        difference @ difference + np.trace(covariance) + np.trace(other_covariance) - 2 * cross
    )
    return float(max(distance, 0))
