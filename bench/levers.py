"""A GRU on text as Keras trains it, and with two changes that let it learn the same with less work.

Look-up: a character's embedding times the input weights is the same wherever it stands. One product
makes a table of them, a row a character, and nothing is multiplied in the loop for the input.

Summed gradients: going back through the loop, each step multiplies a state by what comes back, and
adds the result to the gradient of the recurrent weights. Here one product after the loop does it.
Without a look-up, one product before the loop multiplies all inputs; that alone is shown, too.

The arithmetic is that of Keras' GRU (``reset_after=True``); float32, on TensorFlow. The networks
are those of TensorFlow's tutorial (see text.py) and of notebook 03, which here has no dropout and
begins each window with an empty state.
"""

import keras
import tensorflow as tf
from keras import layers
from loops import begin, count_weights, texts
from measure import Trial, compare, notebook_settings, training_flops

from nnlab.text import stateful_batches


class LeanGRU(layers.Layer):
    """Integer ids (batch, length) in, states (batch, length, units) out: Embedding and GRU in one.

    Its weights are those of Keras' two layers, in their order.
    """

    def __init__(self, vocab_size, embedding_dim, units, *, look_up, summed):
        super().__init__()
        self.sizes = (vocab_size, embedding_dim, units)
        self.look_up = look_up
        self.summed = summed

    def build(self, shape):
        vocab_size, embedding_dim, units = self.sizes
        self.embeddings = self.add_weight(shape=(vocab_size, embedding_dim), initializer="uniform")
        self.kernel = self.add_weight(shape=(embedding_dim, 3 * units))
        self.recurrent = self.add_weight(shape=(units, 3 * units), initializer="orthogonal")
        self.bias = self.add_weight(shape=(2, 3 * units), initializer="zeros")

    def call(self, ids):
        ids = tf.transpose(ids)  # (length, batch)
        embeddings = tf.convert_to_tensor(self.embeddings)
        if self.look_up:
            inputs = tf.gather(embeddings @ self.kernel + self.bias[0], ids)
        else:
            inputs = tf.gather(embeddings, ids) @ self.kernel + self.bias[0]
        loop = summed_loop if self.summed else plain_loop
        states = loop(inputs, tf.convert_to_tensor(self.recurrent), self.bias[1])
        return tf.transpose(states, (1, 0, 2))


def step(inputs, state, recurrent, bias):
    """Return the update gate, the reset gate, the candidate, its recurrent part, the new state."""
    z, r, x = tf.split(inputs, 3, axis=-1)
    inner_z, inner_r, inner = tf.split(state @ recurrent + bias, 3, axis=-1)
    z = tf.sigmoid(z + inner_z)
    r = tf.sigmoid(r + inner_r)
    candidate = tf.tanh(x + r * inner)
    return z, r, candidate, inner, z * state + (1 - z) * candidate


def scan(body, sequences, state, outputs, *, back=False):
    """Return the outputs, stacked, that body makes of a state and of each step of sequences.

    body: function that returns the next state, then the outputs of a step.
    sequences: float32 arrays, (length, …).
    outputs: how many arrays it makes a step.
    back: go from the last step to the first.
    """
    length = tf.shape(sequences[0])[0]
    read = [tf.TensorArray(tf.float32, length).unstack(each) for each in sequences]
    written = [tf.TensorArray(tf.float32, length) for _ in range(outputs)]

    def once(place, state, *written):
        at = length - 1 - place if back else place
        state, *made = body(state, *(each.read(at) for each in read))
        return place + 1, state, *(a.write(at, new) for a, new in zip(written, made, strict=True))

    def unfinished(place, *_):
        return place < length

    _, _, *written = tf.while_loop(unfinished, once, (0, state, *written))
    return [each.stack() for each in written]


def zeros(inputs, recurrent):
    """Return the states in which texts begin, (batch, units)."""
    return tf.zeros((tf.shape(inputs)[1], recurrent.shape[0]))


def plain_loop(inputs, recurrent, bias):
    def body(state, inputs):
        state = step(inputs, state, recurrent, bias)[-1]
        return state, state

    return scan(body, [inputs], zeros(inputs, recurrent), 1)[0]


@tf.custom_gradient
def summed_loop(inputs, recurrent, bias):
    def forward(state, inputs):
        gates = step(inputs, state, recurrent, bias)
        return gates[-1], *gates

    start = zeros(inputs, recurrent)
    *gates, states = scan(forward, [inputs], start, 5)
    before = tf.concat([start[None], states[:-1]], axis=0)

    def gradient(wanted):
        def backward(slope, z, r, candidate, inner, before, wanted):
            slope += wanted
            to_candidate = slope * (1 - z) * (1 - candidate**2)
            to_z = slope * (before - candidate) * z * (1 - z)
            to_r = to_candidate * inner * r * (1 - r)
            to_inner = tf.concat([to_z, to_r, to_candidate * r], axis=-1)
            to_inputs = tf.concat([to_z, to_r, to_candidate], axis=-1)
            slope = slope * z + tf.matmul(to_inner, recurrent, transpose_b=True)
            return slope, to_inputs, to_inner

        sequences = [*gates, before, wanted]
        to_inputs, to_inner = scan(backward, sequences, start, 2, back=True)
        to_recurrent = tf.tensordot(before, to_inner, [[0, 1], [0, 1]])  # one product
        return to_inputs, to_recurrent, tf.reduce_sum(to_inner, axis=(0, 1))

    return states, gradient


def network(vocab_size, units, **changes):
    """Return the network with Keras' GRU, or with a lean one of these changes."""
    body = [layers.Embedding(vocab_size, 256), layers.GRU(units, return_sequences=True)]
    if changes:
        body = [LeanGRU(vocab_size, 256, units, **changes)]
    return keras.Sequential([keras.Input((None,), dtype="int32"), *body, layers.Dense(vocab_size)])


def contestant(units, length, **changes):
    def run(quick):
        begin()
        vocabulary, train, _ = texts()
        x, y = stateful_batches(train, length, batch_size=1)
        count = 64 * (2 if quick else 12)
        trial = Trial(examples=count * length)
        model = network(len(vocabulary), units, **changes)
        model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        model.fit(x[:count], y[:count], 64, 4, callbacks=[trial.callback()], verbose=0)
        trial.flops = training_flops(network(len(vocabulary), units), length=length) / length
        trial.facts = {"weights": count_weights(model.trainable_variables), "units": units}
        return trial

    return run


def contestants(units, length):
    return {
        "Keras' GRU": contestant(units, length),
        "inputs multiplied at once": contestant(units, length, look_up=False, summed=False),
        "inputs looked up": contestant(units, length, look_up=True, summed=False),
        "gradients summed": contestant(units, length, look_up=False, summed=True),
        "both": contestant(units, length, look_up=True, summed=True),
    }


SETTINGS = notebook_settings("03_rnn_text_generation")
CONTESTS = {
    "tutorial": contestants(1024, 100),
    "notebook-03": contestants(SETTINGS["UNITS"][0], SETTINGS["WINDOW"]),
}

if __name__ == "__main__":
    compare(__file__, CONTESTS)
