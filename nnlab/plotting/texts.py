"""Texts that a network has written."""

import textwrap

import matplotlib.pyplot as plt


def plot_texts(texts, *, width=90, max_lines=6, ax=None):
    """Return Axes with texts one below the other, each under its name.

    texts: dict of name → str, n ≥ 1, e.g. samples at several temperatures, or after several epochs.
    width: characters in a line, at most; longer lines are wrapped.
    max_lines: lines of each text; the rest is cut off.
    ax: the Axes to draw on; by default those of a new figure.

    Raises ValueError if there is no text.
    """
    if not texts:
        raise ValueError("expected one text or more, got none: pass a dict of name → text")
    shown = {}
    for name, text in texts.items():
        lines = []
        for line in text.splitlines():
            lines += textwrap.wrap(line, width) or [""]
        shown[name] = lines[:max_lines]
    total = sum(len(lines) + 2 for lines in shown.values())
    if ax is None:
        _, ax = plt.subplots(figsize=(9, 0.175 * total), layout="constrained")
    title = {"weight": "bold", "va": "top", "fontsize": 9, "parse_math": False}
    body = {"family": "monospace", "va": "top", "fontsize": 8.5, "parse_math": False}
    top = 0
    for name, lines in shown.items():
        ax.text(0, top, name, **title)
        ax.text(0.015, top + 1.1, "\n".join(lines), linespacing=1.25, **body)
        top += len(lines) + 2
    ax.set(xlim=(0, 1), ylim=(total, -0.3))
    ax.axis("off")
    return ax
