"""Every plot takes and refuses labels, probabilities and images alike, in the same words."""

import inspect
import io
import itertools
import re

import numpy as np
import pytest
from PIL import Image

from nnlab import plotting


def with_argument(*names):
    """Return a parameter for each plot that has one of these arguments: the plot, the argument."""
    found = []
    for plot_name in plotting.__all__:
        plot = getattr(plotting, plot_name)
        for name in sorted(set(names) & set(inspect.signature(plot).parameters)):
            found.append(pytest.param(plot, name, id=f"{plot_name}-{name}"))
    return found


LABELLED = with_argument("y_true", "y_pred")
PLOTS_WITH_NAMES = [each.values[0] for each in with_argument("class_names")]
NAMED = [each for each in LABELLED if each.values[0] in PLOTS_WITH_NAMES]


@pytest.mark.parametrize(("plot", "argument"), LABELLED)
@pytest.mark.parametrize(
    ("labels", "shown"),
    [
        ([1, 2, 99, 1], "[99]"),
        ([0, -1, 1, 2], "[-1]"),
        ([0, 0.5, 1, 2], "[0.5]"),
        ([0, np.nan, 1, 2], "[nan]"),
        (["0", "1", "2", "1"], "['0', '1', '2']"),
    ],
)
def test_labels_that_are_no_classes_are_refused(helper, calls, plot, argument, labels, shown):
    last = 13 if plot is plotting.plot_decision_regions else 2
    message = f"{argument} must hold integers in 0..{last}, got {shown}: count classes from 0"
    with pytest.raises(ValueError, match=re.escape(message)):
        helper(plot)(**calls[plot] | {argument: labels})


@pytest.mark.parametrize(("plot", "argument"), NAMED)
def test_classes_counted_from_1_are_refused_and_shift_no_name(helper, calls, plot, argument):
    with pytest.raises(ValueError, match=r"got \[3\]: count classes from 0 and name each"):
        helper(plot)(**calls[plot] | {argument: [1, 2, 3, 2]})


@pytest.mark.parametrize(("plot", "argument"), LABELLED)
@pytest.mark.parametrize(
    "labels", [[0, 1, 2], np.eye(3)[[0, 1, 2, 1]], [[0], [1], [2], [1]], [], 1]
)
def test_labels_that_are_not_one_for_each_example_are_refused(
    helper, calls, plot, argument, labels
):
    shape = re.escape(str(np.shape(labels)))
    with pytest.raises(
        ValueError, match=rf"y_true must be \(n,\) and .*n ≥ 1, got .*{shape}.*: one"
    ):
        helper(plot)(**calls[plot] | {argument: labels})


@pytest.mark.parametrize(("plot", "argument"), LABELLED)
@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.float32, np.float64, list])
def test_whole_numbers_of_any_type_are_labels(helper, calls, plot, argument, dtype):
    labels = calls[plot][argument]
    labels = labels.tolist() if dtype is list else labels.astype(dtype)
    assert helper(plot)(**calls[plot] | {argument: labels}).has_data()


@pytest.mark.parametrize(("plot", "argument"), with_argument("probabilities"))
@pytest.mark.parametrize("change", [lambda p: 9 * p - 2, lambda p: p * np.nan])
def test_probabilities_outside_their_range_are_refused(helper, calls, plot, argument, change):
    probabilities = change(calls[plot][argument])
    with pytest.raises(ValueError, match=r"must lie in 0\.\.1, got .*logits\? Apply softmax first"):
        helper(plot)(**calls[plot] | {argument: probabilities})


@pytest.mark.parametrize(("plot", "argument"), with_argument("probabilities"))
def test_probabilities_without_a_column_for_each_class_are_refused(helper, calls, plot, argument):
    ones = np.ones(4)  # of the second class alone, as a network with one output gives them
    with pytest.raises(
        ValueError, match=r"probabilities \(n, [23]\), n ≥ 1, got \(4,\) and \(4,\)"
    ):
        helper(plot)(**calls[plot] | {argument: ones})


@pytest.mark.parametrize(("plot", "argument"), with_argument("probabilities"))
def test_probabilities_of_half_precision_are_those_of_float64(helper, calls, plot, argument):
    half = calls[plot][argument].astype(np.float16)
    drawn = picture(helper(plot)(**calls[plot] | {argument: half}))
    expected = picture(helper(plot)(**calls[plot] | {argument: half.astype(float)}))
    np.testing.assert_array_equal(drawn, expected)


# ---- images -------------------------------------------------------------------------------------

WITH_IMAGES = with_argument("images", "frames")


def picture(drawn):
    """Return what was drawn as pixels: of Axes, or of the first frame of a GIF."""
    if isinstance(drawn, bytes):
        return np.asarray(Image.open(io.BytesIO(drawn)).convert("RGB"))
    drawn.figure.canvas.draw()
    return np.asarray(drawn.figure.canvas.buffer_rgba())[..., :3]


@pytest.fixture
def draw(helper, calls):
    """Return a function that draws other images; of an animation, they are its one frame."""

    def call(plot, argument, images):
        images = images[None] if argument == "frames" else images
        return helper(plot)(**calls[plot] | {argument: images})

    return call


GREY = np.random.default_rng(0).integers(0, 256, (4, 6, 5), dtype=np.uint8)
GREY[0, 0, :2] = 0, 255
FORMS = itertools.product([np.uint8, np.float32, np.float64], [None, 1, 3])


@pytest.fixture(scope="module")
def of_grey(helper):
    """Return an empty dict, one for imported and one for copied helpers, to keep drawings in."""
    return {}


@pytest.mark.parametrize(("plot", "argument"), WITH_IMAGES)
@pytest.mark.parametrize(("dtype", "channels"), [*FORMS][1:])  # the first is GREY's own
def test_the_same_images_look_the_same_in_every_form(
    draw, of_grey, plot, argument, dtype, channels
):
    images = GREY if dtype is np.uint8 else (GREY / 255).astype(dtype)
    if channels:
        images = np.repeat(images[..., None], channels, axis=-1)
    drawn = picture(draw(plot, argument, images)).astype(int)
    if (plot, argument) not in of_grey:
        of_grey[plot, argument] = picture(draw(plot, argument, GREY))
    difference = np.abs(drawn - of_grey[plot, argument])
    assert difference.mean() < 1
    assert difference.max() <= (24 if argument == "frames" else 2)  # a GIF has 256 colours


@pytest.mark.parametrize(("plot", "argument"), WITH_IMAGES)
def test_masks_are_black_and_white(draw, plot, argument):
    drawn = picture(draw(plot, argument, GREY > 128))
    expected = picture(draw(plot, argument, np.uint8(255) * (GREY > 128)))
    np.testing.assert_array_equal(drawn, expected)


@pytest.mark.parametrize(("plot", "argument"), WITH_IMAGES)
@pytest.mark.parametrize(
    ("images", "message"),
    [
        (GREY / 127.5 - 1, r"got float64 in -1\.\.1: rescale them"),
        (GREY.astype(float), r"got float64 in 0\.\.255: rescale them \(x / 255"),
        (np.full(GREY.shape, np.nan), r"got float64 in nan\.\.nan"),
        (GREY.astype(np.uint16) * 257, r"got uint16 in 0\.\..*: rescale them .* 16 bits x / 65535"),
        (GREY.astype(np.int64), r"got int64 in 0\.\.255"),
        (np.zeros(GREY.shape, np.int32), r"got int32 in 0\.\.0"),
    ],
)
def test_images_in_another_range_are_refused(draw, plot, argument, images, message):
    taken = f"{argument} must be uint8 in 0..255 or float in 0..1, "
    with pytest.raises(ValueError, match=re.escape(taken) + message):
        draw(plot, argument, images)


@pytest.mark.parametrize(("plot", "argument"), WITH_IMAGES)
@pytest.mark.parametrize("shape", [(9, 9), (0, 9, 9), (4, 9, 9, 4), (9, 9, 1), (9, 9, 3)])
def test_images_of_another_shape_are_refused(draw, plot, argument, shape):
    shown = re.escape(str((1, *shape) if argument == "frames" else shape))
    with pytest.raises(
        ValueError, match=rf"\[, 1 or 3\]\), n ≥ 1, got shape {shown}: pass a single"
    ):
        draw(plot, argument, np.zeros(shape))
