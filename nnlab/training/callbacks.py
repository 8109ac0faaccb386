"""Callbacks: samples kept on the way, recurrent states reset."""

import keras


class SampleSnapshots(keras.callbacks.Callback):
    """A callback that keeps what a network makes before training and after epochs, or after steps.

    sample: function without arguments that returns anything worth keeping, such as the images that
    a generator makes of the same noise as always.
    every: epochs from one snapshot to the next, int ≥ 1; the last epoch is kept in any case, also
    where training stops early.
    steps: numbers of steps (batches), rising, such as 16, 32, 64, …: snapshots are taken after
    these instead of after epochs, and at the end of training. With ``steps_per_execution``, a step
    is met at the end of the bundle that it is in.

    ``samples`` is a list of ``(epoch, what sample returned)``, or of ``(step, …)``; 0 is before
    training, or the ``initial_epoch`` of ``fit``. Each ``fit`` starts a new list.

    Raises ValueError where every is below 1.
    """

    def __init__(self, sample, *, every=1, steps=None):
        super().__init__()
        if every < 1:
            raise ValueError(
                f"every must be an integer ≥ 1, got {every}: with 1, each epoch is kept"
            )
        self.sample = sample
        self.every = every
        self.steps = None if steps is None else [int(step) for step in steps if step > 0]
        self.samples = []

    def on_train_begin(self, logs=None):
        self.first = (0, self.sample())
        self.samples = [self.first]
        self.waiting = list(self.steps or [])
        self.done = 0  # steps of the epochs before this one
        self.step = 0
        self.epoch = None  # the number of epochs there were, as soon as one begins

    def on_epoch_begin(self, epoch, logs=None):
        begins = self.epoch is None and self.samples[0] is self.first  # none was brought back
        if begins and self.steps is None:  # fit tells its initial_epoch only now
            self.samples[0] = (epoch, self.first[1])
        self.epoch = epoch

    def on_train_batch_end(self, batch, logs=None):
        # Of the last bundle of an epoch Keras tells where it would end if it were full.
        self.step = self.done + min(batch + 1, self.params["steps"] or batch + 1)
        if not self.waiting or self.step < self.waiting[0]:
            return
        if keras.backend.backend() == "jax":
            self.model.jax_state_sync()  # JAX has the weights to itself during an epoch
        self.samples.append((self.step, self.sample()))
        self.waiting = [step for step in self.waiting if step > self.step]

    def on_epoch_end(self, epoch, logs=None):
        self.done = self.step
        self.epoch = epoch + 1
        last = self.epoch == self.params["epochs"] or self.model.stop_training
        if self.steps is None and (self.epoch % self.every == 0 or last):
            self.samples.append((self.epoch, self.sample()))

    def on_train_end(self, logs=None):
        now = (self.epoch or 0) if self.steps is None else self.step
        if self.samples[-1][0] < now:
            self.samples.append((now, self.sample()))


class ResetStates(keras.callbacks.Callback):
    """A callback that resets stateful recurrent layers before epochs, evaluations and predictions.

    Keras leaves the state of a stateful layer as the last batch has left it, also that of other
    data. On the JAX and PyTorch backends such layers also need
    `nnlab.training.keep_recurrent_state`.
    """

    def reset(self, *args, **kwargs):
        models = [self.model]
        for model in models:  # grows: by the models that are layers of others
            for layer in model.layers:
                if isinstance(layer, keras.Model):
                    models.append(layer)
                elif getattr(layer, "stateful", False):
                    layer.reset_state()

    on_epoch_begin = on_test_begin = on_predict_begin = reset
