"""Where the classes lie among codes of two numbers."""

import matplotlib.pyplot as plt
import numpy as np


def plot_codes(codes, y, class_names, *, ax=None):
    """Return Axes with a point for each code of two numbers, coloured by its class; the legend stands outside.

    codes: float ``(n, 2)``, e.g. what an encoder makes of images. y: their integer classes ``(n,)``, in
    0..len(class_names) - 1. class_names: up to ten; each class has a colour and a marker of its own, and one without
    points is left out.

    Raises ValueError for codes of another shape.
    """
    codes, y = np.asarray(codes), np.asarray(y)
    if codes.ndim != 2 or codes.shape[1] != 2:
        raise ValueError(f"codes must be (n, 2), got {codes.shape}: choose two of their numbers")
    if ax is None:
        _, ax = plt.subplots(figsize=(7, 5), layout="constrained")
    colors = plt.colormaps["viridis"](np.linspace(0, 0.95, len(class_names)))
    for label, name in enumerate(class_names):
        chosen = codes[y == label]
        if len(chosen):
            marker = "os^Dv<>pPX"[label]
            ax.scatter(
                *chosen.T,
                s=14,
                color=colors[label],
                marker=marker,
                linewidth=0,
                alpha=0.7,
                label=name,
            )
    ax.set(xlabel="first number of the code", ylabel="second number of the code")
    ax.legend(
        title="class",
        loc="center left",
        bbox_to_anchor=(1, 0.5),
        frameon=False,
        fontsize=9,
        markerscale=1.6,
    )
    return ax
