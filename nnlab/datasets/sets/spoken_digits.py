"""Free Spoken Digit Dataset: ten English digits, each said 50 times by each of six speakers.

3,000 recordings, 8,000 samples a second, 16 bits, mono, cut close to the word: 0.14 to 2.28 seconds
long. The published test part are the first five takes of each digit by each speaker, 300 in all.
"""

import numpy as np

from nnlab.datasets import _waves
from nnlab.datasets.sets import DataFile, Dataset

CLASS_NAMES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
TEST_TAKES = 5  # of each digit by each speaker, the first ones
RATE = 8_000


def read(contents):
    """Return waves, labels, speakers, takes, parts and rate, in the order of takes and names."""
    [members] = contents
    found = []
    for path, content in members.items():
        digit, speaker, take = path.removeprefix("recordings/").removesuffix(".wav").split("_")
        found.append((int(take), int(digit), speaker, _samples(content)))
    found.sort(key=lambda recording: recording[:3])
    takes, labels, speakers, waves = zip(*found, strict=True)
    parts = tuple("test" if take < TEST_TAKES else "train" for take in takes)
    return waves, np.array(labels, np.uint8), speakers, np.array(takes, np.uint8), parts, RATE


def _samples(content):
    """Return the samples of a published file, int16 (num_samples,)."""
    _, samples = _waves.decode(content)
    return samples[:, 0].astype(np.int16)


DATASET = Dataset(
    name="spoken_digits",
    title="spoken digits",
    source="Zohar Jackson and contributors: Free Spoken Digit Dataset, "
    "doi.org/10.5281/zenodo.1342401",
    license="CC BY-SA 4.0",
    read=read,
    files=(
        DataFile(
            path="speech/free-spoken-digit-dataset.zip",
            urls=(
                "https://github.com/Jakobovski/free-spoken-digit-dataset/archive/"
                "26eb9aaf76e81b692f806f9140c2d2777410d7a1.zip",
                "https://github.com/Jakobovski/free-spoken-digit-dataset/archive/refs/heads/"
                "master.zip",
            ),
            download_bytes=16_600_000,  # about
            content_bytes=21_128_848,
            content_sha256="04e1baae96c6a26e39c623f2b01d0182ddae627ba0ac02a3cdc17ba2af99fd9b",
            members=("recordings/*.wav",),
        ),
    ),
    class_names=CLASS_NAMES,
    stand_in="formants",
)
