"""Texts that a network has written."""

import textwrap

import matplotlib.pyplot as plt


def plot_texts(texts, *, width=90, max_lines=6, ax=None):
    """Return Axes with texts one below the other, each under its name: samples across temperatures, or epochs.

    texts: dict of name → text. width: characters in a line. max_lines: of each text; the rest is cut off.
    """
    shown = {}
    for name, text in texts.items():
        lines = [part for line in text.splitlines() for part in textwrap.wrap(line, width) or [""]]
        shown[name] = lines[:max_lines]
    total = sum(len(lines) + 2 for lines in shown.values())
    if ax is None:
        _, ax = plt.subplots(figsize=(9, 0.175 * total), layout="constrained")
    top = 0
    for name, lines in shown.items():
        ax.text(0, top, name, weight="bold", va="top", fontsize=9)
        block = "\n".join(lines).replace("$", r"\$")
        ax.text(
            0.015, top + 1.1, block, va="top", fontsize=8.5, family="monospace", linespacing=1.25
        )
        top += len(lines) + 2
    ax.set(xlim=(0, 1), ylim=(total, -0.3))
    ax.axis("off")
    return ax
