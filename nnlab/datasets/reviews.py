"""Texts that were judged, with the judgement, their source and licence."""

from dataclasses import dataclass

import numpy as np

from nnlab.datasets import _files
from nnlab.datasets.sets import imdb, opinions

DATASETS = {each.DATASET.name: each.DATASET for each in (imdb, opinions)}


@dataclass(frozen=True, eq=False)
class ReviewData:
    """Reviews, whether each is good or bad, and where they come from.

    x_train, x_test: the texts (str), as they were published.
    y_train, y_test: uint8, (n,): the class of label k is ``class_names[k]``; 1 is positive.
    stars_train, stars_test: uint8, (n,): how many stars the reviewer gave, 1 to 10.
    """

    x_train: tuple[str, ...]
    y_train: np.ndarray
    stars_train: np.ndarray
    x_test: tuple[str, ...]
    y_test: np.ndarray
    stars_test: np.ndarray
    class_names: tuple[str, ...]
    name: str
    source: str
    license: str

    @property
    def num_classes(self):
        """How many classes there are."""
        return len(self.class_names)


def load_reviews(name, *, offline=None):
    """Return texts that were judged as `ReviewData`, in the published training and test parts.

    name: ``imdb`` (25,000 and 25,000 reviews of films), whose file comes from the folders in
        NNLAB_DATA, else from the cache, else from public addresses, and must have the right
        content; or ``opinions`` (1,200 and 400 small ones, made up), which are embedded and need no
        network. In both, each part has its negative reviews first: shuffle before you train.
    offline: what to load, with a warning, where the file cannot be had: ``opinions`` or None.
        ``data.name`` tells which it is.

    A quick run (NNLAB_QUICK=1) never downloads: it takes what is there, or what ``offline`` names.

    Raises FileNotFoundError, which says what was tried and what to do, where the file cannot be had
    and ``offline`` is None; ValueError for an unknown name and a damaged file.
    """
    dataset, contents = _files.load(name, DATASETS, offline=offline, kind="review")
    x_train, y_train, stars_train, x_test, y_test, stars_test = dataset.read(contents)
    return ReviewData(
        x_train=x_train,
        y_train=y_train,
        stars_train=stars_train,
        x_test=x_test,
        y_test=y_test,
        stars_test=stars_test,
        class_names=dataset.class_names,
        name=dataset.name,
        source=dataset.source,
        license=dataset.license,
    )
