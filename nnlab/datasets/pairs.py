"""Sentences with their translations, their source and licence."""

from dataclasses import dataclass

from nnlab.datasets import _files
from nnlab.datasets.sets import phrases, spa_eng

DATASETS = {each.DATASET.name: each.DATASET for each in (spa_eng, phrases)}


@dataclass(frozen=True, eq=False)
class PairData:
    """Pairs of sentences that mean the same in two languages, and where they come from.

    sources, targets: the sentences (str), as they were published: ``targets[k]`` translates
        ``sources[k]``. A sentence may occur again, with another translation.
    languages: of the sources and of the targets.
    """

    sources: tuple[str, ...]
    targets: tuple[str, ...]
    languages: tuple[str, str]
    name: str
    source: str
    license: str


def load_pairs(name, *, offline=None):
    """Return sentences and their translations as `PairData`, in the published order.

    name: ``spa_eng`` (118,121 English sentences in Spanish), whose file comes from the folders in
        NNLAB_DATA, else from the cache, else from public addresses, and must have the right
        content; or ``phrases`` (3,000 small ones, made up), which are embedded and need no network.
        In both, short sentences come first, and one may occur again with another translation:
        shuffle them, and let no English sentence be in the training and in the test part.
    offline: what to load, with a warning, where the file cannot be had: ``phrases`` or None.
        ``data.name`` tells which it is.

    A quick run (NNLAB_QUICK=1) never downloads: it takes what is there, or what ``offline`` names.

    Raises FileNotFoundError, which says what was tried and what to do, where the file cannot be had
    and ``offline`` is None; ValueError for an unknown name and a damaged file.
    """
    dataset, contents = _files.load(name, DATASETS, offline=offline, kind="pair")
    sources, targets = dataset.read(contents)
    return PairData(
        sources=sources,
        targets=targets,
        languages=("English", "Spanish"),
        name=dataset.name,
        source=dataset.source,
        license=dataset.license,
    )
