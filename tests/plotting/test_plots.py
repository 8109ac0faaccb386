import io

import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image

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
            assert (
                left >= other_right
                or other_left >= right
                or top >= other_bottom
                or other_top >= bottom
            )


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
    ax = helper(plotting.plot_confusion_matrix)(
        [0, 0, 0, 1, 2, 2], [0, 0, 1, 1, 2, 0], ("cat", "dog", "cow")
    )
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


def test_filters_share_one_scale_with_white_at_zero(helper):
    kernel = np.random.default_rng(0).normal(size=(3, 3, 1, 5))
    ax = helper(plotting.plot_filters)(kernel, columns=3)
    [image] = ax.get_images()
    assert image.get_clim() == (-np.abs(kernel).max(), np.abs(kernel).max())
    np.testing.assert_array_equal(
        image.get_array()[4:7, 0:3], kernel[:, :, 0, 3]
    )  # the first of the second row
    assert np.isnan(image.get_array().filled(np.nan)[:, 3]).all()


def test_feature_maps_each_use_the_whole_scale(helper):
    maps = np.random.default_rng(0).normal(size=(4, 5, 3)) * [1, 10, 100]
    [image] = helper(plotting.plot_feature_maps)(maps, columns=2).get_images()
    tile = image.get_array()[0:4, 6:11]
    np.testing.assert_allclose(
        tile, (maps[..., 1] - maps[..., 1].min()) / np.ptp(maps[..., 1]), atol=1e-6
    )


def test_a_feature_map_without_contrast_is_dark(helper):
    [image] = helper(plotting.plot_feature_maps)(np.ones((2, 2, 1))).get_images()
    assert image.get_array()[:2, :2].max() == 0


@pytest.mark.parametrize("plot", [plotting.plot_filters, plotting.plot_feature_maps])
def test_filters_and_maps_of_another_shape_are_refused(helper, plot):
    with pytest.raises(ValueError, match=r"got \(3, 3, 2, 4\)"):
        helper(plot)(np.zeros((3, 3, 2, 4)))


def test_an_animation_holds_every_frame_and_its_images(helper):
    frames = np.random.default_rng(0).integers(0, 256, (3, 4, 8, 6, 1), dtype=np.uint8)
    gif = Image.open(
        io.BytesIO(helper(plotting.animate_images)(frames, ["a", "b", "c"], columns=2, scale=2))
    )
    assert (gif.n_frames, gif.size) == (3, (28, 2 * 18 + 24))
    gif.seek(2)
    last = np.asarray(gif.convert("L"))
    np.testing.assert_array_equal(last[24 + 18 : 24 + 34 : 2, 14:26:2], frames[2, 3, :, :, 0])


def test_an_animation_of_floats_is_that_of_their_bytes(helper):
    frames = np.random.default_rng(0).integers(0, 256, (2, 1, 4, 4, 1), dtype=np.uint8)
    animate = helper(plotting.animate_images)
    assert animate(frames / 255, ["", ""], columns=1) == animate(frames, ["", ""], columns=1)


def test_an_animation_without_a_caption_for_each_frame_is_refused(helper):
    with pytest.raises(ValueError, match="1 captions"):
        helper(plotting.animate_images)(np.zeros((2, 1, 4, 4, 1)), ["a"], columns=1)


def test_gan_losses_are_drawn_beside_those_of_guessing(helper):
    ax = helper(plotting.plot_gan_losses)(
        {"generator_loss": [1.0, 2.0], "discriminator_loss": [1.2, 0.8]}
    )
    curves = {line.get_label(): list(line.get_ydata()) for line in ax.lines}
    assert (curves["generator"], curves["discriminator"]) == ([1.0, 2.0], [1.2, 0.8])
    levels = [line.get_ydata()[0] for line in ax.lines if line.get_label().startswith("_")]
    assert levels == pytest.approx([np.log(2), 2 * np.log(2)])


def test_runs_are_drawn_as_their_mean_within_their_range(helper):
    runs = {"Adam": [[3.0, 2.0], [5.0, 1.0]], "SGD": [[4.0, 4.0], [4.0, 3.0]]}
    ax = helper(plotting.plot_runs)(runs, "validation loss")
    np.testing.assert_array_equal(ax.get_lines()[0].get_xydata(), [[1, 4.0], [2, 1.5]])
    np.testing.assert_array_equal(ax.get_lines()[1].get_xydata(), [[1, 4.0], [2, 3.5]])
    band = ax.collections[0].get_paths()[0].vertices
    assert set(map(tuple, band)) == {(1, 3), (1, 5), (2, 1), (2, 2)}
    assert ax.get_ylabel() == "validation loss"
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["Adam", "SGD"]


def test_texts_stand_under_their_names_in_lines_of_the_width_asked_for(helper):
    ax = helper(plotting.plot_texts)(
        {"cold": "aaa bbb ccc\n\nd$1$", "hot": "x " * 100}, width=8, max_lines=4
    )
    assert texts(ax)[0::2] == ["cold", "hot"]
    assert texts(ax)[1] == "aaa bbb\nccc\n\nd\\$1\\$"  # a dollar sign starts no formula
    assert texts(ax)[3].count("\n") == 3


def test_roc_curves_have_the_areas_that_ranking_gives(helper):
    rng = np.random.default_rng(0)
    y_true, probabilities = rng.integers(0, 3, 200), rng.dirichlet(np.ones(4), 200)
    ax = helper(plotting.plot_roc)(y_true, probabilities, ("a", "b", "c", "never"))
    for label, text in enumerate(ax.get_legend().get_texts()):
        inside, outside = (
            probabilities[y_true == label, label],
            probabilities[y_true != label, label],
        )
        area = np.mean(
            inside[:, None] > outside
        )  # the chance that one of the class ranks above one that is not
        assert text.get_text() == f"{'abc'[label]}  {area:.4f}"
    assert (len(ax.lines), ax.get_xlabel(), ax.get_ylabel()) == (
        3,
        "false positive rate",
        "true positive rate",
    )


def test_calibration_shows_the_share_of_right_answers_at_each_confidence(helper):
    confidence = np.array([0.6] * 10 + [0.9] * 10)
    y_true = np.array([1] * 4 + [0] * 6 + [1] * 9 + [0])  # right: 4 of 10, and 9 of 10
    ax = helper(plotting.plot_calibration)(
        y_true, np.column_stack([1 - confidence, confidence]), bins=2
    )
    diagonal, line = ax.get_lines()
    np.testing.assert_allclose(line.get_xydata(), [[0.6, 0.4], [0.9, 0.9]])
    np.testing.assert_allclose(diagonal.get_xdata(), diagonal.get_ydata())


def test_precision_and_recall_are_those_of_the_ranking(helper):
    probabilities = np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7], [0.2, 0.8]])
    ax = helper(plotting.plot_precision_recall)([0, 1, 0, 1], probabilities, ("a", "b"))
    points = set(zip(ax.lines[0].get_xdata(), ax.lines[0].get_ydata(), strict=True))
    assert points >= {(0.5, 1.0), (0.5, 0.5), (1.0, 2 / 3), (1.0, 0.5)}
    assert ax.get_legend().get_texts()[0].get_text() == f"a  {0.5 * 1 + 0.5 * 2 / 3:.4f}"


@pytest.mark.parametrize(
    "draw",
    [
        lambda ax: plotting.plot_images(np.zeros((2, 4, 4)), ax=ax),
        lambda ax: plotting.plot_history({"loss": [1.0]}, ax=ax),
        lambda ax: plotting.plot_runs({"one": [[1.0]]}, ax=ax),
        lambda ax: plotting.plot_calibration([0, 1], np.array([[0.9, 0.1], [0.8, 0.2]]), ax=ax),
        lambda ax: plotting.plot_confusion_matrix([0], [0], ("a", "b"), ax=ax),
        lambda ax: plotting.plot_filters(np.ones((3, 3, 1, 2)), ax=ax),
        lambda ax: plotting.plot_feature_maps(np.ones((3, 3, 2)), ax=ax),
        lambda ax: plotting.plot_gan_losses(
            {"generator_loss": [1.0], "discriminator_loss": [1.0]}, ax=ax
        ),
        lambda ax: plotting.plot_texts({"a": "b"}, ax=ax),
        lambda ax: plotting.plot_roc([0, 1], np.eye(2), ("a", "b"), ax=ax),
        lambda ax: plotting.plot_precision_recall([0, 1], np.eye(2), ("a", "b"), ax=ax),
        lambda ax: plotting.plot_mistakes(
            np.zeros((1, 4, 4), np.uint8), [1], [[0.9, 0.1]], ("a", "b"), ax=ax
        ),
    ],
)
def test_a_plot_draws_on_the_axes_given_and_opens_no_figure(draw):
    _, ax = plt.subplots()
    assert draw(ax) is ax
    assert len(plt.get_fignums()) == 1
