"""Diagrams: boxes and arrows, and a dense network as circles and lines."""

import matplotlib.pyplot as plt
import numpy as np


def plot_diagram(boxes, arrows=(), *, colors=None, ax=None):
    """Return Axes with labelled boxes and arrows between them.

    boxes: dict of label → (x, y), the centre of its box, x to the right and y upwards. One unit of
    x should hold the longest label, one unit of y the label with the most lines. A label may have
    lines, and formulas between dollar signs.
    arrows: (from, to) or (from, to, text): two labels of boxes, and what is written at the arrow.
    colors: dict of label → the colour of a box's edge; the others are grey.
    ax: the Axes to draw on; by default those of a new figure, 1.5 inches wide for a unit of x.

    Raises ValueError if there is no box, or if an arrow or a colour names one that is not there.
    """
    colors = colors or {}
    if not boxes:
        raise ValueError("expected one box or more, got none: pass a dict of label → (x, y)")
    named = set(colors)
    for start, end, *_ in arrows:
        named |= {start, end}
    unknown = sorted(named - set(boxes))
    if unknown:
        raise ValueError(f"no box {unknown[0]!r} among {', '.join(map(repr, boxes))}: add it")
    x, y = np.array(list(boxes.values()), float).T
    if ax is None:
        size = (1.5 * (np.ptp(x) + 1), 0.9 * (np.ptp(y) + 1))
        _, ax = plt.subplots(figsize=size, layout="constrained")
    drawn = {}
    for label, place in boxes.items():
        edge = colors.get(label, "0.4")
        frame = {"boxstyle": "round,pad=0.4", "facecolor": "white", "edgecolor": edge}
        look = {"ha": "center", "va": "center", "fontsize": 9, "zorder": 3}
        drawn[label] = ax.text(*place, label, bbox=frame | {"linewidth": 1.5}, **look)
    line = {"arrowstyle": "-|>", "color": "0.4", "shrinkA": 0, "shrinkB": 0, "mutation_scale": 12}
    for start, end, *text in arrows:
        line |= {"patchA": drawn[start].get_bbox_patch(), "patchB": drawn[end].get_bbox_patch()}
        ax.annotate("", boxes[end], boxes[start], arrowprops=dict(line))
        if text:
            middle = np.add(boxes[start], boxes[end]) / 2
            look = {"facecolor": "white", "edgecolor": "none", "pad": 1}
            ax.text(*middle, text[0], ha="center", va="center", fontsize=8, bbox=look)
    ax.set(xlim=(x.min() - 0.5, x.max() + 0.5), ylim=(y.min() - 0.5, y.max() + 0.5))
    ax.axis("off")
    return ax


def plot_network(sizes, *, names=None, ax=None):
    """Return Axes with a dense network: a circle for each unit, a line for each weight.

    sizes: units of each layer, the inputs first, each ≥ 1. Of more than eight, seven are drawn,
    with dots for the others.
    names: what is written under each layer; by default its size.
    ax: the Axes to draw on; by default those of a new figure.

    Raises ValueError for no layer, a layer without units, or names that are not one for each layer.
    """
    names = [f"{size:,}" for size in sizes] if names is None else names
    if not len(sizes) or min(sizes) < 1 or len(names) != len(sizes):
        raise ValueError(
            f"expected the sizes of one layer or more, each ≥ 1 and with a name, got {sizes} "
            f"and {names}"
        )
    if ax is None:
        _, ax = plt.subplots(figsize=(1.8 * len(sizes), 3), layout="constrained")
    lowest = -(min(max(sizes), 8) - 1) / 2
    before = []
    for layer, (size, name) in enumerate(zip(sizes, names, strict=True)):
        heights = np.arange(min(size, 8)) - (min(size, 8) - 1) / 2
        units = heights if size <= 8 else np.delete(heights, 1)
        for height in units:
            for other in before:
                ax.plot([layer - 1, layer], [other, height], color="0.75", linewidth=0.6, zorder=1)
        look = {"s": 110, "facecolor": "white", "edgecolor": "#0072B2", "linewidth": 1.5}
        ax.scatter(np.full(len(units), layer), units, zorder=2, **look)
        if size > 8:
            ax.text(layer, heights[1], "⋮", ha="center", va="center", zorder=2)
        ax.text(layer, lowest - 0.7, name, ha="center", va="top", fontsize=9)
        before = units
    ax.set(xlim=(-0.5, len(sizes) - 0.5), ylim=(lowest - 2.1, 0.5 - lowest))
    ax.axis("off")
    return ax
