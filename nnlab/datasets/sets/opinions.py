"""Opinions: 1,600 small reviews of films made up by a program, the same in each run.

They stand in for reviews that people wrote. Each is good or bad on the whole, and most of its
sentences agree with that. Many say it by a "not": what counts is not only which words there are.
"""

import numpy as np

from nnlab.datasets.sets import Dataset

SIZES = (1200, 400)  # of the training part and of the test part
THINGS = (
    *("film", "movie", "story", "plot", "acting", "cast"),
    *("ending", "music", "script", "dialogue", "camera", "pace"),
)
BAD = (
    *("bad", "boring", "awful", "dull", "terrible"),
    *("silly", "weak", "lifeless", "clumsy", "dreadful"),
)
GOOD = (
    *("good", "great", "moving", "funny", "brilliant"),
    *("charming", "strong", "gripping", "clever", "lovely"),
)
FRAMES = (  # a word of the opinion itself
    "The {thing} is {word}.",
    "What a {word} {thing}!",
    "I found the {thing} {word}, even {other}.",
    "A {word} {thing}, and the {second} is {other}.",
)
DENIALS = (  # a word of the other opinion, denied
    "The {thing} is not {word}.",
    "The {thing} is never {word}.",
    "I cannot say that the {thing} is {word}.",
    "It isn't {word} at all.",
)
FILLERS = (
    "I saw it with a friend.",
    "It runs for two hours.",
    "We meet a doctor and his daughter.",
    "It was made in Canada.",
    "My brother lent me the disc.",
    "There is a scene in a train.",
)


def read(_contents):
    """Return texts, labels and stars of the training part, then of the test part."""
    rng = np.random.default_rng(0)
    parts = []
    for size in SIZES:
        labels = np.repeat([0, 1], size // 2)  # bad ones first
        texts = tuple(_review(label, rng) for label in labels)
        stars = np.where(labels == 1, rng.integers(7, 11, size), rng.integers(1, 5, size))
        parts += [texts, labels.astype(np.uint8), stars.astype(np.uint8)]
    return tuple(parts)


def _review(label, rng):
    """Return a review of 3 to 9 sentences."""
    return " ".join(_sentence(label, rng) for _ in range(rng.integers(3, 10)))


def _sentence(label, rng):
    kind = rng.random()
    if kind < 0.3:
        return str(rng.choice(FILLERS))
    opinion = label if rng.random() < 0.85 else 1 - label  # no review is of one mind
    denied = kind < 0.55
    word, other = rng.choice(GOOD if opinion != denied else BAD, 2, replace=False)
    thing, second = rng.choice(THINGS, 2, replace=False)
    frame = rng.choice(DENIALS if denied else FRAMES)
    return str(frame).format(thing=thing, second=second, word=word, other=other)


DATASET = Dataset(
    name="opinions",
    title="made-up reviews",
    source="nnlab: made up by a program",
    license="Apache-2.0",
    read=read,
    class_names=("negative", "positive"),
)
