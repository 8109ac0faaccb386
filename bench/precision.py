"""Float32 beside the precision that nnlab takes for the fastest: notebooks 02 and 03."""

import keras
import numpy as np
from loops import begin, keras_classifier
from measure import Trial, compare, notebook_settings, training_flops

from nnlab.datasets import load_images, load_text
from nnlab.models import build_char_rnn, build_cnn
from nnlab.text import Vocabulary, stateful_batches
from nnlab.training import ResetStates, best_precision


def convolutional(precision, quick):
    settings = notebook_settings("02_cnn_classification")
    keras.config.set_dtype_policy(precision)
    begin()
    data = load_images("mnist")
    count = 1280 if quick else 12_800
    model = build_cnn(
        data.image_shape,
        10,
        filters=settings["FILTERS"],
        shift=settings["DIGITS_SHIFT"],
    )
    x = data.x_train[:count] / np.float32(255)
    y = data.y_train[:count]
    return keras_classifier(Trial(examples=count), model, x, y, 128, 2 if quick else 5)


def recurrent(precision, quick):
    settings = notebook_settings("03_rnn_text_generation")
    keras.config.set_dtype_policy(precision)
    begin()
    batch_size = settings["BATCH_SIZE"]
    window = settings["WINDOW"]
    text = load_text("tiny_shakespeare").text[: 20_000 if quick else 200_000]
    vocabulary = Vocabulary.from_text(text)
    x, y = stateful_batches(vocabulary.encode(text), window, batch_size)
    model = build_char_rnn(
        len(vocabulary),
        units=settings["UNITS"],
        embedding_dim=settings["EMBEDDING"],
        dropout=settings["DROPOUT"],
        batch_size=batch_size,
    )
    trial = Trial(examples=x.size)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(1e-3, global_clipnorm=1.0), loss)
    callbacks = [ResetStates(), trial.callback()]
    model.fit(x, y, batch_size, 2 if quick else 5, shuffle=False, callbacks=callbacks, verbose=0)
    trial.flops = training_flops(model)
    return trial


def each_precision(network):
    """Return float32 and the fastest precision as contestants: one where nothing is faster."""
    names = dict.fromkeys(["float32", best_precision()])
    return {name: lambda quick, name=name: network(name, quick) for name in names}


if __name__ == "__main__":
    compare(__file__, {"cnn": each_precision(convolutional), "text": each_precision(recurrent)})
