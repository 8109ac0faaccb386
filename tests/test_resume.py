"""Training that was interrupted goes on from the last whole epoch, by Keras' own BackupAndRestore."""

import keras
import numpy as np
import pytest

from nnlab.models import DCGAN, build_char_rnn, build_cnn, build_discriminator, build_generator

EPOCHS, CRASH_AFTER = 5, 3


def cnn():
    model = build_cnn((8, 8, 1), 3, filters=(2, 3), units=4)
    model.compile("adam", "sparse_categorical_crossentropy")
    return model, (np.random.default_rng(0).random((24, 8, 8, 1)), np.arange(24) % 3)


def rnn():
    model = build_char_rnn(5, units=(4,), embedding_dim=3)
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    ids = np.random.default_rng(0).integers(0, 5, (24, 7))
    return model, (ids[:, :-1], ids[:, 1:])


def gan():
    networks = build_generator(4, filters=(3, 2)), build_discriminator((28, 28, 1), filters=(2, 3))
    model = DCGAN(*networks, latent_dim=4)
    rate = keras.optimizers.schedules.CosineDecay(1e-3, 15)
    model.compile(generator_optimizer=keras.optimizers.Adam(rate), discriminator_optimizer="adam")
    return model, (np.random.default_rng(0).uniform(-1, 1, (24, 28, 28, 1)),)


def state(model):
    names = [name for name in ("optimizer", "generator_optimizer", "discriminator_optimizer") if hasattr(model, name)]
    optimizers = [getattr(model, name) for name in names if getattr(model, name) is not None]
    variables = [*model.weights, *(variable for optimizer in optimizers for variable in optimizer.variables)]
    return [keras.ops.convert_to_numpy(variable.value) for variable in variables]


class PowerCut(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        if epoch + 1 == CRASH_AFTER:
            self.kept = state(self.model)
            raise InterruptedError("power cut")


class FirstLook(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        if not hasattr(self, "found"):
            self.found = state(self.model)


@pytest.mark.parametrize("build", [cnn, rnn, gan])
def test_an_interrupted_training_goes_on_with_the_same_weights_and_optimizers(build, tmp_path):
    model, data = build()
    crash, look = PowerCut(), FirstLook()
    with pytest.raises(InterruptedError):
        model.fit(*data, batch_size=8, epochs=EPOCHS, verbose=0, callbacks=[backup(tmp_path), crash])
    model, data = build()
    history = model.fit(*data, batch_size=8, epochs=EPOCHS, verbose=0, callbacks=[backup(tmp_path), look])
    assert history.epoch == list(range(CRASH_AFTER, EPOCHS))
    assert len(crash.kept) == len(look.found)
    for kept, found in zip(crash.kept, look.found, strict=True):
        np.testing.assert_array_equal(kept, found)


def backup(folder):
    return keras.callbacks.BackupAndRestore(folder / "backup")
