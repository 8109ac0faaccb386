"""A recurrent network that reads a sentence and writes another, with attention to what it read.

``call`` gives the logits of all places at once, for training; ``start`` and ``step`` write one
place at a time, as `nnlab.decoding.BeamSearch` does.
"""

from operator import index

import keras
from keras import layers, ops


@keras.saving.register_keras_serializable("nnlab")
class RecurrentTranslator(keras.Model):
    """A GRU that reads in both directions, and one that writes, which attends to what was read.

    Called, trained and asked step by step as `Transformer` is; ``attention_maps(inputs)`` tells how
    much each place of the target attends to each of the source.

    vocab_size: number of different ids, the 0 of padding included; source and target share them,
        and one table holds their vectors, at the input and at the output.
    width: length of an id's vector.
    units: width of the hidden state that writes; half of it is read by each direction; even.
    dropout: fraction of the vectors, and of what is answered, set to zero while training.

    Raises ValueError for odd units, and for a number that is too small.

    Source: Bahdanau et al., "Neural Machine Translation by Jointly Learning to Align and Translate"
    (2015); the attention is Luong et al.'s, "Effective Approaches to Attention-based Neural Machine
    Translation" (2015): it follows the recurrent layer, so that all places are computed at once.
    Its scores are divided by the square root of ``units``, as a Transformer's are.
    """

    def __init__(self, vocab_size, *, width=128, units=256, dropout=0.2, **kwargs):
        super().__init__(**kwargs)
        self.vocab_size = index(vocab_size)  # an int, also of NumPy; nothing else
        self.width = index(width)
        self.units = index(units)
        self.rate = float(dropout)
        if min(vocab_size, width, units) < 1:
            raise ValueError(
                "vocab_size, width and units must be 1 or more, "
                f"got {vocab_size=}, {width=} and {units=}"
            )
        if units % 2:
            raise ValueError(f"units must be even, half for each direction, got {units}")
        spread = keras.initializers.RandomNormal(stddev=self.width**-0.5)
        self.words = layers.Embedding(self.vocab_size, self.width, spread, name="words")
        self.dropout = layers.Dropout(self.rate)
        reader = layers.GRU(self.units // 2, return_sequences=True, return_state=True)
        self.reader = layers.Bidirectional(reader)
        self.writer = layers.GRU(self.units, return_sequences=True)
        self.keys = layers.Dense(self.units, use_bias=False)
        self.output_vectors = layers.Dense(self.width, activation="tanh")
        self.build()

    def build(self, input_shape=None):
        self.words.build()
        self.reader.build((None, None, self.width))
        self.writer.build((None, None, self.width))
        self.keys.build((None, None, self.units))
        self.output_vectors.build((None, None, 2 * self.units))

    def vectors(self, ids, training=False):
        x = ops.cast(self.words(ids), self.compute_dtype) * self.width**0.5
        return self.dropout(x, training=training)

    def read(self, source, training=False):
        """Return a mask, keys and states of all places, and the last state of both directions."""
        mask = ops.not_equal(source, 0)  # (batch, source_length)
        states, *last = self.reader(self.vectors(source, training), mask=mask)
        return [mask, self.keys(states), states, ops.concatenate(last, axis=-1)]

    def answer(self, hidden, memory, training=False, maps=None):
        """Return the logits that follow from hidden states ``(batch, length, units)``."""
        mask, keys, states, _ = memory
        scores = ops.matmul(hidden, ops.transpose(keys, (0, 2, 1))) / self.units**0.5
        scores = ops.where(mask[:, None, :], ops.cast(scores, "float32"), -1e9)
        # Softmax over places; ops.softmax warns where there is only one.
        weights = ops.exp(ops.log_softmax(scores))  # (batch, target_length, source_length)
        if maps is not None:
            maps["attention"] = weights
        found = ops.matmul(ops.cast(weights, states.dtype), states)
        x = self.output_vectors(ops.concatenate([hidden, found], axis=-1))
        x = self.dropout(x, training=training)  # (batch, length, width)
        table = ops.cast(ops.transpose(self.words.embeddings), x.dtype)
        return ops.cast(ops.matmul(x, table), "float32")

    def call(self, inputs, training=False, maps=None):
        memory = self.read(inputs["source"], training)
        x = self.vectors(inputs["target"], training)
        hidden = self.writer(x, initial_state=memory[-1])  # (batch, length, units)
        return self.answer(hidden, memory, training, maps)

    def attention_maps(self, inputs):
        """Return ``{"attention": weights}``, ``(batch, target_length, source_length)``."""
        maps = {}
        self.call(inputs, maps=maps)  # calling the model itself would fill a copy
        return maps

    def start(self, source, length):
        """Return what is known of the source, and the first hidden state; length is not needed."""
        memory = self.read(source)
        return memory, [memory[-1]]

    def step(self, ids, place, memory, cache):
        """Return logits ``(batch, vocab_size)`` after ids ``(batch,)``, and the next state."""
        x = self.vectors(ids[:, None])[:, 0]  # (batch, width)
        hidden, cache = self.writer.cell(x, cache)
        return self.answer(hidden[:, None], memory)[:, 0], cache

    def get_config(self):
        return {
            "vocab_size": self.vocab_size,
            "width": self.width,
            "units": self.units,
            "dropout": self.rate,
            "name": self.name,
            "dtype": self.dtype_policy.name,
        }
