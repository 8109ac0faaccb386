import matplotlib.pyplot as plt
import numpy as np
import pytest

from nnlab import plotting

DIGITS = tuple("0123456789")


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


@pytest.fixture
def images():
    return np.random.default_rng(0).integers(0, 256, (7, 8, 6, 1), dtype=np.uint8)


def texts(ax):
    return [text.get_text() for text in ax.texts]


def test_a_grid_shows_every_image_with_its_label(helper, images):
    ax = helper(plotting.plot_images)(images, list("abcdefg"), columns=3)
    assert texts(ax) == list("abcdefg")
    for shown, image in zip(ax.get_images(), images, strict=True):
        np.testing.assert_array_equal(shown.get_array(), image[..., 0])
    rows = {shown.get_extent()[2] for shown in ax.get_images()}
    assert len(rows) == 3


def test_images_of_a_grid_do_not_overlap(helper, images):
    ax = helper(plotting.plot_images)(images)
    boxes = [shown.get_extent() for shown in ax.get_images()]
    for i, (left, right, bottom, top) in enumerate(boxes):
        for other_left, other_right, other_bottom, other_top in boxes[:i]:
            assert left >= other_right or other_left >= right or top >= other_bottom or other_top >= bottom


def test_black_is_0_and_white_is_255_or_1_in_every_image(helper, images):
    for array, white in [(images // 2, 255), (images / 510, 1)]:
        for shown in helper(plotting.plot_images)(array).get_images():
            assert shown.get_clim() == (0, white)


def test_colour_images_are_drawn_in_colour(helper):
    image = np.zeros((1, 4, 4, 3), np.uint8)
    image[..., 0] = 200
    assert helper(plotting.plot_images)(image).get_images()[0].get_array().shape == (4, 4, 3)


@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [
        (np.zeros((28, 28)), None, r"got shape \(28, 28\)"),
        (np.zeros((0, 28, 28)), None, r"got shape \(0, 28, 28\)"),
        (np.zeros((2, 28, 28, 4)), None, r"got shape \(2, 28, 28, 4\)"),
        (np.full((1, 2, 2), -1.0), None, r"got -1\.\.-1: rescale"),
        (np.full((1, 2, 2), 255.0), None, r"got 255\.\.255: rescale"),
        (np.full((1, 2, 2), np.nan), None, "rescale"),
        (np.zeros((2, 2, 2)), ["a"], "got 1 labels for 2 images"),
    ],
)
def test_a_grid_refuses_what_it_cannot_show(helper, images, labels, message):
    with pytest.raises(ValueError, match=message):
        helper(plotting.plot_images)(images, labels)


def test_history_draws_training_and_validation_against_epochs_from_1(helper):
    ax = helper(plotting.plot_history)({"loss": [3.0, 2.0, 1.5], "val_loss": [3.5, 2.5, 2.0]})
    assert [line.get_label() for line in ax.lines] == ["training", "validation"]
    np.testing.assert_array_equal(ax.lines[0].get_xdata(), [1, 2, 3])
    np.testing.assert_array_equal(ax.lines[1].get_ydata(), [3.5, 2.5, 2.0])
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("epoch", "loss")


def test_history_without_validation_draws_one_line(helper):
    assert len(helper(plotting.plot_history)({"accuracy": [0.5, 0.6]}, "accuracy").lines) == 1


def test_an_unknown_metric_is_refused_with_the_known_ones(helper):
    with pytest.raises(ValueError, match="no metric 'acc' in this history, only loss, accuracy"):
        helper(plotting.plot_history)({"loss": [1.0], "accuracy": [0.5]}, "acc")


def test_confusion_matrix_counts_true_classes_in_rows(helper):
    ax = helper(plotting.plot_confusion_matrix)([0, 0, 0, 1, 2, 2], [0, 0, 1, 1, 2, 0], ("cat", "dog", "cow"))
    assert texts(ax) == ["2", "1", "", "", "1", "", "1", "", "1"]
    shares = ax.get_images()[0].get_array()
    assert shares[0, 1] == pytest.approx(1 / 3)
    assert shares[2, 0] == pytest.approx(1 / 2)
    assert shares.mask.tolist() == np.eye(3, dtype=bool).tolist()
    assert [label.get_text() for label in ax.get_yticklabels()] == ["cat", "dog", "cow"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("predicted class", "true class")


def test_confusion_matrix_keeps_a_class_that_never_occurs_and_needs_no_mistake(helper):
    ax = helper(plotting.plot_confusion_matrix)([0, 1], [0, 1], ("a", "b", "c"))
    assert texts(ax) == ["1", "", "", "", "1", "", "", "", ""]


def test_mistakes_come_most_confident_first_with_their_probabilities(helper, images):
    probabilities = np.eye(10)[:7] * 0.6 + 0.04
    y_true = np.array([0, 1, 2, 3, 9, 5, 9])
    probabilities[6] = np.eye(10)[6] * 0.8 + 0.02
    ax = helper(plotting.plot_mistakes)(images, y_true, probabilities, DIGITS)
    shown = [image.get_array() for image in ax.get_images()]
    np.testing.assert_array_equal(shown, images[[6, 4], ..., 0])
    assert [text for text in texts(ax) if text.startswith("is ")] == ["is 9", "is 9"]
    assert "6  82%" in texts(ax)
    assert "4  64%" in texts(ax)


def test_mistakes_says_so_when_there_are_none(helper, images):
    ax = helper(plotting.plot_mistakes)(images, np.arange(7), np.eye(10)[:7], DIGITS)
    assert texts(ax) == ["no mistakes"]


@pytest.mark.parametrize(
    "draw",
    [
        lambda ax: plotting.plot_images(np.zeros((2, 4, 4)), ax=ax),
        lambda ax: plotting.plot_history({"loss": [1.0]}, ax=ax),
        lambda ax: plotting.plot_confusion_matrix([0], [0], ("a", "b"), ax=ax),
        lambda ax: plotting.plot_mistakes(np.zeros((1, 4, 4), np.uint8), [1], [[0.9, 0.1]], ("a", "b"), ax=ax),
    ],
)
def test_a_plot_draws_on_the_axes_given_and_opens_no_figure(draw):
    _, ax = plt.subplots()
    assert draw(ax) is ax
    assert len(plt.get_fignums()) == 1
