"""Curves of one training run or of several."""

import matplotlib.pyplot as plt
import numpy as np


def plot_history(history, metric="loss", *, validation_freq=None, ax=None):
    """Return Axes with one metric against epochs: training in blue, validation in orange.

    history: the dict ``History.history`` that ``fit`` returns: name → a number per epoch. A NaN is
    a gap in its curve.
    metric: a name in the history; of ``"val_loss"`` only the validation is drawn.
    validation_freq: epochs from one validation to the next, or a list of the epochs that had one,
    as ``fit`` was given it; by default what the lengths of the curves tell.
    ax: the Axes to draw on; by default those of a new figure.

    Raises ValueError if the metric is not in the history, if the history is empty, and if it is not
    clear to which epochs the validations belong.
    """
    if metric not in history:
        known = ", ".join(history)
        raise ValueError(f"no metric {metric!r} in this history, only {known}: pass one of these")
    name = metric.removeprefix("val_")
    training = history.get(name, [])
    validation = history.get(f"val_{name}", [])
    total = len(training) or len(validation)
    if not total:
        raise ValueError(f"no epoch in this history of {metric!r}: run fit for one or more")
    freqs = [freq for freq in range(1, total + 1) if total // freq == len(validation)]
    if np.ndim(validation_freq):
        places = [[epoch for epoch in sorted(validation_freq) if epoch <= total]]
    else:
        places = [range(freq, total + 1, freq) for freq in freqs if validation_freq in (None, freq)]
    if len(validation) and [len(each) for each in places] != [len(validation)]:
        raise ValueError(
            f"cannot place {len(validation)} validations among {total} epochs: "
            f"pass validation_freq as fit was given it (possible are {freqs})"
        )
    if ax is None:
        _, ax = plt.subplots(figsize=(6, 3.5), layout="constrained")
    if len(training) and metric == name:
        epochs = np.arange(1, total + 1)
        ax.plot(epochs, training, color="#0072B2", marker="o", markersize=4, label="training")
    if len(validation):
        ax.plot(
            places[0], validation, color="#D55E00", marker="s", markersize=4, label="validation"
        )
    ax.set_xlabel("epoch")
    ax.set_ylabel(name, parse_math=False)
    ax.xaxis.get_major_locator().set_params(integer=True)
    ax.legend()
    return ax


def plot_runs(runs, metric="loss", *, ax=None):
    """Return Axes with a metric of several candidates against epochs: mean and range of their runs.

    runs: dict of name → runs of one candidate, e.g. with several seeds: a list of as many numbers
    each, one per epoch, such as ``history["val_loss"]``. Up to 14 candidates. A NaN is a gap.
    metric: what the numbers are.
    ax: the Axes to draw on; by default those of a new figure.

    The band around a line reaches from the least to the greatest of its runs.

    Raises ValueError for no candidates or too many, and for runs that differ in length.
    """
    if not 1 <= len(runs) <= 14:
        raise ValueError(f"can tell 1 to 14 candidates apart, got {len(runs)}: draw some of them")
    for name, values in runs.items():
        shapes = sorted({np.shape(run) for run in values})
        if len(shapes) != 1 or len(shapes[0]) != 1 or shapes == [(0,)]:
            raise ValueError(
                f"the runs of {name!r} must be lists of as many numbers, n ≥ 1, got shapes "
                f"{shapes}: cut them to the shortest, and put a single run into a list"
            )
    if ax is None:
        _, ax = plt.subplots(figsize=(6, 3.5), layout="constrained")
    colors = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000"]
    lines = []
    for number, (name, values) in enumerate(runs.items()):
        values = np.asarray(values, float)  # (num_runs, num_epochs)
        epochs = np.arange(1, values.shape[1] + 1)
        color = colors[number % 7]
        band = (values.min(axis=0), values.max(axis=0))
        ax.fill_between(epochs, *band, color=color, alpha=0.2, linewidth=0)
        mean = values.mean(axis=0)
        style = "os^Dv<>"[number % 7] + ("-", "--")[number // 7]
        lines += ax.plot(epochs, mean, style, color=color, markersize=4, label=name)
    ax.set_xlabel("epoch")
    ax.set_ylabel(metric, parse_math=False)
    ax.xaxis.get_major_locator().set_params(integer=True)
    legend = ax.legend(lines, ["-"] * len(lines), ncols=1 + len(lines) // 8)
    for text, name in zip(legend.get_texts(), runs, strict=True):
        text.set(text=name, parse_math=False)  # as it is, also with "_" in front, or "$"
    return ax


def plot_gan_losses(history, *, ax=None):
    """Return Axes with the losses of a generator (blue) and a discriminator (orange).

    The grey lines show what both would be if the discriminator could only guess: ln 2 for the
    generator's, 2 ln 2 for the sum of its own two losses (real and generated).

    history: the dict ``History.history``, with ``generator_loss`` and ``discriminator_loss``: a
    number per epoch. A NaN is a gap.
    ax: the Axes to draw on; by default those of a new figure.

    Raises ValueError if one of the two is missing or empty.

    Source: Goodfellow et al., "Generative Adversarial Nets" (2014).
    """
    for metric in ("generator_loss", "discriminator_loss"):
        if metric not in history:
            known = ", ".join(history)
            raise ValueError(f"no metric {metric!r} in this history, only {known}: is it a GAN's?")
        if not len(history[metric]):
            raise ValueError(f"no epoch in this history of {metric!r}: run fit for one or more")
    if ax is None:
        _, ax = plt.subplots(figsize=(6, 3.5), layout="constrained")
    curves = (
        ("generator", "#0072B2", np.log(2)),
        ("discriminator", "#D55E00", 2 * np.log(2)),
    )
    at_end = {"ha": "right", "textcoords": "offset points", "color": "0.4", "fontsize": 8}
    for name, color, guess in curves:
        losses = history[f"{name}_loss"]
        epochs = np.arange(1, len(losses) + 1)
        ax.plot(epochs, losses, color=color, marker="o", markersize=4, label=name)
        ax.axhline(guess, color="0.6", linestyle="--", linewidth=1)
        ax.annotate(f"{name}, guessing", (epochs[-1], guess), (0, 3), **at_end)
    ax.margins(y=0.1)
    ax.set(xlabel="epoch", ylabel="loss")
    ax.xaxis.get_major_locator().set_params(integer=True)
    ax.legend()
    return ax
