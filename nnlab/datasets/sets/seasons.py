"""Seasons: a series of 240 months made up by a program, the same in each run.

It grows by three in a hundred each year, and more in summer than in winter.
"""

import numpy as np

from nnlab.datasets.sets import Dataset

NUM_MONTHS = 240


def read(_contents):
    """Return times, values and the names of the series."""
    from scipy.signal import lfilter

    rng = np.random.default_rng(0)
    months = np.arange(NUM_MONTHS)
    times = np.datetime64("2000-01", "M") + months
    season = 1 - 0.2 * np.cos(months * 2 * np.pi / 12)
    wandering = lfilter([1], [1, -0.8], rng.normal(0, 0.02, NUM_MONTHS))
    values = 100 * 1.03 ** (months / 12) * season * np.exp(wandering)
    return times, values[:, None], ("made up",)


DATASET = Dataset(
    name="seasons",
    title="made-up seasons",
    source="nnlab: made up by a program",
    license="Apache-2.0",
    read=read,
)
