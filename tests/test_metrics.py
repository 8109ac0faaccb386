import math

import numpy as np
import pytest
from scipy import linalg

from nnlab import metrics


def test_guessing_evenly_among_eight_characters_costs_three_bits(helper):
    assert helper(metrics.bits_per_character)(math.log(8)) == pytest.approx(3)


@pytest.fixture
def frechet_distance(helper):
    return helper(metrics.frechet_distance)


def test_a_set_has_no_distance_from_itself_and_a_shift_counts_squared(frechet_distance):
    features = np.random.default_rng(0).normal(size=(50, 4))
    assert frechet_distance(features, features) == pytest.approx(0, abs=1e-9)
    assert frechet_distance(features, features + np.array([3, 0, 4, 0])) == pytest.approx(25)


def test_the_distance_of_independent_axes_is_known_in_closed_form(frechet_distance):
    # mean 0, uncorrelated, variance 4/3 by n − 1
    signs = np.array([[-1, -1], [-1, 1], [1, -1], [1, 1]])
    narrow = signs * [1, 2]
    wide = signs * [3, 5] + [1, 1]
    assert frechet_distance(narrow, wide) == pytest.approx(
        2 + 4 / 3 * ((3 - 1) ** 2 + (5 - 2) ** 2)
    )


def test_the_distance_agrees_with_the_matrix_square_root(frechet_distance):
    rng = np.random.default_rng(1)
    a = rng.normal(size=(80, 6)) @ rng.normal(size=(6, 6))
    b = rng.normal(size=(90, 6)) @ rng.normal(size=(6, 6)) + 1
    first = np.cov(a, rowvar=False)
    second = np.cov(b, rowvar=False)
    expected = ((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(
        first + second - 2 * linalg.sqrtm(first @ second).real
    )
    assert frechet_distance(a, b) == pytest.approx(expected)
    assert frechet_distance(b, a) == pytest.approx(expected)


def test_features_that_never_vary_are_no_obstacle(frechet_distance):
    a, b = np.random.default_rng(2).normal(size=(2, 30, 5))
    a[:, 3] = b[:, 1] = 0
    assert frechet_distance(a, b) == pytest.approx(frechet_distance(b, a))


@pytest.mark.parametrize(
    ("shape", "other", "message"),
    [
        ((5, 3), (5, 4), r"got \(5, 3\) and \(5, 4\)"),
        ((5,), (5, 1), "must be"),
        ((1, 3), (9, 3), "two rows or more"),
    ],
)
def test_features_of_another_shape_are_refused(frechet_distance, shape, other, message):
    with pytest.raises(ValueError, match=message):
        frechet_distance(np.zeros(shape), np.zeros(other))


def test_features_that_are_not_finite_are_refused(frechet_distance):
    with pytest.raises(ValueError, match="NaN or infinity"):
        frechet_distance(np.full((3, 2), np.nan), np.zeros((3, 2)))


def test_features_may_be_of_any_numeric_type(frechet_distance):
    features, others = np.random.default_rng(3).integers(0, 9, (2, 20, 3))
    expected = frechet_distance(features, others)
    for dtype in (np.float16, np.float32, np.float64):
        assert frechet_distance(features.astype(dtype), others) == pytest.approx(expected)


@pytest.fixture
def expected_calibration_error(helper):
    return helper(metrics.expected_calibration_error)


def two_classes(confidences):
    """Return probabilities of two classes; the answer is always class 1."""
    return np.column_stack([1 - np.array(confidences), confidences])


def test_calibration_is_perfect_where_confidence_is_the_share_of_right_answers(
    expected_calibration_error,
):
    y_true = [1, 1, 1, 0, 1, 1, 1, 1]
    assert expected_calibration_error(y_true, two_classes([0.75] * 4 + [1.0] * 4)) == pytest.approx(
        0
    )


def test_the_gaps_of_the_bins_are_weighted_by_their_examples(expected_calibration_error):
    probabilities = two_classes([0.65] * 3 + [0.95])  # right: 1 of 3, and 1 of 1
    expected = 3 / 4 * (0.65 - 1 / 3) + 1 / 4 * (1 - 0.95)
    assert expected_calibration_error([1, 0, 0, 1], probabilities) == pytest.approx(expected)


def test_gaps_within_a_bin_cancel_and_those_of_two_bins_do_not(expected_calibration_error):
    y_true = [1, 0, 1, 1]
    probabilities = two_classes([0.6, 0.6, 0.9, 0.9])
    assert expected_calibration_error(y_true, probabilities, bins=1) == pytest.approx(0)
    assert expected_calibration_error(y_true, probabilities, bins=10) == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("y_true", "probabilities", "message"),
    [
        ([0, 1], np.full((3, 2), 0.5), r"got \(2,\) and \(3, 2\)"),
        ([[0, 1]], np.full((1, 2), 0.5), "one label for each example"),
        ([0, 1], np.full(2, 0.5), r"probabilities \(n, 2\)"),
        ([], np.empty((0, 2)), "n ≥ 1"),
        ([1, 2], np.full((2, 2), 0.5), r"in 0\.\.1, got \[2\]: count classes from 0"),
        ([-1, 0], np.full((2, 2), 0.5), r"got \[-1\]"),
        ([0.5, 0], np.full((2, 2), 0.5), r"got \[0\.5\]"),
        (["a", "b"], np.full((2, 2), 0.5), r"got \['a', 'b'\]"),
        ([0], [[2.0, -1.0]], "are these logits"),
        ([0], [[np.nan, 0.5]], "must lie in 0..1"),
    ],
)
def test_calibration_of_something_else_is_refused(
    expected_calibration_error, y_true, probabilities, message
):
    with pytest.raises(ValueError, match=message):
        expected_calibration_error(y_true, probabilities)


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int64, np.float32, list])
def test_labels_of_any_type_count_if_they_are_whole_numbers(expected_calibration_error, dtype):
    y_true = [1, 0, 1, 1] if dtype is list else np.array([1, 0, 1, 1], dtype)
    probabilities = two_classes([0.6, 0.6, 0.9, 0.9]).astype(np.float32)
    assert expected_calibration_error(y_true, probabilities) == pytest.approx(0.1)


def test_an_error_over_no_bins_is_refused(expected_calibration_error):
    with pytest.raises(ValueError, match="bins must be ≥ 1, got 0"):
        expected_calibration_error([1], two_classes([0.6]), bins=0)
