"""Callbacks: samples kept on the way, states that begin afresh."""

import functools

import keras
from keras import layers, ops


class SampleSnapshots(keras.callbacks.Callback):
    """A callback that keeps what a network makes before training and after every epoch, to show its progress.

    sample: function without arguments that returns anything worth keeping, e.g. the images that the generator makes
    of the same noise as always. every: epochs from one snapshot to the next; the last epoch is kept in any case.

    ``samples`` is a list of ``(epoch, what sample returned)``; epoch 0 is before training. Each ``fit`` starts anew.
    """

    def __init__(self, sample, *, every=1):
        super().__init__()
        self.sample, self.every, self.samples = sample, every, []

    def on_train_begin(self, logs=None):
        self.samples = [(0, self.sample())]

    def on_epoch_end(self, epoch, logs=None):
        if (epoch + 1) % self.every == 0 or epoch + 1 == self.params["epochs"]:
            self.samples.append((epoch + 1, self.sample()))


class ResetStates(keras.callbacks.Callback):
    """A callback that lets stateful layers begin afresh: before each epoch, each evaluation and each prediction.

    Keras leaves the state of a stateful recurrent layer as the last batch has left it, also that of other data. From
    its first use on, stateful SimpleRNN, LSTM and GRU layers can also be trained on the JAX and PyTorch backends.
    """

    def set_model(self, model):
        self.mend_layers()
        super().set_model(model)

    @staticmethod
    @functools.cache  # once is enough
    def mend_layers():
        """Let all stateful layers of this process keep their state as they do on TensorFlow; Keras 3.15 does not.

        JAX carries on only what a layer lists among its variables, and forgets the state after each batch. PyTorch
        overwrites the state in which a batch began while it still needs it for the gradients.
        """
        if keras.backend.backend() == "jax":
            listed = layers.RNN.variables.fget
            layers.RNN.variables = property(
                lambda layer: [*listed(layer), *keras.tree.flatten(layer.states or [])]
            )
        elif keras.backend.backend() == "torch":

            def begin_with_copies(inner_loop):
                def run(layer, sequences, initial_state, *args, **kwargs):
                    copies = keras.tree.map_structure(ops.copy, initial_state)
                    return inner_loop(layer, sequences, copies, *args, **kwargs)

                return run

            for kind in (layers.LSTM, layers.GRU):  # SimpleRNN makes copies of its own
                kind.inner_loop = begin_with_copies(kind.inner_loop)

    def reset(self, *args, **kwargs):
        for layer in self.model.layers:
            if getattr(layer, "stateful", False):
                layer.reset_state()

    on_epoch_begin = on_test_begin = on_predict_begin = reset
