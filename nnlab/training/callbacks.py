"""Callbacks: samples kept on the way, recurrent states reset."""

import keras


class SampleSnapshots(keras.callbacks.Callback):
    """A callback that keeps what a network makes before training and after epochs.

    sample: function without arguments that returns anything worth keeping, such as the images that
    a generator makes of the same noise as always.
    every: epochs from one snapshot to the next, int ≥ 1; the last epoch is kept in any case.

    ``samples`` is a list of ``(epoch, what sample returned)``; epoch 0 is before training. Each
    ``fit`` starts a new list.
    """

    def __init__(self, sample, *, every=1):
        super().__init__()
        self.sample = sample
        self.every = every
        self.samples = []

    def on_train_begin(self, logs=None):
        self.samples = [(0, self.sample())]

    def on_epoch_end(self, epoch, logs=None):
        done = epoch + 1
        if done % self.every == 0 or done == self.params["epochs"]:
            self.samples.append((done, self.sample()))


class ResetStates(keras.callbacks.Callback):
    """A callback that resets stateful recurrent layers before epochs, evaluations and predictions.

    Keras leaves the state of a stateful layer as the last batch has left it, also that of other
    data. On the JAX and PyTorch backends such layers also need
    `nnlab.training.keep_recurrent_state`.
    """

    def reset(self, *args, **kwargs):
        for layer in self.model.layers:
            if getattr(layer, "stateful", False):
                layer.reset_state()

    on_epoch_begin = on_test_begin = on_predict_begin = reset
