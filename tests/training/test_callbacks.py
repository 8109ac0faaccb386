"""Samples kept on the way, recurrent states reset."""

import keras
import numpy as np
import pytest

from nnlab import training

# To trace a small training takes TensorFlow longer than all its steps, an operation at a time.
STEP_BY_STEP = {"run_eagerly": keras.backend.backend() == "tensorflow"}


@pytest.mark.parametrize(("every", "epochs"), [(1, [0, 1, 2, 3, 4, 5]), (2, [0, 2, 4, 5])])
def test_snapshots_show_the_network_before_training_and_after_epochs(helper, every, epochs):
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    model.compile(keras.optimizers.SGD(0.1), "mse", **STEP_BY_STEP)
    weights = []
    watch = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: weights.append(model.get_weights()[0])
    )
    snapshots = helper(training.SampleSnapshots)(lambda: model.get_weights()[0].item(), every=every)
    x = np.ones((4, 1))
    for _ in range(2):  # a second fit starts a new list
        before = model.get_weights()[0]
        weights.clear()
        model.fit(x, x, epochs=5, callbacks=[watch, snapshots], verbose=0)
        expected = [before, *weights]
        assert snapshots.samples == [(epoch, expected[epoch].item()) for epoch in epochs]
    assert len({value for _, value in snapshots.samples}) > 1


class Stop(keras.callbacks.Callback):
    """Stops training after the third epoch, as EarlyStopping does."""

    def on_epoch_end(self, epoch, logs=None):
        self.model.stop_training = epoch == 2


@pytest.mark.parametrize("first", [True, False])
def test_the_last_epoch_is_kept_where_training_stops_early(helper, first):
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    model.compile(keras.optimizers.SGD(0.1), "mse", **STEP_BY_STEP)
    snapshots = helper(training.SampleSnapshots)(lambda: model.get_weights()[0].item(), every=5)
    callbacks = [Stop(), snapshots] if first else [snapshots, Stop()]
    model.fit(np.ones((4, 1)), np.zeros((4, 1)), epochs=20, callbacks=callbacks, verbose=0)
    assert [epoch for epoch, _ in snapshots.samples] == [0, 3]
    assert snapshots.samples[-1][1] == model.get_weights()[0].item()


def test_epochs_are_counted_on_from_the_initial_one(helper):
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse", **STEP_BY_STEP)
    snapshots = helper(training.SampleSnapshots)(lambda: None)
    x = np.ones((4, 1))
    model.fit(x, x, initial_epoch=5, epochs=7, callbacks=[snapshots], verbose=0)
    assert [epoch for epoch, _ in snapshots.samples] == [5, 6, 7]


class Counting(keras.layers.Layer):
    """A stateful layer whose ``layers`` is something else than a model's."""

    def __init__(self, layers):
        super().__init__()
        self.layers = layers
        self.stateful = True
        self.times = 0

    def call(self, x):
        return x

    def reset_state(self):
        self.times += 1


@pytest.mark.parametrize("layers", [2, ()])
def test_a_layer_that_has_layers_is_no_model(helper, layers):
    counting = Counting(layers)
    model = keras.Sequential([keras.Input((1,)), counting, keras.layers.Dense(1)])
    model.compile("sgd", "mse", **STEP_BY_STEP)
    x = np.ones((2, 1))
    model.fit(x, x, epochs=2, callbacks=[helper(training.ResetStates)()], verbose=0)
    assert counting.times == 2


def test_an_interval_that_is_none_is_refused_before_training(helper):
    with pytest.raises(ValueError, match="every must be an integer ≥ 1, got 0"):
        helper(training.SampleSnapshots)(lambda: None, every=0)


@pytest.mark.parametrize("chosen", [[0, 2, 6], (2, 6), np.array([2, 6]), range(2, 7, 4)])
def test_steps_may_come_in_any_form(helper, chosen):
    assert helper(training.SampleSnapshots)(lambda: None, steps=chosen).steps == [2, 6]


def test_snapshots_after_steps_begin_with_0_and_end_with_the_last_step(helper):
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse", **STEP_BY_STEP)
    snapshots = helper(training.SampleSnapshots)(lambda: None, steps=[0, 2, 6])
    x = np.ones((8, 1))
    model.fit(x, x, batch_size=1, callbacks=[snapshots], verbose=0)
    assert [step for step, _ in snapshots.samples] == [0, 2, 6, 8]


@pytest.mark.parametrize(
    ("bundle", "steps"), [(1, [0, 2, 6, 8, 12]), (2, [0, 2, 6, 8, 12]), (3, [0, 3, 7, 8, 12])]
)
def test_snapshots_can_be_taken_after_steps_in_the_middle_of_an_epoch(helper, bundle, steps):
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    if training.steps_at_once(bundle) != bundle:
        pytest.skip("this backend takes one step at a time")
    model.compile(keras.optimizers.SGD(0.1), "mse", steps_per_execution=bundle)
    snapshots = helper(training.SampleSnapshots)(
        lambda: (model.get_weights()[0].item(), model.predict(np.ones((1, 1)), verbose=0).item()),
        steps=[2, 6, 8],
    )
    x = np.ones((4, 1))
    start = model.get_weights()[0].item()
    model.fit(x, x, batch_size=1, epochs=3, callbacks=[snapshots], verbose=0)
    assert [step for step, _ in snapshots.samples] == steps
    for step, (weight, output) in snapshots.samples:  # error and slope: w − 1 and 2 (w − 1)
        assert weight == pytest.approx(1 + (start - 1) * 0.8**step, abs=1e-5)
        assert output == pytest.approx(weight, abs=1e-6)


@pytest.mark.parametrize("nested", [False, True])
def test_states_are_reset_before_epochs_evaluations_and_predictions(helper, nested):
    inputs = keras.Input(batch_shape=(2, None, 1))
    model = keras.Model(inputs, keras.layers.SimpleRNN(3, stateful=True)(inputs))
    if nested:
        model = keras.Sequential([inputs, model])
    model.compile("sgd", "mse", **STEP_BY_STEP)
    x = np.ones((2, 4, 1))
    y = np.ones((2, 3))
    reset = [helper(training.ResetStates)()]
    first = model.predict(x, callbacks=reset, verbose=0)
    if keras.backend.backend() != "jax":  # there, it takes keep_recurrent_state to go on
        assert not np.allclose(model.predict(x, verbose=0), first)
    np.testing.assert_allclose(model.predict(x, callbacks=reset, verbose=0), first)
    loss = np.mean((first - y) ** 2)
    assert model.evaluate(x, y, callbacks=reset, verbose=0) == pytest.approx(loss, rel=1e-5)
    history = model.fit(x, y, callbacks=reset, verbose=0).history
    assert history["loss"] == pytest.approx([loss], rel=1e-5)
