"""Writing text: nnlab's sampler beside TensorFlow's tutorial, which writes with the same network.

The weights are untrained: what is drawn differs, the time that it takes does not.
Source: https://www.tensorflow.org/text/tutorials/text_generation
"""

import numpy as np
from loops import texts
from measure import Trial, compare, notebook_settings

from nnlab.sampling import generate_text


def one_step_loop(quick):
    """The tutorial's way to write: a compiled step that a Python loop calls once per character."""
    import tensorflow as tf
    from keras import layers

    vocabulary, _, _ = texts()
    characters = list(vocabulary.characters)
    ids_of = layers.StringLookup(vocabulary=characters)
    characters_of = layers.StringLookup(vocabulary=characters, invert=True)
    embedding = layers.Embedding(66, 256)
    gru = layers.GRU(1024, return_state=True)
    dense = layers.Dense(66)
    mask = tf.constant([-np.inf] + [0.0] * 65, tf.float32)  # never the id of an unknown character

    @tf.function
    def one_step(text, state):
        ids = ids_of(tf.strings.unicode_split(text, "UTF-8")).to_tensor()
        output, state = gru(embedding(ids), initial_state=state)
        drawn = tf.squeeze(tf.random.categorical(dense(output) + mask, 1), -1)
        return characters_of(drawn), state

    count = 100 if quick else 1000
    # Traced for both lengths, outside the clock.
    one_step(tf.constant(["ROMEO:"]), tf.zeros((1, 1024)))
    one_step(tf.constant(["R"]), tf.zeros((1, 1024)))
    trial = Trial(examples=count)
    for _ in range(4):
        text = tf.constant(["ROMEO:"])
        state = tf.zeros((1, 1024))
        written = []
        for _ in range(count):
            text, state = one_step(text, state)
            written.append(text)
        tf.strings.join(written)[0].numpy()
        trial.round_ends()
    return trial


def nnlab_sampling(units, embedding_dim, streams=1):
    """Write with a network of so many units: a tuple, a layer each."""

    def run(quick):
        from nnlab.models import build_char_rnn
        from nnlab.sampling import build_sampler

        vocabulary, _, _ = texts()
        model = build_char_rnn(len(vocabulary), units=units, embedding_dim=embedding_dim)
        sampler = build_sampler(model)
        count = 100 if quick else 1000
        prompts = ["ROMEO:"] * streams
        generate_text(sampler, vocabulary, prompts, 40, seed=0)  # compiled, outside the clock
        trial = Trial(examples=count * streams)
        for _ in range(4):
            generate_text(sampler, vocabulary, prompts, count, seed=0)
            trial.round_ends()
        return trial

    return run


def nnlab_notebook(quick):
    settings = notebook_settings("03_rnn_text_generation")
    return nnlab_sampling(settings["UNITS"], settings["EMBEDDING"])(quick)


CONTESTS = {
    "sampling": {
        "nnlab, the same network": nnlab_sampling((1024,), 256),
        "tutorial's loop": one_step_loop,
        "nnlab, the same network, 4 texts": nnlab_sampling((1024,), 256, streams=4),
        "nnlab, the same network, 16 texts": nnlab_sampling((1024,), 256, streams=16),
        "nnlab, notebook 03's network": nnlab_notebook,
    },
}

if __name__ == "__main__":
    compare(__file__, CONTESTS)
