"""What all plots have in common: the Axes, the names, how many they tell apart, the style."""

import ast
import inspect
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib import rc_params_from_file
from matplotlib.text import Text

from nnlab import plotting

STYLE = Path(plotting.__file__).parent / "nnlab.mplstyle"
ALL = [pytest.param(getattr(plotting, name), id=name) for name in plotting.__all__]
DRAWN = [each for each in ALL if each.id != "animate_images"]


def test_every_plot_is_tried_here(calls):
    assert {plot.__name__ for plot in calls} == set(plotting.__all__)


@pytest.mark.parametrize("plot", DRAWN)
def test_a_plot_draws_on_the_axes_given_and_opens_no_figure(helper, calls, plot):
    _, ax = plt.subplots()
    assert helper(plot)(**calls[plot], ax=ax) is ax
    assert len(plt.get_fignums()) == 1


@pytest.mark.parametrize(
    "plot",
    [
        plotting.plot_confusion_matrix,
        plotting.plot_images,
        plotting.plot_latent_codes,
        plotting.plot_loss_surface,
        plotting.plot_mistakes,
        plotting.plot_precision_recall,
        plotting.plot_roc,
        plotting.plot_runs,
        plotting.plot_texts,
    ],
)
def test_every_name_is_shown_as_it_is(helper, calls, names, plot):
    ax = helper(plot)(**calls[plot])
    ax.figure.canvas.draw()
    shown = [text for text in ax.figure.findobj(Text) if text.get_visible()]
    for name in names:
        found = [text for text in shown if name in text.get_text()]
        assert found
        assert "$" not in name or not any(text.get_parse_math() for text in found)


@pytest.mark.parametrize("plot", [plotting.plot_history, plotting.plot_runs])
def test_the_name_of_a_metric_is_no_formula(helper, calls, plot):
    ax = helper(plot)(**calls[plot])
    assert ax.get_ylabel() == "$a$"
    assert not ax.yaxis.label.get_parse_math()


# ---- many ---------------------------------------------------------------------------------------


def many(count):
    """Return arguments with so many classes, candidates or paths: function → dict."""
    names = [f"number {i}" for i in range(count)]
    points = np.random.default_rng(0).normal(size=(count, 2))

    def nearest(x):
        return np.square(x[:, None] - points).sum(axis=2).argmin(axis=1)

    labelled = {"y_true": np.arange(count)}
    plane = {"loss": np.hypot, "x_range": (-1, 1), "y_range": (-1, 1)}
    return {
        plotting.plot_decision_regions: {**labelled, "classify": nearest, "x": points},
        plotting.plot_latent_codes: {**labelled, "codes": points, "class_names": names},
        plotting.plot_loss_surface: {**plane, "paths": dict.fromkeys(names, points)},
        plotting.plot_runs: {"runs": dict.fromkeys(names, np.ones((1, 2)))},
    }


def look(handle):
    """Return how a line or a point of a legend is drawn."""
    if hasattr(handle, "get_marker"):
        return handle.get_color(), handle.get_marker(), handle.get_linestyle()
    shape = handle.get_paths()[0].vertices
    return shape.tobytes(), handle.get_facecolor().tobytes(), handle.get_edgecolor().tobytes()


@pytest.mark.parametrize("plot", many(1))
def test_up_to_fourteen_are_told_apart(helper, plot):
    ax = helper(plot)(**many(14)[plot])
    handles = ax.get_legend().legend_handles
    assert len(handles) == len({look(handle) for handle in handles}) == 14


@pytest.mark.parametrize("plot", many(1))
def test_more_are_refused(helper, plot):
    message = r"can tell 1 to 14 .* apart, got 15: draw some of them|in 0\.\.13, got \[14\]"
    with pytest.raises(ValueError, match=message):
        helper(plot)(**many(15)[plot])


# ---- style --------------------------------------------------------------------------------------


@pytest.mark.parametrize("plot", ALL)
def test_colours_are_those_of_the_style_in_its_order(plot):
    cycle = rc_params_from_file(STYLE, use_default_template=False)["axes.prop_cycle"]
    palette = [f"#{color.removeprefix('#')}" for color in cycle.by_key()["color"]]
    tree = ast.parse(inspect.getsource(plot))
    texts = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    assert {text for text in texts if str(text).startswith("#")} <= set(palette)
    for node in ast.walk(tree):
        if isinstance(node, ast.List) and ast.unparse(node).startswith("['#"):
            assert ast.literal_eval(node) == palette


@pytest.mark.parametrize("plot", DRAWN)
@pytest.mark.parametrize("style", ["default", STYLE], ids=["default", "nnlab"])
def test_nothing_is_cut_off_with_the_style_and_without(calls, plot, style):
    with plt.style.context(style):
        ax = plot(**calls[plot])
        ax.set_title("a title")
        ax.figure.canvas.draw()
        box = ax.figure.get_tightbbox()
    width, height = ax.figure.get_size_inches()
    assert width <= 9
    assert -0.02 <= box.x0 < box.x1 <= width + 0.02
    assert -0.02 <= box.y0 < box.y1 <= height + 0.02


@pytest.mark.parametrize("plot", [plotting.plot_confusion_matrix, plotting.plot_decision_regions])
def test_no_grid_of_the_style_lies_over_coloured_areas(calls, plot):
    with plt.style.context(STYLE):
        ax = plot(**calls[plot])
        ax.figure.canvas.draw()
    assert not any(line.get_visible() for line in [*ax.get_xgridlines(), *ax.get_ygridlines()])
