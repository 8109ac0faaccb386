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
    first = np.cov(a, rowvar=False)
    second = np.cov(b, rowvar=False)
    roots = np.sqrt(np.linalg.eigvals(first @ second).real.clip(0))  # of which none is below 0
    expected = ((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(first + second) - 2 * roots.sum()
    assert frechet_distance(a, b) == pytest.approx(expected)
    assert frechet_distance(b, a) == pytest.approx(expected)


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
        ([0, 1], [[0.2], [0.9]], r"a column for each class, got \(2, 1\)"),
        ([0, 0], [[0.2], [0.9]], "of a sigmoid's p, pass np.hstack"),
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


def test_bins_may_be_a_whole_number_of_any_type(expected_calibration_error):
    for bins in (10, 10.0, np.int64(10)):
        found = expected_calibration_error([1, 0], two_classes([0.6, 0.6]), bins=bins)
        assert found == pytest.approx(0.1)


@pytest.mark.parametrize("bins", [0, 2.5])
def test_an_error_over_no_bins_is_refused(expected_calibration_error, bins):
    with pytest.raises(ValueError, match=f"bins must be an integer ≥ 1, got {bins}"):
        expected_calibration_error([1], two_classes([0.6]), bins=bins)


@pytest.fixture
def average_precision(helper):
    return helper(metrics.average_precision)


TRUE = [np.array([[0, 0, 10, 10], [20, 20, 30, 30]]), np.array([[5, 5, 15, 15]])]


WITH_CLASSES = [np.hstack([boxes, np.ones((len(boxes), 1))]) for boxes in TRUE]


def test_the_average_precision_of_all_boxes_at_their_places_is_1(average_precision):
    ap, precision, recall = average_precision(TRUE, TRUE, [[0.5, 0.9], [0.1]])
    assert ap == 1
    assert precision.tolist() == [1, 1, 1]
    np.testing.assert_allclose(recall, [1 / 3, 2 / 3, 1])


def test_a_box_is_found_once_and_a_second_one_on_it_is_wrong(average_precision):
    found = [np.array([[0, 0, 10, 10], [0, 0, 10, 9]]), np.zeros((0, 4))]
    ap, precision, recall = average_precision(TRUE, found, [[0.9, 0.8], []])
    assert precision.tolist() == [1, 0.5]
    np.testing.assert_allclose(recall, [1 / 3, 1 / 3])
    assert ap == pytest.approx(34 / 101)  # precision 1 at the recalls 0, 0.01, …, 0.33


def test_the_order_of_scores_counts_over_all_images(average_precision):
    found = [np.array([[50, 50, 60, 60]]), np.array([[5, 5, 15, 15]])]
    wrong_first = average_precision(TRUE, found, [[0.9], [0.2]])[0]
    right_first = average_precision(TRUE, found, [[0.2], [0.9]])[0]
    assert wrong_first == pytest.approx(0.5 * 34 / 101)
    assert right_first == pytest.approx(34 / 101)


def test_the_best_precision_at_a_higher_recall_counts_for_lower_ones_too(average_precision):
    found = [np.array([[50, 50, 60, 60], [0, 0, 10, 10], [20, 20, 30, 30]]), TRUE[1]]
    ap, precision, _ = average_precision(TRUE, found, [[0.9, 0.8, 0.7], [0.6]])
    np.testing.assert_allclose(precision, [0, 1 / 2, 2 / 3, 3 / 4])
    assert ap == pytest.approx(3 / 4)


def test_a_score_of_minus_infinity_comes_last(average_precision):
    found = [np.array([[50, 50, 60, 60], [0, 0, 10, 10]]), np.zeros((0, 4))]
    _, precision, _ = average_precision(TRUE, found, [[-np.inf, 0.1], []])
    assert precision.tolist() == [1, 0.5]


def test_what_is_enough_overlap_is_asked_for(average_precision):
    found = [np.array([[0, 0, 10, 6]]), np.zeros((0, 4))]  # IoU 0.6
    scores = [[1.0], []]
    assert average_precision(TRUE, found, scores, min_iou=0.6)[0] > 0
    assert average_precision(TRUE, found, scores, min_iou=0.61)[0] == 0


def test_a_true_box_without_a_size_is_never_found(average_precision):
    true = [np.array([[3, 3, 3, 3], [0, 0, 10, 10]])]
    ap, _, recall = average_precision(true, true, [[0.9, 0.8]])
    assert recall.tolist() == [0, 0.5]
    assert ap == pytest.approx(0.5 * 51 / 101)


def test_images_without_boxes_are_allowed_and_a_class_without_any_has_no_precision(
    average_precision,
):
    ap, precision, recall = average_precision([[], []], [[], TRUE[1]], [[], [0.5]])
    assert math.isnan(ap)
    assert (precision.tolist(), recall.tolist()) == ([0], [0])
    ap, precision, _ = average_precision(TRUE, [[], []], [[], []])
    assert (ap, precision.size) == (0, 0)


def by_pycocotools(true_boxes, boxes, scores, min_iou):
    """Return the average precision that the program of the COCO benchmark computes."""
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    def boxes_of(each, image):
        left, top, right, bottom = map(float, each)
        place = {"bbox": [left, top, right - left, bottom - top], "image_id": image}
        return place | {"category_id": 1, "area": (right - left) * (bottom - top), "iscrowd": 0}

    annotations = []
    found = []
    for image, (true, some, score) in enumerate(zip(true_boxes, boxes, scores, strict=True)):
        annotations += [boxes_of(each, image) for each in true]
        for each, value in zip(some, score, strict=True):
            found.append(boxes_of(each, image) | {"score": float(value)})
    for number, annotation in enumerate(annotations, start=1):  # 0 means "none" there
        annotation["id"] = number
    truth = COCO()
    images = [{"id": image} for image in range(len(true_boxes))]
    truth.dataset = {"info": {}, "images": images, "categories": [{"id": 1}]}
    truth.dataset["annotations"] = annotations
    truth.createIndex()
    evaluation = COCOeval(truth, truth.loadRes(found), "bbox")
    evaluation.params.iouThrs = np.array([min_iou])
    evaluation.evaluate()
    evaluation.accumulate()
    # (IoUs, recalls, classes, sizes of objects, greatest number of boxes): all sizes, 100 boxes
    return evaluation.eval["precision"][0, :, 0, 0, -1].mean()


@pytest.mark.parametrize("min_iou", [0.5, 0.75])
@pytest.mark.parametrize("seed", range(5))
def test_the_average_precision_is_that_of_pycocotools(average_precision, seed, min_iou):
    rng = np.random.default_rng(seed)
    true_boxes = []
    boxes = []
    scores = []
    for _ in range(20):
        corners = rng.uniform(0, 100, (rng.integers(0, 9), 2))
        true = np.hstack([corners, corners + rng.uniform(5, 40, corners.shape)])
        near = np.concatenate([true, true]) + rng.normal(0, 2, (2 * len(true), 4))
        anywhere = rng.uniform(0, 100, (3, 2))
        found = np.concatenate([near, np.hstack([anywhere, anywhere + 20])])
        found[:, 2:] = np.maximum(found[:, 2:], found[:, :2] + 1)
        true_boxes.append(true)
        boxes.append(found)
        scores.append(rng.random(len(found)).round(2))  # some are equal
    ap = average_precision(true_boxes, boxes, scores, min_iou=min_iou)[0]
    assert 0.02 < ap < 0.9
    assert ap == pytest.approx(by_pycocotools(true_boxes, boxes, scores, min_iou), abs=1e-12)


@pytest.mark.parametrize(
    ("true_boxes", "boxes", "scores", "min_iou", "message"),
    [
        (TRUE, TRUE[:1], [[1, 1]], 0.5, "the same images, got 2, 1 and 1"),
        (TRUE, TRUE, [[1, 1], [1, 0.5]], 0.5, r"a score for each of 1 boxes, got \(2,\)"),
        (TRUE, TRUE, [[1, 1], [1]], 0, "min_iou must be above 0 and at most 1, got 0"),
        (TRUE, TRUE, [[1, 1], [1]], 50, "got 50: 0.5 is usual"),
        (TRUE, TRUE, [[1, np.nan], [1]], 0.5, "scores hold NaN or infinity"),
        (WITH_CLASSES, TRUE, [[1, 1], [1]], 0.5, r"true_boxes must be \(n, 4\) .* got \(2, 5\)"),
        (
            TRUE,
            [[[20, 20, 10, 10]], []],
            [[1], []],
            0.5,
            r"boxes must be .* got \[20\.0, 20\.0, 10\.0, 1",
        ),
        (TRUE, [[[0, 0, np.nan, 9]], []], [[1], []], 0.5, "boxes must be finite, with left"),
    ],
)
def test_boxes_that_do_not_fit_together_are_refused(
    average_precision, true_boxes, boxes, scores, min_iou, message
):
    with pytest.raises(ValueError, match=message):
        average_precision(true_boxes, boxes, scores, min_iou=min_iou)
