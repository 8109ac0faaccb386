"""Curves of one training run or of several."""

import matplotlib.pyplot as plt
import numpy as np


def plot_history(history, metric="loss", *, ax=None):
    """Return Axes with one metric against epochs: training in blue and, where there is one, validation in orange.

    history: the dict ``History.history`` that ``fit`` returns: name → list of one number per epoch.

    Raises ValueError if the metric is not in the history.
    """
    if metric not in history:
        raise ValueError(
            f"no metric {metric!r} in this history, only {', '.join(history)}: pass one of these"
        )
    if ax is None:
        _, ax = plt.subplots(figsize=(6, 3.5), layout="constrained")
    epochs = np.arange(1, len(history[metric]) + 1)
    ax.plot(epochs, history[metric], color="#0072B2", marker="o", markersize=4, label="training")
    if f"val_{metric}" in history:
        ax.plot(
            epochs,
            history[f"val_{metric}"],
            color="#D55E00",
            marker="s",
            markersize=4,
            label="validation",
        )
    ax.set(xlabel="epoch", ylabel=metric)
    ax.xaxis.get_major_locator().set_params(integer=True)
    ax.grid(alpha=0.3)
    ax.legend(frameon=False)
    return ax


def plot_runs(runs, metric="loss", *, ax=None):
    """Return Axes with a metric of several candidates against epochs: the mean of each one's runs, and their range.

    runs: dict of name → list of runs, each a list of one number per epoch, e.g. ``history["val_loss"]`` for several
    seeds; the runs of one candidate have the same length. metric: what the numbers are. The band around a line
    reaches from the least to the greatest of its runs.
    """
    if ax is None:
        _, ax = plt.subplots(figsize=(6, 3.5), layout="constrained")
    colors = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "0.2"]
    for number, (name, values) in enumerate(runs.items()):
        values = np.asarray(values, float)  # (num_runs, num_epochs)
        epochs, color = np.arange(1, values.shape[1] + 1), colors[number % len(colors)]
        ax.fill_between(
            epochs, values.min(axis=0), values.max(axis=0), color=color, alpha=0.2, linewidth=0
        )
        ax.plot(
            epochs,
            values.mean(axis=0),
            color=color,
            marker="os^Dv<>"[number % 7],
            markersize=4,
            label=name,
        )
    ax.set(xlabel="epoch", ylabel=metric)
    ax.xaxis.get_major_locator().set_params(integer=True)
    ax.grid(alpha=0.3)
    ax.legend(frameon=False)
    return ax


def plot_gan_losses(history, *, ax=None):
    """Return Axes with the losses of a generator (blue) and a discriminator (orange) against epochs.

    history: the dict ``History.history``, with ``generator_loss`` and ``discriminator_loss``. The grey lines show
    what both would be if the discriminator could only guess: ln 2 for the generator's, 2 ln 2 for the sum of its
    own two losses (real and generated).

    Source: Goodfellow et al., "Generative Adversarial Nets" (2014).
    """
    if ax is None:
        _, ax = plt.subplots(figsize=(6, 3.5), layout="constrained")
    epochs = np.arange(1, len(history["generator_loss"]) + 1)
    for name, color, guess in (
        ("generator", "#0072B2", np.log(2)),
        ("discriminator", "#D55E00", 2 * np.log(2)),
    ):
        ax.plot(epochs, history[f"{name}_loss"], color=color, marker="o", markersize=4, label=name)
        ax.axhline(guess, color="0.6", linestyle="--", linewidth=1)
        at_end = {"ha": "right", "textcoords": "offset points", "color": "0.4", "fontsize": 8}
        ax.annotate(f"{name}, guessing", (epochs[-1], guess), (0, 3), **at_end)
    ax.set(xlabel="epoch", ylabel="loss")
    ax.xaxis.get_major_locator().set_params(integer=True)
    ax.grid(alpha=0.3)
    ax.legend(frameon=False)
    return ax
