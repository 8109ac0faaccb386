"""Functions over a plane: what a classifier answers there, and how high a loss lies above it."""

import matplotlib.pyplot as plt
import numpy as np


def plot_decision_regions(classify, x, y_true, *, ax=None):
    """Return Axes with points in the plane, coloured by class, and the regions of a classifier.

    classify: function that takes float ``(n, 2)`` and returns integer classes ``(n,)`` in 0..13.
    x: float ``(n, 2)``.
    y_true: the true labels of x, integers ``(n,)`` in 0..13. A class has its own colour and marker;
    from the eighth on, markers are hollow and regions hatched.
    ax: the Axes to draw on; by default those of a new figure.

    Raises ValueError for arrays of another shape and for values outside their range or not finite.
    """
    x = np.asarray(x, float)
    y_true = np.asarray(y_true)
    if y_true.ndim != 1 or not y_true.size or x.shape != (len(y_true), 2):
        raise ValueError(
            "y_true must be (n,) and x (n, 2), n ≥ 1, "
            f"got {y_true.shape} and {x.shape}: one label and two numbers for each example"
        )
    if not np.isfinite(x).all():
        raise ValueError("x holds NaN or infinity: leave such points out")
    low = x.min(axis=0)
    high = x.max(axis=0)
    margin = 0.25 * np.where(high > low, high - low, 1)
    across, up = np.linspace(low - margin, high + margin, 200).T
    grid = np.stack(np.meshgrid(across, up), axis=-1)  # (200, 200, 2)
    regions = np.asarray(classify(grid.reshape(-1, 2)))  # (40000,)
    if regions.shape != (40000,):
        raise ValueError(
            f"classify must return one class for each of 40000 points, got {regions.shape}: "
            "take the argmax of probabilities"
        )
    for argument, labels in (("y_true", y_true), ("classify's answers", regions)):
        unknown = sorted(set(labels.tolist()) - set(range(14)), key=str)[:3]
        if unknown:
            raise ValueError(
                f"{argument} must hold integers in 0..13, got {unknown}: count classes from 0"
            )
    if ax is None:
        _, ax = plt.subplots(figsize=(4, 4), layout="constrained")
    colors = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000"]
    shown = np.union1d(regions, y_true).astype(int)
    for label in shown:
        color = colors[label % 7]
        look = {"facecolor": color, "edgecolor": "white"}
        hatch = None
        if label >= 7:
            look = {"facecolor": "white", "edgecolor": color}
            hatch = "//"
        region = (regions == label).reshape(200, 200)
        if region.any():
            fill = {"levels": [0.5, 1.5], "colors": [color], "hatches": [hatch], "alpha": 0.25}
            ax.contourf(across, up, region, zorder=0, **fill)
        look |= {"marker": "os^Dv<>"[label % 7], "s": 60, "zorder": 2, "label": label}
        ax.scatter(*x[y_true == label].T, **look)
    ax.grid(False)
    ax.set(xlabel="$x_1$", ylabel="$x_2$")
    beside = {"loc": "center left", "bbox_to_anchor": (1, 0.5)} if len(shown) > 7 else {}
    ax.legend(title="class", frameon=True, **beside)
    return ax


def plot_loss_surface(loss, x_range, y_range, *, paths=None, ax=None):
    """Return Axes with a loss as contour lines over two parameters, and optimisation paths on it.

    The contour lines stand closer near the minimum: they are drawn at equal ratios of the height
    above it. A path begins at a circle and ends at a cross.

    loss: function of two float arrays ``(200, 200)`` that returns the losses in that shape. Where
    they are not finite, nothing is drawn.
    x_range: the least and the greatest value of the first parameter.
    y_range: the least and the greatest value of the second parameter.
    paths: name → float ``(steps, 2)``, the two parameters before the first step and after each one;
    up to 14.
    ax: the Axes to draw on; by default those of a new figure.

    Raises ValueError for losses or paths of another shape, for a loss that is nowhere finite, and
    for more paths than can be told apart.
    """
    paths = paths or {}
    if len(paths) > 14:
        raise ValueError(f"can tell 1 to 14 paths apart, got {len(paths)}: draw some of them")
    x, y = np.meshgrid(np.linspace(*x_range, 200), np.linspace(*y_range, 200))  # (200, 200) each
    heights = np.ma.masked_invalid(np.asarray(loss(x, y), float))
    if heights.shape != x.shape or not heights.count():
        raise ValueError(
            f"loss must return finite numbers {x.shape}, got {heights.count()} of them in shape "
            f"{heights.shape}: compute with whole arrays, in a range where the loss is defined"
        )
    low = heights.min()
    span = max(heights.max() - low, 1e-12)
    if ax is None:
        _, ax = plt.subplots(figsize=(5, 4), layout="constrained")
    levels = low + np.geomspace(span / 1000, span, 14)
    ax.contour(x, y, heights, levels=levels, colors="0.6", linewidths=0.8)
    colors = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000"]
    lines = []
    for number, (name, path) in enumerate(paths.items()):
        path = np.asarray(path, float)
        if path.ndim != 2 or path.shape[1] != 2 or not path.size:
            raise ValueError(
                f"the path {name!r} must be (steps, 2), got {path.shape}: one row for each step"
            )
        color = colors[number % 7]
        style = ("-", "--")[number // 7]
        look = {"color": color, "linewidth": 1.2, "marker": ".", "markersize": 3, "label": name}
        lines += ax.plot(*path.T, style, **look)
        ax.plot(*path[0], marker="o", color=color)
        ax.plot(*path[-1], marker="X", color=color, markeredgecolor="white", markersize=9)
    if paths:
        legend = ax.legend(lines, ["-"] * len(lines), frameon=True)
        for text, name in zip(legend.get_texts(), paths, strict=True):
            text.set(text=name, parse_math=False)  # as it is, also with "_" in front, or "$"
    ax.grid(False)
    ax.set(xlim=x_range, ylim=y_range, xlabel="first parameter", ylabel="second parameter")
    return ax
