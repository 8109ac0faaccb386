import matplotlib.pyplot as plt
import numpy as np
import pytest

from nnlab import plotting
from nnlab.metrics import expected_calibration_error

ORANGE = "#D55E00"
BLUE = "#0072B2"
GREY = "0.7"


def test_roc_curves_have_the_areas_that_ranking_gives(helper, legend):
    rng = np.random.default_rng(0)
    y_true = rng.integers(0, 3, 200)
    probabilities = rng.dirichlet(np.ones(4), 200)
    ax = helper(plotting.plot_roc)(y_true, probabilities, ("a", "b", "c", "never"))
    areas = {}
    for label, name in enumerate("abc"):
        inside = probabilities[y_true == label, label]
        outside = probabilities[y_true != label, label]
        # the chance that one of the class ranks above one that is not
        areas[name] = np.mean(inside[:, None] > outside)
    worst_first = sorted(areas, key=areas.get)
    assert legend(ax) == [f"{name}  {areas[name]:.4f}" for name in worst_first]
    assert (len(ax.lines), ax.get_xlabel(), ax.get_ylabel()) == (
        3,
        "false positive rate",
        "true positive rate",
    )


def test_precision_and_recall_are_those_of_the_ranking(helper, legend):
    probabilities = np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7], [0.2, 0.8]])
    ax = helper(plotting.plot_precision_recall)([0, 1, 0, 1], probabilities, ("a", "b"))
    [index] = [i for i, name in enumerate(legend(ax)) if name.startswith("a ")]
    line = ax.lines[index]
    points = set(zip(line.get_xdata(), line.get_ydata(), strict=True))
    assert points >= {(0.5, 1.0), (0.5, 0.5), (1.0, 2 / 3), (1.0, 0.5)}
    assert legend(ax)[index] == f"a  {0.5 * 1 + 0.5 * 2 / 3:.4f}"


def test_the_area_below_a_precision_recall_curve_is_the_number_beside_it(helper, legend):
    y_true = np.arange(100) < 10
    probabilities = np.full((100, 2), 0.5)  # of a classifier that knows nothing
    ax = helper(plotting.plot_precision_recall)(y_true, probabilities, ("no", "yes"))
    for line, said in zip(ax.lines, legend(ax), strict=True):
        assert line.get_drawstyle() == "steps-post"  # from one recall to the next, one precision
        recall, precision = line.get_xydata().T
        area = np.sum(precision[:-1] * (recall[:-1] - recall[1:]))
        assert said.endswith(f"  {area:.4f}")


@pytest.mark.parametrize("plot", [plotting.plot_roc, plotting.plot_precision_recall])
@pytest.mark.parametrize("num_classes", [5, 30])
def test_the_two_worst_classes_are_named_in_colour_and_the_others_grey(
    helper, legend, plot, num_classes
):
    """Class c is right in a share of examples that grows with c, so class 0 is the worst."""
    rng = np.random.default_rng(0)
    y_true = np.arange(300 * num_classes) % num_classes
    noise = rng.dirichlet(np.ones(num_classes), len(y_true))
    clear = (y_true + 1)[:, None] * np.eye(num_classes)[y_true]
    probabilities = (noise + clear) / (noise + clear).sum(axis=1, keepdims=True)
    names = [f"class {label}" for label in range(num_classes)]
    ax = helper(plot)(y_true, probabilities, names)
    assert [name.rsplit("  ", 1)[0] for name in legend(ax)[:2]] == ["class 0", "class 1"]
    assert legend(ax)[2].startswith(f"{num_classes - 2} others  ≥ ")
    colors = [line.get_color() for line in ax.lines]
    assert colors == [ORANGE, BLUE, *[GREY] * (num_classes - 2)]
    assert [line.get_label().split("  ")[0] for line in ax.lines[:2]] == names[:2]
    in_front = sorted(ax.lines, key=lambda line: -line.get_zorder())
    assert [line.get_color() for line in in_front[:2]] == [ORANGE, BLUE]


def test_a_roc_curve_of_one_class_is_refused(helper):
    with pytest.raises(ValueError, match="needs two classes, got the label 1 only"):
        helper(plotting.plot_roc)([1, 1], np.full((2, 2), 0.5), "ab")


def test_calibration_shows_the_share_of_right_answers_at_each_confidence(helper):
    confidence = np.array([0.6] * 10 + [0.9] * 10)
    y_true = np.array([1] * 4 + [0] * 6 + [1] * 9 + [0])  # right: 4 of 10, and 9 of 10
    ax = helper(plotting.plot_calibration)(y_true, np.column_stack([1 - confidence, confidence]))
    diagonal, line = ax.get_lines()
    np.testing.assert_allclose(line.get_xydata(), [[0.6, 0.4], [0.9, 0.9]])
    np.testing.assert_allclose(diagonal.get_xdata(), diagonal.get_ydata())


def test_the_distances_in_the_plot_add_up_to_the_calibration_error(helper):
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet([0.5, 0.5, 0.5], size=300)
    answers = probabilities.argmax(axis=1)
    y_true = np.where(rng.random(300) < 0.7, answers, (answers + 1) % 3)  # at any confidence
    for bins in (1, 7, 10):
        ax = helper(plotting.plot_calibration)(y_true, probabilities, bins=bins)
        confidence, accuracy = ax.get_lines()[1].get_xydata().T
        [dots] = ax.collections
        shares = (dots.get_sizes() - 8) / 150
        assert shares.sum() == pytest.approx(1)
        error = np.sum(shares * np.abs(accuracy - confidence))
        expected = expected_calibration_error(y_true, probabilities, bins=bins)
        assert error == pytest.approx(expected)
        plt.close(ax.figure)


def test_a_plot_of_no_bins_is_refused(helper):
    with pytest.raises(ValueError, match="bins must be ≥ 1, got 0"):
        helper(plotting.plot_calibration)([0, 1], np.eye(2), bins=0)


def test_a_classifier_that_is_sure_and_always_right_is_one_point(helper):
    ax = helper(plotting.plot_calibration)([0, 1, 1], np.eye(2)[[0, 1, 1]])
    np.testing.assert_allclose(ax.get_lines()[1].get_xydata(), [[1, 1]])
    assert ax.get_xlim()[0] < 1 < ax.get_xlim()[1]
