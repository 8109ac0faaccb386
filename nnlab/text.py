"""From text to numbers and back: a vocabulary, and batches to train on."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Vocabulary:
    """The characters that a network knows; the place of a character is its id.

    characters: str, each character once. ``len(vocabulary)`` is the field's ``vocab_size``.

    Raises ValueError for no character and for one that occurs twice.
    """

    characters: str

    @classmethod
    def from_text(cls, text):
        """Return the vocabulary of all characters in a text, sorted by code point."""
        return cls("".join(sorted(set(text))))

    def __post_init__(self):
        if not self.characters or len(set(self.characters)) != len(self.characters):
            raise ValueError(
                f"expected each character once, got {self.characters!r}: "
                "use Vocabulary.from_text(text)"
            )

    def __len__(self):
        return len(self.characters)

    def encode(self, text):
        """Return the ids of a text's characters, int32 ``(len(text),)``.

        Raises ValueError for a character that is not in the vocabulary, and for anything but str.
        """
        if not isinstance(text, str):
            raise ValueError(
                f"text must be str, got {type(text).__name__}: join lines by '\\n'.join(lines), "
                "decode bytes by raw.decode()"
            )
        ids = {character: i for i, character in enumerate(self.characters)}
        try:
            return np.array([ids[character] for character in text], np.int32)
        except KeyError as error:
            character = error.args[0]
            raise ValueError(
                f"the character {character!r} (U+{ord(character):04X}) at position "
                f"{text.index(character)} is not among the {len(self)} that this vocabulary knows: "
                f"{self.characters!r}. Replace it in your text."
            ) from None

    def decode(self, ids):
        """Return the text of ids, integers ``(length,)`` in 0..len(vocabulary) - 1.

        It is the inverse of ``encode``. Raises ValueError for ids of another shape or dtype, and
        outside their range.
        """
        ids = np.asarray(ids)
        if ids.ndim != 1 or (ids.size and ids.dtype.kind not in "iu"):
            raise ValueError(
                f"ids must be integers (length,), got {ids.dtype} {ids.shape}: decode a batch "
                "row by row"
            )
        if ids.size and not (ids.min() >= 0 and ids.max() < len(self)):
            raise ValueError(
                f"ids must lie in 0..{len(self) - 1}, got {ids.min()}..{ids.max()}: "
                "is this the vocabulary that they were encoded with?"
            )
        return "".join(self.characters[i] for i in ids)


def stateful_batches(ids, length, batch_size):
    """Return inputs and targets in batches for a stateful network, ``(num_rows, length)`` each.

    The text is cut into batch_size contiguous parts of equal length; batch k holds the k-th window
    of every part. So each row of a batch goes on where the same row of the batch before it ended:
    train with ``shuffle=False``. The target of a character is the one after it; each is predicted
    once. num_rows is batch_size times the number of batches.

    ids: integers ``(n,)``, n > batch_size * length; what fills no window in every part is left out.
    length: characters in a window.
    batch_size: rows of a batch.

    Raises ValueError if the text is too short for one batch, and for another shape or size.
    """
    ids = np.asarray(ids)
    if ids.ndim != 1 or min(length, batch_size) < 1:
        raise ValueError(
            f"ids must be (n,), length and batch_size ≥ 1, got {ids.shape}, {length} and "
            f"{batch_size}: pass the ids of one long text"
        )
    num_batches = (len(ids) - 1) // (batch_size * length)
    if num_batches < 1:
        raise ValueError(
            f"{batch_size} rows of {length} need {batch_size * length + 1} characters, "
            f"got {len(ids)}: take fewer or shorter rows"
        )
    size = num_batches * batch_size * length
    pairs = np.stack([ids[:size], ids[1 : size + 1]])  # (2, size): inputs, targets
    parts = pairs.reshape(2, batch_size, num_batches, length)
    batches = parts.swapaxes(1, 2)  # (2, num_batches, batch_size, length)
    inputs, targets = batches.reshape(2, num_batches * batch_size, length)
    return inputs, targets
