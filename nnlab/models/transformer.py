"""The Transformer: reads a sentence and writes another, or only writes.

``call`` gives the logits of all places at once, for training; ``start`` and ``step`` write one
place at a time, as `nnlab.decoding.BeamSearch` does.
"""

from operator import index

import keras
import numpy as np
from keras import layers, ops


@keras.saving.register_keras_serializable("nnlab")
class Transformer(keras.Model):
    """A Transformer: attention lets each place look at all others, in as many steps as blocks.

    ``model({"source": ids, "target": ids})`` takes integers ``(batch, source_length)`` and
    ``(batch, target_length)``, 0 for padding at the end, and returns the logits of the id after
    each place of the target, float32 ``(batch, target_length, vocab_size)``, each from the places
    up to it. With ``encoder_depth=0`` it only writes: ``model(ids)`` takes the target alone.

    ``attention_maps(inputs)`` tells how much each place attends to each other one.

    vocab_size: number of different ids, the 0 of padding included; source and target share them,
        and one table holds their vectors, at the input and at the output.
    width: length of the vector at each place, a multiple of heads and of 2.
    heads: attention heads of each block.
    units: width of the hidden dense layer of each block.
    encoder_depth, decoder_depth: number of blocks that read, and that write.
    dropout: fraction of what a block adds that is set to zero while training, in ``[0, 1)``.

    Raises ValueError where heads do not share the width evenly, and for a number that is too small.

    Source: Vaswani et al., "Attention Is All You Need" (2017); normalization goes before each part,
    as in Xiong et al., "On Layer Normalization in the Transformer Architecture" (2020).
    """

    def __init__(
        self,
        vocab_size,
        *,
        width=128,
        heads=4,
        units=512,
        encoder_depth=2,
        decoder_depth=2,
        dropout=0.1,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.vocab_size = index(vocab_size)  # an int, also of NumPy; nothing else
        self.width = index(width)
        self.heads = index(heads)
        self.units = index(units)
        self.encoder_depth = index(encoder_depth)
        self.decoder_depth = index(decoder_depth)
        self.rate = float(dropout)
        if min(vocab_size, width, heads, units, decoder_depth) < 1 or encoder_depth < 0:
            raise ValueError(
                "vocab_size, width, heads, units and decoder_depth must be 1 or more, and "
                f"encoder_depth 0 or more, got {vocab_size=}, {width=}, {heads=}, {units=}, "
                f"{decoder_depth=} and {encoder_depth=}"
            )
        if width % heads or width % 2:
            raise ValueError(f"width must be a multiple of heads and of 2, got {width=}, {heads=}")
        self.key_scale = (self.width // self.heads) ** -0.5
        spread = keras.initializers.RandomNormal(stddev=self.width**-0.5)
        self.words = layers.Embedding(self.vocab_size, self.width, spread, name="words")
        self.dropout = layers.Dropout(self.rate)
        self.parts = {}
        for block in range(self.encoder_depth):
            self.add_block(f"encoder_{block}", ["self"])
        for block in range(self.decoder_depth):
            self.add_block(f"decoder_{block}", ["self", "cross"][: 2 if encoder_depth else 1])
        if self.encoder_depth:
            self.parts["encoder_norm"] = layers.LayerNormalization(name="encoder_norm")
        self.parts["decoder_norm"] = layers.LayerNormalization(name="decoder_norm")
        self.build()

    def add_block(self, name, attentions):
        """Make the layers of a block: normalization, attention once or twice, two dense layers."""
        for each in attentions:
            self.parts[f"{name}_{each}_norm"] = layers.LayerNormalization()
            self.parts[f"{name}_{each}_queries"] = layers.Dense(self.width)
            self.parts[f"{name}_{each}_keys"] = layers.Dense(2 * self.width)  # and the values
            self.parts[f"{name}_{each}_output"] = layers.Dense(self.width)
        self.parts[f"{name}_norm"] = layers.LayerNormalization()
        self.parts[f"{name}_hidden"] = layers.Dense(self.units, activation="relu")
        self.parts[f"{name}_back"] = layers.Dense(self.width)

    def build(self, input_shape=None):
        self.words.build()
        for name, part in self.parts.items():
            part.build((None, None, self.units if name.endswith("_back") else self.width))

    def vectors(self, ids, start=0, training=False):
        """Return the vectors of ids, plus waves that tell their places, from start on."""
        x = ops.cast(self.words(ids), self.compute_dtype) * self.width**0.5
        places = ops.cast(ops.arange(ops.shape(ids)[1]) + start, "float32")  # (length,)
        rates = np.exp(-np.log(10_000) * np.arange(0, self.width, 2) / self.width)
        rates = ops.convert_to_tensor(rates, "float32")  # (width / 2,)
        angles = places[:, None] * rates  # (length, width / 2)
        waves = ops.concatenate([ops.sin(angles), ops.cos(angles)], axis=-1)  # (length, width)
        return self.dropout(x + ops.cast(waves, x.dtype), training=training)

    def split(self, x):
        """Return the part of each vector that belongs to each head."""
        length = ops.shape(x)[1]
        x = ops.reshape(x, (-1, length, self.heads, self.width // self.heads))
        return ops.transpose(x, (0, 2, 1, 3))  # (batch, heads, length, width / heads)

    def keys_and_values(self, name, x):
        """Return what places can be found by and what they tell, split into heads."""
        keys, values = ops.split(self.parts[f"{name}_keys"](x), 2, axis=-1)
        return self.split(keys), self.split(values)

    def attend(self, name, x, keys, values, mask, maps):
        """Return what each place of x finds where mask, ``(…, length, places)``, lets it look."""
        queries = self.split(self.parts[f"{name}_queries"](x)) * self.key_scale
        scores = ops.matmul(queries, ops.transpose(keys, (0, 1, 3, 2)))
        scores = ops.where(mask, ops.cast(scores, "float32"), -1e9)
        # Softmax over places; ops.softmax warns where there is only one.
        weights = ops.exp(ops.log_softmax(scores))  # (batch, heads, length, places)
        if maps is not None:
            maps[name] = weights
        found = ops.matmul(ops.cast(weights, values.dtype), values)
        found = ops.transpose(found, (0, 2, 1, 3))  # (batch, length, heads, width / heads)
        found = ops.reshape(found, (-1, ops.shape(found)[1], self.width))
        return self.parts[f"{name}_output"](found)

    def finish(self, name, x, training):
        """Return x after the two dense layers of a block."""
        hidden = self.parts[f"{name}_hidden"](self.parts[f"{name}_norm"](x))
        return x + self.dropout(self.parts[f"{name}_back"](hidden), training=training)

    def read(self, source, training=False, maps=None):
        """Return what the decoder needs of the source: a mask, and each block's keys and values."""
        mask = ops.not_equal(source, 0)[:, None, None, :]  # (batch, 1, 1, source_length)
        x = self.vectors(source, training=training)
        for block in range(self.encoder_depth):
            name = f"encoder_{block}"
            y = self.parts[f"{name}_self_norm"](x)
            y = self.attend(f"{name}_self", y, *self.keys_and_values(f"{name}_self", y), mask, maps)
            x = self.finish(name, x + self.dropout(y, training=training), training)
        x = self.parts["encoder_norm"](x)
        memory = [mask]
        for block in range(self.decoder_depth):
            memory += self.keys_and_values(f"decoder_{block}_cross", x)
        return memory

    def write(self, x, memory, mask, cache=None, place=None, training=False, maps=None):
        """Return logits for vectors x, and the keys and values of all places so far."""
        kept = []
        for block in range(self.decoder_depth):
            name = f"decoder_{block}"
            y = self.parts[f"{name}_self_norm"](x)
            keys, values = self.keys_and_values(f"{name}_self", y)
            if cache is not None:  # put the new place among those before
                here = ops.arange(ops.shape(cache[0])[2])[:, None] == place  # (length, 1)
                keys = ops.where(here, keys, cache[2 * block])
                values = ops.where(here, values, cache[2 * block + 1])
            kept += [keys, values]
            y = self.attend(f"{name}_self", y, keys, values, mask, maps)
            x = x + self.dropout(y, training=training)
            if memory:
                keys, values = memory[2 * block + 1 : 2 * block + 3]
                y = self.parts[f"{name}_cross_norm"](x)
                y = self.attend(f"{name}_cross", y, keys, values, memory[0], maps)
                x = x + self.dropout(y, training=training)
            x = self.finish(name, x, training)
        x = self.parts["decoder_norm"](x)  # (batch, length, width)
        table = ops.cast(ops.transpose(self.words.embeddings), x.dtype)
        return ops.cast(ops.matmul(x, table), "float32"), kept

    def call(self, inputs, training=False, maps=None):
        memory = None
        target = inputs
        if self.encoder_depth:
            memory = self.read(inputs["source"], training, maps)
            target = inputs["target"]
        places = ops.arange(ops.shape(target)[1])
        mask = places[:, None] >= places[None, :]  # (length, length): no place sees a later one
        x = self.vectors(target, training=training)
        return self.write(x, memory, mask, training=training, maps=maps)[0]

    def attention_maps(self, inputs):
        """Return the weights of each attention, dict of name → ``(batch, heads, length, places)``.

        The names are ``encoder_0_self``, ``decoder_0_self``, ``decoder_0_cross`` and so on; weights
        sum to 1 over places.
        """
        maps = {}
        self.call(inputs, maps=maps)  # calling the model itself would fill a copy
        return maps

    def start(self, source, length):
        """Return what is known of the source, and an empty cache for a target of that length."""
        if not self.encoder_depth:
            raise ValueError("a Transformer with encoder_depth=0 reads no source: call it instead")
        shape = (ops.shape(source)[0], self.heads, length, self.width // self.heads)
        cache = [ops.zeros(shape, self.compute_dtype) for _ in range(2 * self.decoder_depth)]
        return self.read(source), cache

    def step(self, ids, place, memory, cache):
        """Return logits ``(batch, vocab_size)`` after ids ``(batch,)`` at place, and the cache."""
        mask = ops.arange(ops.shape(cache[0])[2]) <= place  # (length,)
        x = self.vectors(ids[:, None], start=place)
        logits, cache = self.write(x, memory, mask, cache, place)
        return logits[:, 0], cache

    def get_config(self):
        return {
            "vocab_size": self.vocab_size,
            "width": self.width,
            "heads": self.heads,
            "units": self.units,
            "encoder_depth": self.encoder_depth,
            "decoder_depth": self.decoder_depth,
            "dropout": self.rate,
            "name": self.name,
            "dtype": self.dtype_policy.name,
        }
