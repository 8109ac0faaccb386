"""Time series as arrays of numbers, with their times, source and licence."""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nnlab.datasets import _encodings, _files, _tables
from nnlab.datasets.sets import (
    etth1,
    etth2,
    loads,
    passengers,
    seasons,
    sunspots,
    temperatures,
)

SETS = (etth1, etth2, sunspots, passengers, temperatures, loads, seasons)
DATASETS = {each.DATASET.name: each.DATASET for each in SETS}


@dataclass(frozen=True, eq=False)
class SeriesData:
    """One or more series of numbers at the same times, and where they come from.

    times: datetime64, (num_times,), ascending: hours, days or months, as the file has them.
    values: float64, (num_times, num_series), raw.
    series_names: of each series, its name in the file.
    """

    times: np.ndarray
    values: np.ndarray
    series_names: tuple[str, ...]
    name: str
    source: str
    license: str

    @property
    def num_series(self):
        """How many series there are."""
        return len(self.series_names)


def load_series(name, *, offline=None):
    """Return one or more time series, or those in a file of your own, as `SeriesData`.

    name: ``etth1``, ``etth2`` (hourly loads and oil temperature of two electricity transformers,
        7 series), ``sunspots``, ``passengers`` (monthly) or ``temperatures``, whose
        file comes from the folders in NNLAB_DATA, else from the cache, else from public addresses,
        and must have the right content; ``loads`` (hourly, 7 series) or ``seasons`` (monthly),
        which are made up and need no network; or a `pathlib.Path`: your own CSV file in UTF-8. Its
        first row names the columns, its first column has times such as 2016-07-01 00:00, which
        ascend, and its other columns have numbers.
    offline: what to load, with a warning, where the file cannot be had: ``loads``, ``seasons`` or
        None. ``data.name`` tells which it is.

    A quick run (NNLAB_QUICK=1) never downloads: it takes what is there, or what ``offline`` names.

    Raises FileNotFoundError, which says what was tried and what to do, where the file cannot be had
    and ``offline`` is None; ValueError for an unknown name, a damaged file, and an own file that is
    no such table.
    """
    if isinstance(name, Path):
        times, values, series_names = _tables.read_table(_encodings.read_text(name), str(name))
        about = {"name": name.stem, "source": str(name), "license": "your own file"}
        return SeriesData(times, values, series_names, **about)
    advice = " Your own CSV file is loaded by its pathlib.Path"
    is_file = isinstance(name, str) and os.path.isfile(name)  # noqa: PTH113 (Path's may raise)
    if is_file and name not in DATASETS:
        advice += f", and there is such a file: load_series(Path({name!r}))"
    dataset, contents = _files.load(
        name, DATASETS, offline=offline, kind="series", advice=f"{advice}."
    )
    times, values, series_names = dataset.read(contents)
    return SeriesData(
        times,
        values,
        series_names,
        name=dataset.name,
        source=dataset.source,
        license=dataset.license,
    )
