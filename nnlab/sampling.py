"""New examples from trained networks: texts drawn character by character, ways through a latent space."""

import keras
import numpy as np
from keras import layers, ops


def build_sampler(model):
    """Return a model that writes with a trained one, carrying the state along: one cell step per character.

    model: as from ``build_char_rnn``: layers in a row, at least one of them recurrent. Its weights are shared.
    The sampler's inputs, all float32: instructions ``(batch, length, 5)``; the last id ``(batch, 1)``; the states
    of all recurrent layers, ``(batch, width)`` each. An instruction is: the id to write, or −1 to draw one; a
    random number in (0, 1] to draw with; temperature > 0; top_k; top_p. The outputs: ids ``(batch, length)``, the
    last id, the states. ``nnlab.text.generate_text`` fills these in.
    """

    class SamplingCell(layers.Layer):
        """Feeds the character just written to the model's layers, and draws the next one from their logits."""

        def __init__(self, stack, **kwargs):
            super().__init__(**kwargs)
            self.stack = stack
            sizes = [layer.cell.state_size for layer in stack if hasattr(layer, "cell")]
            self.state_sizes = [
                size if isinstance(size, list | tuple) else [size] for size in sizes
            ]
            self.state_size = [1, *(width for size in self.state_sizes for width in size)]
            self.output_size = 1

        def call(self, inputs, states, training=False):
            given, drawn, temperature, top_k, top_p = ops.split(
                inputs, 5, axis=-1
            )  # (batch, 1) each
            x, states, new_states = ops.cast(states[0][:, 0], "int32"), list(states[1:]), []
            sizes = iter(self.state_sizes)
            for layer in self.stack:
                if not hasattr(layer, "cell"):
                    x = layer(x, training=False)
                    continue
                count = len(next(sizes))
                x, new = layer.cell(x, states[:count], training=False)
                states, new_states = (
                    states[count:],
                    [*new_states, *(new if isinstance(new, list | tuple) else [new])],
                )
            probabilities = ops.softmax(ops.cast(x, "float32") / temperature)  # (batch, vocab_size)
            falling = ops.flip(ops.sort(probabilities, axis=-1), axis=-1)
            kth = ops.take_along_axis(falling, ops.cast(top_k, "int32") - 1, axis=-1)
            needed = (
                ops.cumsum(falling, axis=-1) - falling < top_p
            )  # those before do not reach p yet
            smallest = ops.maximum(
                kth, ops.min(ops.where(needed, falling, 1.0), axis=-1, keepdims=True)
            )
            heights = ops.cumsum(ops.where(probabilities >= smallest, probabilities, 0.0), axis=-1)
            below = (
                heights < drawn * heights[:, -1:]
            )  # the number drawn falls on the first character not below it
            ids = ops.where(
                given >= 0, given, ops.sum(ops.cast(below, "float32"), axis=-1, keepdims=True)
            )
            return ids, [ids, *(ops.cast(state, "float32") for state in new_states)]

    stack = [layer for layer in model.layers if not isinstance(layer, layers.InputLayer)]
    cell = SamplingCell(
        stack, dtype="float32"
    )  # 16 bits are too few for large ids, and to draw with
    instructions = keras.Input((None, 5))
    states = [keras.Input((width,)) for width in cell.state_size]
    run = layers.RNN(cell, return_sequences=True, return_state=True, dtype="float32")
    ids, *new_states = run(instructions, initial_state=states)
    sampler = keras.Model(
        [instructions, *states], [ops.squeeze(ids, -1), *new_states], name="sampler"
    )
    sampler.compile(
        jit_compile=keras.backend.backend() != "torch"
    )  # the loop over characters gains threefold
    return sampler


def generate_text(
    sampler,
    vocabulary,
    prompt,
    length,
    *,
    temperature=1.0,
    top_k=None,
    top_p=1.0,
    seed=0,
    stream=False,
):
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
        raise ValueError(
            f"expected a prompt of one character or more (to stream: a single one), got {prompt!r}"
        )
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
        ids = np.array(
            [each[:1] for each in known], np.float32
        )  # (batch, 1), the last character so far
        yield ids.astype(int)
        states = [
            np.zeros((len(known), *state.shape[1:]), np.float32) for state in sampler.inputs[2:]
        ]
        for start in range(0, steps, chunk):
            given = np.full((len(known), chunk), -1.0, np.float32)  # −1: to be drawn
            for row, each in zip(given, known, strict=True):
                rest = each[start + 1 : start + 1 + chunk]
                row[: len(rest)] = rest
            drawn = 1 - rng.random((len(known), chunk), np.float32)  # in (0, 1]
            others = np.broadcast_to(settings, (*given.shape, 3))
            inputs = np.concatenate(
                [given[..., None], drawn[..., None], others], axis=-1, dtype=np.float32
            )
            written, ids, *states = sampler.predict_on_batch([inputs, ids, *states])
            yield written[:, : steps - start].astype(int)  # (batch, up to chunk)

    if stream:
        return (vocabulary.decode(piece[0]) for piece in pieces())
    ids = np.concatenate(list(pieces()), axis=1)
    texts = [
        vocabulary.decode(row[: len(each) + length]) for row, each in zip(ids, known, strict=True)
    ]
    return texts[0] if isinstance(prompt, str) else texts


def interpolate_latent(start, end, steps):
    """Return noise vectors on the way from one to another, ``(steps, latent_dim)``, both ends included.

    start, end: float ``(latent_dim,)``. The way follows the sphere and not the chord, whose middle is shorter than
    the noise that a generator was trained on.

    Source: Shoemake, "Animating Rotation with Quaternion Curves" (1985); White, "Sampling Generative Networks" (2016).
    """
    start, end = ops.convert_to_tensor(start), ops.convert_to_tensor(end)
    cosine = ops.sum(start * end) / (ops.norm(start) * ops.norm(end))
    angle = ops.maximum(
        ops.arccos(ops.clip(cosine, -1.0, 1.0)), 1e-4
    )  # of two equal vectors it is 0
    parts = ops.linspace(0.0, 1.0, steps)[:, None]
    way = (ops.sin((1 - parts) * angle) * start + ops.sin(parts * angle) * end) / ops.sin(angle)
    return ops.convert_to_numpy(way)
