"""Recurrent networks that read text one character at a time, and write it."""

import keras
from keras import layers, ops


def build_char_rnn(vocab_size, *, cell="gru", units=(512,), embedding_dim=64, dropout=0.0, batch_size=None):
    """Return an uncompiled network that predicts each next character of a text.

    vocab_size: number of different characters; integer ids ``(batch, length)`` go in, logits
    ``(batch, length, vocab_size)`` come out, each for the character after the one at its place.
    cell: ``"simple_rnn"``, ``"lstm"`` or ``"gru"``. units: width of each recurrent layer, in order.
    embedding_dim: length of the vector learned for each character.
    dropout: fraction of each recurrent layer's output set to zero while training, in ``[0, 1)``.
    batch_size: if given, the network takes batches of this size only and is stateful: it goes on in each batch where
    it ended the last one, until its layers' ``reset_state`` is called. On the JAX and
    PyTorch backends it is trained only with the callback ``nnlab.training.ResetStates``.

    Raises ValueError for another cell.

    Source: Elman, "Finding Structure in Time" (1990); Hochreiter and Schmidhuber, "Long Short-Term Memory" (1997);
    Cho et al., "Learning Phrase Representations using RNN Encoder-Decoder" (2014).
    """
    kinds = {"simple_rnn": layers.SimpleRNN, "lstm": layers.LSTM, "gru": layers.GRU}
    if cell not in kinds:
        raise ValueError(f"cell must be one of {', '.join(kinds)}, got {cell!r}")
    inputs = keras.Input(batch_shape=(batch_size, None), dtype="int32")
    x = layers.Embedding(vocab_size, embedding_dim)(inputs)
    for width in units:
        x = kinds[cell](width, return_sequences=True, stateful=batch_size is not None)(x)
        x = layers.Dropout(dropout)(x)
    outputs = layers.Dense(vocab_size, dtype="float32")(x)
    return keras.Model(inputs, outputs, name=f"char_{cell}")


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
            self.state_sizes = [size if isinstance(size, list | tuple) else [size] for size in sizes]
            self.state_size = [1, *(width for size in self.state_sizes for width in size)]
            self.output_size = 1

        def call(self, inputs, states, training=False):
            given, drawn, temperature, top_k, top_p = ops.split(inputs, 5, axis=-1)  # (batch, 1) each
            x, states, new_states = ops.cast(states[0][:, 0], "int32"), list(states[1:]), []
            sizes = iter(self.state_sizes)
            for layer in self.stack:
                if not hasattr(layer, "cell"):
                    x = layer(x, training=False)
                    continue
                count = len(next(sizes))
                x, new = layer.cell(x, states[:count], training=False)
                states, new_states = states[count:], [*new_states, *(new if isinstance(new, list | tuple) else [new])]
            probabilities = ops.softmax(ops.cast(x, "float32") / temperature)  # (batch, vocab_size)
            falling = ops.flip(ops.sort(probabilities, axis=-1), axis=-1)
            kth = ops.take_along_axis(falling, ops.cast(top_k, "int32") - 1, axis=-1)
            needed = ops.cumsum(falling, axis=-1) - falling < top_p  # those before do not reach p yet
            smallest = ops.maximum(kth, ops.min(ops.where(needed, falling, 1.0), axis=-1, keepdims=True))
            heights = ops.cumsum(ops.where(probabilities >= smallest, probabilities, 0.0), axis=-1)
            below = heights < drawn * heights[:, -1:]  # the number drawn falls on the first character not below it
            ids = ops.where(given >= 0, given, ops.sum(ops.cast(below, "float32"), axis=-1, keepdims=True))
            return ids, [ids, *(ops.cast(state, "float32") for state in new_states)]

    stack = [layer for layer in model.layers if not isinstance(layer, layers.InputLayer)]
    cell = SamplingCell(stack, dtype="float32")  # 16 bits are too few for large ids, and to draw with
    instructions = keras.Input((None, 5))
    states = [keras.Input((width,)) for width in cell.state_size]
    run = layers.RNN(cell, return_sequences=True, return_state=True, dtype="float32")
    ids, *new_states = run(instructions, initial_state=states)
    sampler = keras.Model([instructions, *states], [ops.squeeze(ids, -1), *new_states], name="sampler")
    sampler.compile(jit_compile=keras.backend.backend() != "torch")  # the loop over characters gains threefold
    return sampler
