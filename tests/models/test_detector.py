import keras
import numpy as np
import pytest

from nnlab.models import detector

SHAPE = (48, 64, 3)
BOXES = np.array([[8, 8, 40, 40], [30, 16, 62, 44], [1, 40, 7, 47]], np.float32)
LABELS = np.array([0, 1, 2])


@pytest.fixture
def draw_targets(helper):
    return helper(detector.draw_targets)


@pytest.fixture
def build_detector(helper):
    return helper(detector.build_detector)


@pytest.fixture
def focal_loss(helper):
    return helper(detector.focal_loss)


@pytest.fixture
def box_loss(helper):
    return helper(detector.box_loss)


@pytest.fixture
def find_boxes(helper):
    return helper(detector.find_boxes)


def iou(box, other):
    across = max(min(box[2], other[2]) - max(box[0], other[0]), 0)
    down = max(min(box[3], other[3]) - max(box[1], other[1]), 0)
    areas = [(each[2] - each[0]) * (each[3] - each[1]) for each in (box, other)]
    return across * down / (sum(areas) - across * down)


# ---- targets -------------------------------------------------------------------------------------


def test_each_object_has_one_centre_in_the_map_of_its_class(draw_targets):
    targets = draw_targets(BOXES, LABELS, image_shape=SHAPE, num_classes=4)
    assert targets["heat"].shape == (6, 8, 4)
    assert targets["heat"].dtype == targets["box"].dtype == np.float32
    # centres (24, 24), (46, 30) and (4, 43.5); places lie at 4, 12, 20, …
    found = np.argwhere(targets["heat"] == 1).tolist()
    assert found == [[2, 2, 0], [3, 5, 1], [5, 0, 2]]
    assert targets["heat"][..., 3].max() == 0


def test_around_a_centre_lies_a_gaussian_as_wide_as_an_eighth_of_the_object(draw_targets):
    wide = np.array([[4, 20, 60, 28]], np.float32)  # its centre (32, 24) is nearest to (28, 20)
    heat = draw_targets(wide, [0], image_shape=SHAPE, num_classes=1)["heat"][..., 0]
    assert heat[2, 3] == 1
    assert heat[2, 4] == pytest.approx(np.exp(-((8 / 7) ** 2) / 2))
    assert heat[3, 3] == pytest.approx(np.exp(-(3**2) / 2))  # a third of a stride at least


def test_of_two_objects_of_a_class_the_larger_value_counts(draw_targets):
    def heat(*numbers):
        chosen = list(numbers)
        labels = [0] * len(chosen)
        return draw_targets(BOXES[chosen], labels, image_shape=SHAPE, num_classes=1)["heat"]

    np.testing.assert_array_equal(heat(0, 1), np.maximum(heat(0), heat(1)))


def test_distances_lead_from_each_place_to_the_sides_of_its_box(draw_targets):
    boxes = 2 * BOXES
    box = draw_targets(boxes, LABELS, image_shape=(96, 128, 3), num_classes=3)["box"]
    assert box.shape == (12, 16, 5)
    rows, columns = np.nonzero(box[..., 4])
    assert len(rows) > 6
    x = (columns + 0.5) * 8
    y = (rows + 0.5) * 8
    left, top, right, bottom = 8 * box[rows, columns, :4].T
    ends = np.stack([x - left, y - top, x + right, y + bottom], axis=1)
    owners = {tuple(each) for each in ends.round(3).tolist()}
    assert owners == {tuple(each) for each in boxes.tolist()}
    assert (box[rows, columns, :4] > 0).all()
    assert np.sum(box[..., 4] == 1) == 3
    assert np.abs(box[box[..., 4] == 0]).max() == 0


def test_a_place_that_two_boxes_share_belongs_to_the_nearer_centre(draw_targets):
    pair = np.array([[0, 0, 64, 48], [20, 12, 52, 36]], np.float32)
    for order in ([0, 1], [1, 0]):
        box = draw_targets(pair[order], [0, 0], image_shape=SHAPE, num_classes=1)["box"]
        lone = draw_targets(pair[:1], [0], image_shape=SHAPE, num_classes=1)["box"]
        small = draw_targets(pair[1:], [0], image_shape=SHAPE, num_classes=1)["box"]
        nearer = small[..., 4] > lone[..., 4]
        np.testing.assert_array_equal(box[nearer], small[nearer])
        farther = small[..., 4] < lone[..., 4]
        np.testing.assert_array_equal(box[farther], lone[farther])


def test_an_image_may_hold_nothing(draw_targets):
    targets = draw_targets(np.zeros((0, 4)), [], image_shape=SHAPE, num_classes=2)
    assert targets["heat"].max() == targets["box"].max() == 0


@pytest.mark.parametrize(
    ("boxes", "labels", "message"),
    [
        ([[9, 9, 9, 9]], [0], r"left < right and top < bottom, got \[9\.0, 9\.0, 9\.0, 9\.0\]"),
        ([[1, 1, 5, 5], [4, 8, 9, 8]], [0, 0], r"got \[4\.0, 8\.0, 9\.0, 8\.0\]: leave out"),
        ([[1, 1, 5, 5]], [2], r"1 labels in 0\.\.1, got \[2\]"),
        ([[1, 1, 5, 5]], [0, 1], r"one for each box"),
        ([[1, 1, 5, 5]], [[0]], r"1 labels in 0\.\.1, got \[\[0\]\]"),
        ([[1, 1, 5, 5]], [0.5], r"got \[0\.5\]"),
    ],
)
def test_boxes_without_a_size_and_unknown_labels_are_refused(draw_targets, boxes, labels, message):
    with pytest.raises(ValueError, match=message):
        draw_targets(boxes, labels, image_shape=SHAPE, num_classes=2)


def test_labels_may_be_whole_numbers_of_any_type(draw_targets):
    boxes = [[1, 1, 20, 20], [30, 8, 50, 30]]
    expected = draw_targets(boxes, [0, 1], image_shape=SHAPE, num_classes=2)["heat"]
    for labels in ([0.0, 1.0], np.array([0, 1], np.uint8), np.array([0, 1], np.float32)):
        found = draw_targets(boxes, labels, image_shape=SHAPE, num_classes=2)["heat"]
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("shape", [(60, 60, 3), (4, 4, 3)])
def test_targets_of_other_sides_than_multiples_of_the_stride_are_refused(draw_targets, shape):
    with pytest.raises(ValueError, match=r"sides that are multiples of 8, got \("):
        draw_targets([[1, 1, 3, 3]], [0], image_shape=shape, num_classes=2)


# ---- network -------------------------------------------------------------------------------------


def answers_of(model, images):
    outputs = model(images)
    return {name: keras.ops.convert_to_numpy(each) for name, each in outputs.items()}


@pytest.mark.parametrize("shape", [(240, 320, 3), (40, 72, 1), (8, 8, 3)])
def test_each_square_of_eight_pixels_has_its_answers(build_detector, shape):
    images = np.random.default_rng(0).integers(0, 256, (2, *shape))
    answers = answers_of(build_detector(shape, 2, filters=(2, 3, 4, 5, 6)), images)
    rows = shape[0] // 8
    columns = shape[1] // 8
    assert answers["heat"].shape == (2, rows, columns, 2)
    assert answers["box"].shape == (2, rows, columns, 4)
    assert 0 < answers["heat"].min() <= answers["heat"].max() < 0.5  # equal where all ReLUs rest
    assert answers["box"].min() > 0


def test_it_has_the_parameters_of_its_definition(build_detector):
    def convolution(channels, width, size=3):  # with γ, β, mean and variance, without bias
        return size * size * channels * width + 4 * width

    expected = convolution(3, 16)
    for channels, width in ((16, 32), (32, 64), (64, 128), (128, 128)):
        expected += convolution(channels, width) + 2 * convolution(width, width)
    expected += convolution(128, 128, 1) + convolution(256, 128)
    expected += convolution(128, 64, 1) + convolution(128, 64)
    expected += 2 * convolution(64, 64) + (64 * 3 + 3) + (64 * 4 + 4)
    assert build_detector((240, 320, 3), 3).count_params() == expected


def test_a_place_knows_its_surroundings_by_the_way_down_and_up(build_detector):
    model = build_detector((128, 128, 1), 1, filters=(4, 4, 4, 4, 4))
    image = np.random.default_rng(0).integers(0, 256, (1, 128, 128, 1)).astype("float32")
    changed = image.copy()
    changed[0, :8, :8] = 255 - changed[0, :8, :8]
    apart = np.abs(answers_of(model, image)["box"] - answers_of(model, changed)["box"])[0]
    assert apart[8, 8].max() > 0  # 64 pixels away


@pytest.mark.parametrize("shape", [(44, 64, 3), (64, 64), (0, 8, 3), (None, None, 3)])
def test_images_whose_sides_are_no_multiples_of_8_are_refused(build_detector, shape):
    with pytest.raises(ValueError, match=r"both sides multiples of 8, got \("):
        build_detector(shape, 3)


def test_fewer_than_three_levels_are_refused(build_detector):
    with pytest.raises(ValueError, match=r"three levels or more, got \(4, 8\)"):
        build_detector((64, 64, 3), 3, filters=(4, 8))


# ---- losses --------------------------------------------------------------------------------------


def test_the_focal_loss_is_that_of_its_formula_place_by_place(focal_loss):
    rng = np.random.default_rng(0)
    y_true = rng.uniform(0, 0.99, (2, 3, 4, 2))
    y_true[0, 1, 2, 0] = y_true[1, 0, 0, 1] = y_true[1, 2, 3, 1] = 1
    y_pred = rng.uniform(0.01, 0.99, y_true.shape)
    expected = 0
    for y, p in zip(y_true.ravel(), y_pred.ravel(), strict=True):
        if y == 1:
            expected -= (1 - p) ** 2 * np.log(p)
        else:
            expected -= (1 - y) ** 4 * p**2 * np.log(1 - p)
    found = focal_loss(y_true.astype("float32"), keras.ops.convert_to_tensor(y_pred, "float32"))
    assert float(found) == pytest.approx(expected / 3, rel=1e-4)


def test_the_focal_loss_is_finite_for_sure_answers_and_without_centres(focal_loss):
    y_true = np.zeros((1, 2, 2, 1), "float32")
    for p in (0.0, 1.0):
        y_pred = keras.ops.full((1, 2, 2, 1), p, "float32")
        assert np.isfinite(float(focal_loss(y_true, y_pred)))
    assert float(focal_loss(y_true, keras.ops.zeros((1, 2, 2, 1)))) == pytest.approx(0, abs=1e-6)


def test_the_box_loss_is_one_minus_iou_weighted(box_loss):
    rng = np.random.default_rng(0)
    y_true = rng.uniform(0.5, 3, (2, 3, 4, 5))
    y_true[..., 4] = rng.choice([0, 0.4, 1], (2, 3, 4))
    y_pred = rng.uniform(0.5, 3, (2, 3, 4, 4))
    total = 0
    for true, found in zip(y_true.reshape(-1, 5), y_pred.reshape(-1, 4), strict=True):
        signs = np.array([-1, -1, 1, 1])  # both boxes seen from the place (0, 0)
        total += true[4] * (1 - iou(signs * true[:4], signs * found))
    found = box_loss(y_true.astype("float32"), keras.ops.convert_to_tensor(y_pred, "float32"))
    assert float(found) == pytest.approx(total / y_true[..., 4].sum(), rel=1e-4)


def test_the_box_loss_is_0_where_boxes_agree_and_where_there_is_none(box_loss):
    boxes = np.random.default_rng(0).uniform(0.5, 3, (1, 2, 2, 5)).astype("float32")
    assert float(box_loss(boxes, keras.ops.convert_to_tensor(boxes[..., :4]))) < 1e-6
    boxes[..., 4] = 0
    assert float(box_loss(boxes, keras.ops.ones((1, 2, 2, 4)))) == 0


# ---- from maps to boxes --------------------------------------------------------------------------


def test_from_perfect_maps_come_the_boxes_that_were_drawn(draw_targets, find_boxes):
    targets = draw_targets(BOXES, LABELS, image_shape=SHAPE, num_classes=3)
    boxes, labels, scores = find_boxes(targets["heat"], targets["box"][..., :4], min_score=0.3)
    order = np.argsort(labels)
    assert labels[order].tolist() == [0, 1, 2]
    np.testing.assert_allclose(boxes[order], BOXES, atol=1e-4)
    assert scores.tolist() == [1, 1, 1]
    assert (boxes.dtype, scores.dtype) == (np.float32, np.float32)


def by_hand(heat, box, min_score, max_iou):
    """Return what should be found, as tuples of box, label and score, from the surest on."""
    candidates = []
    for row, column, label in np.argwhere(heat > min_score):
        x = 8 * column + 4
        y = 8 * row + 4
        left, top, right, bottom = 8 * box[row, column]
        found = [x - left, y - top, x + right, y + bottom]
        limits = [8 * heat.shape[1], 8 * heat.shape[0]] * 2
        found = np.clip(found, 0, limits)
        candidates.append((found, label, heat[row, column, label]))
    candidates.sort(key=lambda candidate: -candidate[2])
    kept = []
    for found, label, score in candidates:
        same = [other for other, kind, _ in kept if kind == label]
        if all(iou(found, other) <= max_iou for other in same):
            kept.append((found, label, score))
    return kept


@pytest.mark.parametrize("max_iou", [0.1, 0.5, 0.9, 1])
def test_suppression_keeps_the_best_of_each_class_as_by_hand(find_boxes, max_iou):
    rng = np.random.default_rng(1)
    heat = rng.random((7, 9, 2)).astype("float32")
    box = rng.uniform(0.3, 2, (7, 9, 4)).astype("float32")
    boxes, labels, scores = find_boxes(heat, box, min_score=0.4, max_iou=max_iou)
    expected = by_hand(heat, box, 0.4, max_iou)
    assert len(boxes) == len(expected) > 5
    np.testing.assert_allclose(boxes, [found for found, _, _ in expected], atol=1e-4)
    assert labels.tolist() == [label for _, label, _ in expected]
    assert scores.tolist() == [score for _, _, score in expected]


def test_where_nothing_is_likely_nothing_is_found(find_boxes):
    boxes, labels, scores = find_boxes(np.full((3, 4, 2), 0.04), np.ones((3, 4, 4)))
    assert (boxes.shape, labels.shape, scores.shape) == ((0, 4), (0,), (0,))


@pytest.mark.parametrize("place", [0, 1])
def test_maps_that_are_not_finite_are_refused(find_boxes, place):
    maps = [np.full((3, 4, 2), 0.9), np.ones((3, 4, 4))]
    maps[place][1, 2, 0] = np.nan
    with pytest.raises(ValueError, match="NaN or infinity: did training diverge"):
        find_boxes(*maps)


def test_maps_of_another_shape_are_refused(find_boxes):
    with pytest.raises(ValueError, match=r"got \(1, 3, 4, 2\) and \(1, 3, 4, 4\)"):
        find_boxes(np.zeros((1, 3, 4, 2)), np.zeros((1, 3, 4, 4)))
    with pytest.raises(ValueError, match="of one image"):
        find_boxes(np.zeros((3, 4, 2)), np.zeros((3, 4, 5)))


# ---- all together --------------------------------------------------------------------------------


def test_it_learns_to_find_bright_squares():
    rng = np.random.default_rng(0)
    images = rng.integers(0, 60, (24, 32, 32, 1)).astype("float32")
    heat = []
    box = []
    true = []
    for image in images:
        left, top = rng.integers(0, 16, 2)
        image[top : top + 16, left : left + 16] = 200
        true.append([left, top, left + 16, top + 16])
        targets = detector.draw_targets([true[-1]], [0], image_shape=image.shape, num_classes=1)
        heat.append(targets["heat"])
        box.append(targets["box"])
    model = detector.build_detector((32, 32, 1), 1, filters=(4, 8, 16))
    model.compile(
        optimizer=keras.optimizers.Adam(0.01),
        loss={"heat": detector.focal_loss, "box": detector.box_loss},
    )
    targets = {"heat": np.stack(heat), "box": np.stack(box)}
    model.fit(images, targets, batch_size=8, epochs=30, verbose=0)
    maps = model.predict(images, verbose=0)
    overlaps = []
    for each in range(len(images)):
        boxes, _, _ = detector.find_boxes(maps["heat"][each], maps["box"][each], min_score=0.01)
        overlaps.append(iou(boxes[0], true[each]))
    assert np.mean(np.array(overlaps) > 0.5) > 0.9
