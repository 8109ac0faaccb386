"""Recordings of single words, as arrays of samples, with their source and licence."""

from dataclasses import dataclass

import numpy as np

from nnlab.datasets import _files
from nnlab.datasets.sets import formants, spoken_digits

DATASETS = {each.DATASET.name: each.DATASET for each in (spoken_digits, formants)}


@dataclass(frozen=True, eq=False)
class AudioData:
    """Recordings of words, who said them, and where they come from. They differ in length.

    waves: of each recording, raw int16 (num_samples,), mono.
    labels: uint8, (num_recordings,): the class of label k is ``class_names[k]``.
    speakers: of each recording, the name of who speaks.
    takes: uint8, (num_recordings,): which of a speaker's recordings of the word it is, from 0.
    parts: of each recording, the published part that it belongs to: "train" or "test".
    rate: samples a second.
    """

    waves: tuple[np.ndarray, ...]
    labels: np.ndarray
    speakers: tuple[str, ...]
    takes: np.ndarray
    parts: tuple[str, ...]
    rate: int
    class_names: tuple[str, ...]
    name: str
    source: str
    license: str

    @property
    def num_classes(self):
        """How many classes there are."""
        return len(self.class_names)


def load_audio(name, *, offline=None):
    """Return recordings of spoken words as `AudioData`.

    name: ``spoken_digits`` (3,000 recordings of the ten digits by six speakers, 8,000 samples a
        second), whose file comes from the folders in NNLAB_DATA, else from the cache, else from
        public addresses, and must have the right content; or ``formants`` (600 sounds in ten
        classes, made by a program), which need no network. A recording of your own is read by
        `read_wav`.
    offline: what to load, with a warning, where the file cannot be had: ``formants`` or None.
        ``data.name`` tells which it is.

    A quick run (NNLAB_QUICK=1) never downloads: it takes what is there, or what ``offline`` names.

    Raises FileNotFoundError, which says what was tried and what to do, where the file cannot be had
    and ``offline`` is None; ValueError for an unknown name and a damaged file.
    """
    advice = " A WAV file of your own is read by read_wav."
    dataset, contents = _files.load(name, DATASETS, offline=offline, kind="audio", advice=advice)
    waves, labels, speakers, takes, parts, rate = dataset.read(contents)
    return AudioData(
        waves=waves,
        labels=labels,
        speakers=speakers,
        takes=takes,
        parts=parts,
        rate=rate,
        class_names=dataset.class_names,
        name=dataset.name,
        source=dataset.source,
        license=dataset.license,
    )
