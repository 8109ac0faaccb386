"""From text to numbers and back: vocabulary and windows to train on."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Vocabulary:
    """The characters that a network knows; the place of a character is its id.

    characters: str, each character once. ``len(vocabulary)`` is the field's ``vocab_size``.
    """

    characters: str

    @classmethod
    def from_text(cls, text):
        """Return the vocabulary of all characters in a text, sorted by code point."""
        return cls("".join(sorted(set(text))))

    def __post_init__(self):
        if not self.characters or len(set(self.characters)) != len(self.characters):
            raise ValueError(
                f"expected each character once, got {self.characters!r}: use Vocabulary.from_text(text)"
            )

    def __len__(self):
        return len(self.characters)

    def encode(self, text):
        """Return the ids of a text's characters, int32 ``(len(text),)``.

        Raises ValueError for a character that is not in the vocabulary.
        """
        ids = {character: i for i, character in enumerate(self.characters)}
        try:
            return np.array([ids[character] for character in text], np.int32)
        except KeyError as error:
            character = error.args[0]
            raise ValueError(
                f"the character {character!r} (U+{ord(character):04X}) at position {text.index(character)} is not "
                f"among the {len(self)} that this vocabulary knows: {self.characters!r}. Replace it in your text."
            ) from None

    def decode(self, ids):
        """Return the text of ids, integers ``(length,)`` in 0..len(vocabulary) - 1; the inverse of ``encode``."""
        ids = np.asarray(ids)
        if ids.size and not (ids.min() >= 0 and ids.max() < len(self)):
            raise ValueError(f"ids must lie in 0..{len(self) - 1}, got {ids.min()}..{ids.max()}")
        return "".join(self.characters[i] for i in ids)


def text_windows(ids, length, *, stride=None):
    """Return inputs and targets, each ``(num_windows, length)``: a target is the character after its input.

    ids: integers ``(n,)``, n > length. stride: from the start of a window to the next; by default length, so
    that every character is predicted once (but for a rest shorter than a window at the end).

    Raises ValueError if the text is too short for one window.
    """
    ids = np.asarray(ids)
    if len(ids) <= length:
        raise ValueError(
            f"one window of {length} needs {length + 1} characters, got {len(ids)}: shorten the window"
        )
    starts = np.arange(0, len(ids) - length, stride or length)
    windows = ids[starts[:, None] + np.arange(length + 1)]  # (num_windows, length + 1)
    return windows[:, :-1], windows[:, 1:]


def text_lanes(ids, length, batch_size):
    """Return inputs and targets, each ``(num_batches * batch_size, length)``, for a network that keeps its state.

    The text is cut into batch_size lanes of equal length; batch k holds the k-th window of every lane. So each row of
    a batch goes on where the same row of the last batch ended: train with ``shuffle=False`` and a stateful network.
    ids: integers ``(n,)``, n > batch_size * length; what does not fill a window in every lane is left out.

    Raises ValueError if the text is too short for one window in every lane.
    """
    ids = np.asarray(ids)
    count = (len(ids) - 1) // (batch_size * length)  # of batches
    if count < 1:
        needed = batch_size * length + 1
        raise ValueError(
            f"{batch_size} lanes of {length} need {needed} characters, got {len(ids)}: take smaller ones"
        )
    size = count * batch_size * length
    lanes = np.stack([ids[:size], ids[1 : size + 1]]).reshape(2, batch_size, count, length)
    inputs, targets = lanes.swapaxes(1, 2).reshape(2, count * batch_size, length)
    return inputs, targets
