"""From text to numbers and back: vocabulary, windows to train on, and writing with a trained network."""

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
            raise ValueError(f"expected each character once, got {self.characters!r}: use Vocabulary.from_text(text)")

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
        raise ValueError(f"one window of {length} needs {length + 1} characters, got {len(ids)}: shorten the window")
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
        raise ValueError(f"{batch_size} lanes of {length} need {needed} characters, got {len(ids)}: take smaller ones")
    size = count * batch_size * length
    lanes = np.stack([ids[:size], ids[1 : size + 1]]).reshape(2, batch_size, count, length)
    inputs, targets = lanes.swapaxes(1, 2).reshape(2, count * batch_size, length)
    return inputs, targets


def generate_text(sampler, vocabulary, prompt, length, *, temperature=1.0, top_k=None, top_p=1.0, seed=0, stream=False):
    """Return prompt and ``length`` new characters, drawn one by one from the network's probabilities.

    sampler: what ``nnlab.models.build_sampler`` makes of a network. prompt: a str of one or more characters, or a
    list of them, which are continued side by side; a list comes back.
    temperature: ≥ 0; divides the logits: below 1 safer, above 1 wilder, 0 always the most probable character.
    top_k: draw only from the k most probable characters. top_p: draw only from the fewest whose probabilities
    reach p together, in (0, 1]. seed: same seed, same text.
    stream: return a generator of pieces instead; joined, they are the same text. For one prompt only.

    Raises ValueError for a setting outside its range, an empty prompt or an unknown character.

    Source: top-k: Fan et al., "Hierarchical Neural Story Generation" (2018); top-p: Holtzman et al., "The Curious
    Case of Neural Text Degeneration" (2020).
    """
    prompts = [prompt] if isinstance(prompt, str) else list(prompt)
    if not prompts or not all(prompts) or (stream and len(prompts) > 1):
        raise ValueError(f"expected a prompt of one character or more (to stream: a single one), got {prompt!r}")
    if not (temperature >= 0 and 0 < top_p <= 1 and (top_k is None or top_k >= 1)):
        raise ValueError(
            f"expected temperature ≥ 0, top_k ≥ 1 and top_p in (0, 1], got {temperature=}, {top_k=} and {top_p=}"
        )
    if temperature == 0:
        temperature, top_k = 1.0, 1
    known = [vocabulary.encode(text) for text in prompts]
    steps = max(map(len, known)) - 1 + length
    settings = [temperature, min(top_k or len(vocabulary), len(vocabulary)), top_p]

    def pieces(chunk=32):
        rng = np.random.default_rng(seed)
        ids = np.array([each[:1] for each in known], np.float32)  # (batch, 1), the last character so far
        yield ids.astype(int)
        states = [np.zeros((len(known), *state.shape[1:]), np.float32) for state in sampler.inputs[2:]]
        for start in range(0, steps, chunk):
            given = np.full((len(known), chunk), -1.0, np.float32)  # −1: to be drawn
            for row, each in zip(given, known, strict=True):
                rest = each[start + 1 : start + 1 + chunk]
                row[: len(rest)] = rest
            drawn = 1 - rng.random((len(known), chunk), np.float32)  # in (0, 1]
            others = np.broadcast_to(settings, (*given.shape, 3))
            inputs = np.concatenate([given[..., None], drawn[..., None], others], axis=-1, dtype=np.float32)
            written, ids, *states = sampler.predict_on_batch([inputs, ids, *states])
            yield written[:, : steps - start].astype(int)  # (batch, up to chunk)

    if stream:
        return (vocabulary.decode(piece[0]) for piece in pieces())
    ids = np.concatenate(list(pieces()), axis=1)
    texts = [vocabulary.decode(row[: len(each) + length]) for row, each in zip(ids, known, strict=True)]
    return texts[0] if isinstance(prompt, str) else texts
