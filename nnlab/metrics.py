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
