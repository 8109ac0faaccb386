"""Functions of two numbers: what a classifier answers in a plane, and how high a loss lies above it."""

import matplotlib.pyplot as plt
import numpy as np


def plot_decision_regions(classify, x, y, *, ax=None):
    """Return Axes with two-dimensional points, and the plane coloured by the class that a classifier gives to it.

    classify: function that takes float ``(n, 2)`` and returns integer classes ``(n,)``, 0..9. x: float ``(n, 2)``.
    y: the true integer classes ``(n,)``; each class has a colour and a marker of its own.
    """
    x, y = np.asarray(x), np.asarray(y)
    if ax is None:
        _, ax = plt.subplots(figsize=(4, 4), layout="constrained")
    colors = [
        "#0072B2",
        "#D55E00",
        "#009E73",
        "#CC79A7",
        "#56B4E9",
        "#E69F00",
        "0.4",
        "#F0E442",
        "0.7",
        "0.1",
    ]
    low, high = x.min(axis=0), x.max(axis=0)
    margin = 0.25 * np.maximum(high - low, 1e-9)
    across, up = (np.linspace(a, b, 200) for a, b in zip(low - margin, high + margin, strict=True))
    grid = np.stack(np.meshgrid(across, up), axis=-1)  # (200, 200, 2)
    classes = np.asarray(classify(grid.reshape(-1, 2))).reshape(200, 200)
    ax.contourf(across, up, classes, levels=np.arange(11) - 0.5, colors=colors, alpha=0.25)
    for label in np.unique(y):
        chosen = y == label
        ax.scatter(
            *x[chosen].T,
            color=colors[label],
            marker="os^Dv<>pPX"[label],
            edgecolor="white",
            s=60,
            label=label,
        )
    ax.set(xlabel="$x_1$", ylabel="$x_2$")
    ax.legend(title="class", frameon=True, fontsize=8, title_fontsize=8)
    return ax


def plot_loss_surface(loss, x_range, y_range, *, paths=None, ax=None):
    """Return Axes with a loss as contour lines over two parameters, and the ways that were taken down it.

    loss: function of two float arrays of one shape that returns the losses in that shape. x_range, y_range: pairs of
    ends. paths: name → float ``(steps, 2)``, the parameters after each step, the start included; each way begins
    at a circle and ends at a cross.

    The lines stand closer near the lowest place: they are drawn at equal ratios of the height above it.
    """
    if ax is None:
        _, ax = plt.subplots(figsize=(5, 4), layout="constrained")
    x, y = np.meshgrid(np.linspace(*x_range, 200), np.linspace(*y_range, 200))
    heights = loss(x, y)
    above = heights - heights.min()
    levels = heights.min() + np.geomspace(
        max(above.max(), 1e-12) / 1000, max(above.max(), 1e-12), 14
    )
    ax.contour(x, y, heights, levels=levels, colors="0.6", linewidths=0.8)
    for (name, path), color in zip(
        (paths or {}).items(), ("#0072B2", "#D55E00", "#009E73", "#CC79A7"), strict=False
    ):
        path = np.asarray(path)
        ax.plot(*path.T, color=color, linewidth=1.2, marker=".", markersize=3, label=name)
        ax.plot(*path[0], marker="o", color=color)
        ax.plot(*path[-1], marker="X", color=color, markeredgecolor="white", markersize=9)
    if paths:
        ax.legend(frameon=True, fontsize=8)
    ax.set(xlim=x_range, ylim=y_range)
    return ax
