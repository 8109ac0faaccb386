"""Where the classes lie in a latent space of two dimensions."""

import matplotlib.pyplot as plt
import numpy as np


def plot_latent_codes(codes, y_true, class_names, *, ax=None):
    """Return Axes with a point for each latent code, its class by colour and marker.

    codes: float ``(n, 2)``, e.g. what an encoder makes of n images.
    y_true: the true labels, integers ``(n,)`` in 0..len(class_names) - 1.
    class_names: a name for each class, in the order of the labels, up to 14. A class has its own
    colour and marker, whichever others there are; one without points is left out.
    ax: the Axes to draw on; by default those of a new figure. The legend stands to their right.

    Raises ValueError for arrays of another shape, values outside their range or not finite, and for
    more classes than can be told apart.
    """
    codes = np.asarray(codes, float)
    y_true = np.asarray(y_true)
    num_classes = len(class_names)
    if y_true.ndim != 1 or not y_true.size or codes.shape != (len(y_true), 2):
        raise ValueError(
            "y_true must be (n,) and codes (n, 2), n ≥ 1, "
            f"got {y_true.shape} and {codes.shape}: one label and two numbers for each example"
        )
    if num_classes > 14:
        raise ValueError(f"can tell 1 to 14 classes apart, got {num_classes}: draw some of them")
    unknown = sorted(set(y_true.tolist()) - set(range(num_classes)), key=str)[:3]
    if unknown:
        raise ValueError(
            f"y_true must hold integers in 0..{num_classes - 1}, "
            f"got {unknown}: count classes from 0 and name each"
        )
    if not np.isfinite(codes).all():
        raise ValueError("codes hold NaN or infinity: did training diverge?")
    if ax is None:
        _, ax = plt.subplots(figsize=(7, 5), layout="constrained")
    colors = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000"]
    points = []
    names = []
    for label, name in enumerate(class_names):
        chosen = codes[y_true == label]
        if len(chosen):
            color = colors[label % 7]
            inside = color if label < 7 else "none"  # from the eighth class on, hollow markers
            look = {"facecolor": inside, "edgecolor": color, "marker": "os^Dv<>"[label % 7]}
            points.append(ax.scatter(*chosen.T, s=14, linewidth=0.8, alpha=0.7, label=name, **look))
            names.append(name)
    ax.set(xlabel="latent dimension 1", ylabel="latent dimension 2")
    place = {"loc": "center left", "bbox_to_anchor": (1, 0.5), "frameon": False}
    legend = ax.legend(points, ["-"] * len(names), title="class", markerscale=1.6, **place)
    for text, name in zip(legend.get_texts(), names, strict=True):
        text.set(text=name, parse_math=False)  # as it is, also with "_" in front, or "$"
    return ax
