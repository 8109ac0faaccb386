"""Loads: seven series of 14,400 hours made up by a program, the same in each run.

They stand in for the transformers: the hour of the day and the day of the week show, what wanders
slowly is shared by all, and each has noise of its own.
"""

import numpy as np

from nnlab.datasets.sets import Dataset

NUM_HOURS = 14_400
NUM_SERIES = 7
MEMORY = 0.99  # of what wanders, from one hour to the next
OWN_MEMORY = 0.7


def read(_contents):
    """Return times, values and the names of the series."""
    from scipy.signal import lfilter

    rng = np.random.default_rng(0)
    hours = np.arange(NUM_HOURS)
    times = np.datetime64("2020-01-06T00", "h") + hours  # a Monday
    weekend = (hours // 24) % 7 >= 5
    shared = lfilter([1], [1, -MEMORY], rng.normal(0, 0.1, NUM_HOURS))
    values = np.empty((NUM_HOURS, NUM_SERIES))
    for number in range(NUM_SERIES):
        peak = rng.uniform(0, 24)  # hour of the day
        day = np.cos((hours - peak) * 2 * np.pi / 24) + 0.4 * np.cos((hours - peak) * np.pi / 6)
        own = lfilter([1], [1, -OWN_MEMORY], rng.normal(0, 0.25, NUM_HOURS))
        values[:, number] = day * (1 - 0.4 * weekend) + rng.uniform(0.5, 1) * shared + own
        values[:, number] = rng.uniform(5, 20) + rng.uniform(1, 4) * values[:, number]
    return times, values, tuple(f"load {number + 1}" for number in range(NUM_SERIES))


DATASET = Dataset(
    name="loads",
    title="made-up loads",
    source="nnlab: made up by a program",
    license="Apache-2.0",
    read=read,
)
