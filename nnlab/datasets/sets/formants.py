"""Formants: 600 sounds in ten classes, made by a program, the same in each run.

They stand in for spoken digits. A voice is a row of pulses, which two resonances (formants) of the
mouth colour; as we speak they move, and their way tells the class. Six speakers differ in pitch, in
the size of the mouth, which shifts all formants, and in speed.
"""

import numpy as np

from nnlab.datasets.sets import Dataset

RATE = 8_000
TAKES = 10
TEST_TAKES = 2  # of each class by each speaker, the first ones
WAYS = (  # of each class: both formants at its beginning and at its end, hertz
    ((300, 2200), (300, 2200)),
    ((300, 2200), (700, 1200)),
    ((700, 1200), (300, 2200)),
    ((700, 1200), (700, 1200)),
    ((300, 800), (300, 2200)),
    ((300, 2200), (300, 800)),
    ((300, 800), (700, 1200)),
    ((700, 1200), (300, 800)),
    ((500, 1700), (300, 800)),
    ((500, 1700), (700, 1200)),
)
SPEAKERS = {  # pitch, hertz; size of formants; length of a sound, seconds
    "anna": (210, 1.15, 0.40),
    "ben": (110, 0.95, 0.45),
    "cara": (190, 1.10, 0.50),
    "dan": (95, 0.90, 0.38),
    "eva": (170, 1.05, 0.42),
    "finn": (130, 1.00, 0.48),
}


def read(_contents):
    """Return waves, labels, speakers, takes, parts and rate, in the order of takes and classes."""
    rng = np.random.default_rng(0)
    sounds = []
    for take in range(TAKES):
        for label, way in enumerate(WAYS):
            for speaker, voice in SPEAKERS.items():
                sounds.append((_spoken(way, voice, rng), label, speaker, take))
    waves, labels, speakers, takes = zip(*sounds, strict=True)
    parts = tuple("test" if take < TEST_TAKES else "train" for take in takes)
    return waves, np.array(labels, np.uint8), speakers, np.array(takes, np.uint8), parts, RATE


def _spoken(way, voice, rng):
    """Return a sound, int16 (num_samples,): harmonics of the pitch, loud where formants are."""
    pitch, size, seconds = voice
    length = int(RATE * seconds * rng.uniform(0.85, 1.15))
    done = np.linspace(0, 1, length)[:, None]  # share of the sound that is over, (samples, 1)
    pitches = pitch * rng.uniform(0.95, 1.05) * (1.1 - 0.2 * done)  # it falls
    phase = 2 * np.pi * np.cumsum(pitches, axis=0) / RATE
    harmonics = np.arange(1, int(3600 / pitch))  # (harmonics,)
    start, end = np.array(way) * size * rng.uniform(0.96, 1.04, (2, 2))
    loudness = 0.0
    for first, last, width in zip(start, end, (120, 200), strict=True):
        formant = first + (last - first) * done
        loudness = loudness + np.exp(-(((harmonics * pitches - formant) / width) ** 2) / 2)
    wave = np.sum((loudness + 0.02) * np.sin(harmonics * phase), axis=1)
    wave *= np.sin(np.pi * done[:, 0]) ** 0.5  # louder in the middle
    wave += rng.normal(0, 0.02, length) * np.abs(wave).max()
    return (wave / np.abs(wave).max() * rng.uniform(5_000, 20_000)).astype(np.int16)


DATASET = Dataset(
    name="formants",
    title="made-up words",
    source="nnlab: made up by a program",
    license="Apache-2.0",
    read=read,
    class_names=tuple(f"word {number}" for number in range(len(WAYS))),
)
