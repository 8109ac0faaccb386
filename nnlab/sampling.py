"""New examples from trained networks: text, character by character; paths between noise vectors."""

import keras
import numpy as np
from keras import layers, ops


def build_sampler(model):
    """Return a sampler: it writes text with a network, one step of its cells for each character.

    model: as from ``build_char_rnn``: layers in a row, at least one of them recurrent. Its weights
        are shared, so the sampler improves while the network is trained.

    Give it to ``generate_text`` or ``stream_text``. They call its method ``write(prompts, length,
    …)`` with prompts as arrays of ids, which yields arrays of ids ``(batch, 1 to 32)``: the prompts
    and what follows them.
    """

    class Sampler(keras.Model):
        """``write`` runs in Python; for every 32 characters it runs ``call``, which is compiled."""

        def __init__(self, stack, vocab_size):
            super().__init__(name="sampler", dtype="float32")  # 16 bits are too few to draw with
            self.stack = stack
            self.vocab_size = vocab_size

        def write(self, prompts, length, *, temperature, top_k, top_p, seed):
            lengths = [len(prompt) for prompt in prompts]
            if not lengths or min(lengths) < 1 or length < 0:
                raise ValueError(
                    "expected prompts of one character or more, and length ≥ 0, "
                    f"got prompts of {lengths} characters, and {length=}"
                )
            if not (temperature >= 0 and 0 < top_p <= 1 and (top_k is None or top_k >= 1)):
                raise ValueError(
                    "expected temperature ≥ 0, top_k ≥ 1 and top_p in (0, 1], "
                    f"got {temperature=}, {top_k=} and {top_p=}"
                )
            settings = {
                "temperature": np.array(temperature, np.float32),
                "top_k": np.array(min(top_k or self.vocab_size, self.vocab_size), np.int32),
                "top_p": np.array(top_p, np.float32),
            }
            return self.chunks(prompts, length, settings, np.random.default_rng(seed))

        def chunks(self, prompts, length, settings, rng, size=32):
            end = max(map(len, prompts)) + length
            given = np.full((len(prompts), end + size), -1, np.int32)  # −1: to be drawn
            for row, prompt in zip(given, prompts, strict=True):
                row[: len(prompt)] = prompt
            last_ids = given[:, 0]  # (batch,)
            states = self.first_states(len(prompts))
            yield given[:, :1]
            for start in range(1, end, size):
                inputs = {
                    "last_ids": last_ids,
                    "states": states,
                    "given": given[:, start : start + size],
                    "uniform": 1 - rng.random((len(prompts), size), np.float32),  # in (0, 1]
                    **settings,
                }
                ids, states = self.predict_on_batch(inputs)  # (batch, size)
                if (ids < 0).any():
                    raise ValueError(
                        "the network gives logits that are NaN or infinite: its training diverged. "
                        "Train it again, with a smaller learning rate or clipped gradients"
                    )
                last_ids = ids[:, -1]
                yield ids[:, : end - start]

        def first_states(self, batch_size):
            """Return zeros: for each recurrent layer, a list of states ``(batch_size, width)``."""
            states = []
            for layer in self.stack:
                if hasattr(layer, "cell"):
                    widths = keras.tree.flatten(layer.cell.state_size)
                    states.append([np.zeros((batch_size, n), np.float32) for n in widths])
            return states

        def call(self, inputs):
            """Return the next ids, ``(batch, size)``, and the states after them."""
            settings = {name: inputs[name] for name in ("temperature", "top_k", "top_p")}

            def step(carried, place):
                last_ids, states = carried  # (batch,), and each state (batch, width)
                given, uniform = place  # (batch,), (batch,)
                logits, states = self.next_logits(last_ids, states)  # (batch, vocab_size)
                drawn = self.draw(logits, uniform, **settings)  # (batch,)
                ids = ops.where(given >= 0, given, drawn)  # (batch,)
                return (ids, states), (ids, states)  # TensorFlow collects just what is carried on

            carried = (inputs["last_ids"], inputs["states"])
            places = (ops.transpose(inputs["given"]), ops.transpose(inputs["uniform"]))
            (_, states), (ids, _) = ops.scan(step, carried, places)  # ids: (size, batch)
            return ops.transpose(ids), states

        def next_logits(self, ids, states):
            """Return the logits of the characters after ids ``(batch,)``, and the new states."""
            x = ops.maximum(ids, 0)  # (batch,); −1 is no character, see draw
            states = iter(states)
            new_states = []
            for layer in self.stack:
                if hasattr(layer, "cell"):
                    x, new = layer.cell(x, next(states), training=False)  # (batch, width)
                    new_states.append([ops.cast(each, "float32") for each in new])
                else:
                    x = layer(x, training=False)  # (batch, width); at the end (batch, vocab_size)
            return ops.cast(x, "float32"), new_states

        def draw(self, logits, uniform, temperature, top_k, top_p):
            """Return an id for each row of logits, ``(batch,)``; −1 where logits are not finite."""
            # Below 1, a temperature makes the probable more probable; in the limit, certain.
            logits = logits - ops.max(logits, axis=-1, keepdims=True)  # (batch, vocab_size), ≤ 0
            probabilities = ops.softmax(logits / ops.maximum(temperature, 1e-30))
            falling = ops.flip(ops.sort(probabilities, axis=-1), axis=-1)  # (batch, vocab_size)
            # top_k: the k-th of them is the least probable that is kept.
            least_by_k = ops.take(falling, top_k - 1, axis=-1)  # (batch,)
            # top_p: as long as those before do not reach p together, the next one is kept.
            before = ops.cumsum(falling, axis=-1) - falling  # (batch, vocab_size)
            least_by_p = ops.min(ops.where(before < top_p, falling, 1.0), axis=-1)  # (batch,)
            least = ops.maximum(least_by_k, least_by_p)[:, None]  # (batch, 1)
            kept = ops.where(probabilities >= least, probabilities, 0.0)  # (batch, vocab_size)
            # Put them side by side, each as wide as it is probable: where does the number fall?
            ends = ops.cumsum(kept, axis=-1)  # (batch, vocab_size)
            missed = ends < uniform[:, None] * ends[:, -1:]  # (batch, vocab_size)
            ids = ops.sum(ops.cast(missed, "int32"), axis=-1)  # (batch,)
            largest = ops.cast(ops.argmax(logits, axis=-1), "int32")  # (batch,)
            ids = ops.where(temperature > 0, ids, largest)
            return ops.where(ends[:, -1] > 0, ids, -1)  # nothing is kept if one of them is NaN

    stack = [layer for layer in model.layers if not isinstance(layer, layers.InputLayer)]
    sampler = Sampler(stack, model.output_shape[-1])
    # Compiled by XLA, the loop over characters is three times as fast.
    sampler.compile(jit_compile=keras.backend.backend() != "torch")
    return sampler


def generate_text(
    sampler, vocabulary, prompt, length, *, temperature=1.0, top_k=None, top_p=1.0, seed=None
):
    """Return the prompt and ``length`` new characters, drawn one by one by their probabilities.

    sampler: from ``build_sampler``.
    vocabulary: the ``Vocabulary`` of the text that the network was trained on.
    prompt: str of one or more characters; or a list of them, continued side by side, for which a
        list comes back.
    length: number of new characters, ≥ 0.
    temperature: divides the logits, ≥ 0: below 1 safer, above 1 wilder, 0 always the most probable
        character.
    top_k: draw only from the k most probable characters, ≥ 1; by default from all.
    top_p: draw only from the fewest characters whose probabilities together reach p, in (0, 1].
    seed: int; the same one draws the same text; by default a random one.

    Raises ValueError for a setting outside its range, an empty prompt, an unknown character, a
    vocabulary of another size than the network's, and for a network whose logits are NaN or
    infinite.

    Source: top-k: Fan et al., "Hierarchical Neural Story Generation" (2018); top-p: Holtzman et
    al., "The Curious Case of Neural Text Degeneration" (2020).
    """
    if len(vocabulary) != sampler.vocab_size:
        raise ValueError(
            f"the network knows {sampler.vocab_size} characters, the vocabulary {len(vocabulary)}: "
            "take the vocabulary that the network was trained with"
        )
    prompts = [prompt] if isinstance(prompt, str) else list(prompt)
    prompt_ids = [vocabulary.encode(each) for each in prompts]
    settings = {"temperature": temperature, "top_k": top_k, "top_p": top_p, "seed": seed}
    chunks = list(sampler.write(prompt_ids, length, **settings))
    ids = np.concatenate(chunks, axis=1)  # (batch, longest prompt + length)
    texts = [
        vocabulary.decode(row[: len(each) + length]) for row, each in zip(ids, prompts, strict=True)
    ]
    return texts[0] if isinstance(prompt, str) else texts


def stream_text(
    sampler, vocabulary, prompt, length, *, temperature=1.0, top_k=None, top_p=1.0, seed=None
):
    """Return a generator of the pieces of ``generate_text``'s text, each as soon as it is written.

    sampler, vocabulary, length, temperature, top_k, top_p, seed: as for ``generate_text``.
    prompt: str of one or more characters; a single one.

    Raises ValueError as ``generate_text`` does, and for a list of prompts.

    Source: as ``generate_text``.
    """
    if not isinstance(prompt, str):
        raise ValueError(
            f"expected one prompt, a str, got {prompt!r}: generate_text continues several"
        )
    if len(vocabulary) != sampler.vocab_size:
        raise ValueError(
            f"the network knows {sampler.vocab_size} characters, the vocabulary {len(vocabulary)}: "
            "take the vocabulary that the network was trained with"
        )
    settings = {"temperature": temperature, "top_k": top_k, "top_p": top_p, "seed": seed}
    chunks = sampler.write([vocabulary.encode(prompt)], length, **settings)
    return (vocabulary.decode(ids[0]) for ids in chunks)


def slerp(start, end, steps):
    """Return a path between two vectors by spherical linear interpolation, ``(steps, n)``.

    Both ends are included. The direction turns evenly: between two vectors of one length, all have
    this length. On a straight line those in the middle are shorter, and a generator was not trained
    on such noise.

    start, end: ``(n,)``, of any length but zero. Float32 vectors give float32 ones, NumPy's usual
        float64 float64.
    steps: how many vectors, ≥ 2.

    Raises ValueError for other shapes, for vectors without a direction (zero, NaN or infinite) and
    for opposite directions, between which no path is the shortest.

    Source: Shoemake, "Animating Rotation with Quaternion Curves" (1985); for generators: White,
    "Sampling Generative Networks" (2016).
    """
    start = np.asarray(start)
    end = np.asarray(end)
    if start.ndim != 1 or start.shape != end.shape or steps < 2:
        raise ValueError(
            "expected two vectors of one shape (n,), and steps ≥ 2, "
            f"got shapes {start.shape} and {end.shape}, and {steps=}"
        )
    ends = np.array([start, end], np.float64)  # (2, n)
    lengths = np.linalg.norm(ends, axis=1, keepdims=True)  # (2, 1)
    if not (np.isfinite(lengths).all() and lengths.all()):
        raise ValueError(f"expected vectors with a direction, got lengths {lengths.ravel()}")
    first, last = ends / lengths  # (n,) each
    angle = np.arccos(np.clip(first @ last, -1, 1))
    if np.pi - angle < 1e-6:
        raise ValueError("opposite directions: go by way of a third vector, in two calls")
    parts = np.linspace(0, 1, steps)[:, None]  # (steps, 1)
    weights = np.concatenate([1 - parts, parts], axis=1)  # (steps, 2), on a straight line
    if angle > 1e-6:
        weights = np.sin(weights * angle) / np.sin(angle)
    return (weights @ ends).astype(np.result_type(start, end, np.float32))  # (steps, n)
