"""Samples kept on the way, recurrent states reset."""

import keras
import numpy as np
import pytest

from nnlab import training


@pytest.mark.parametrize(("every", "epochs"), [(1, [0, 1, 2, 3, 4, 5]), (2, [0, 2, 4, 5])])
def test_snapshots_show_the_network_before_training_and_after_epochs(helper, every, epochs):
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    model.compile(keras.optimizers.SGD(0.1), "mse")
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


def test_states_are_reset_before_epochs_evaluations_and_predictions(helper):
    inputs = keras.Input(batch_shape=(2, None, 1))
    model = keras.Model(inputs, keras.layers.SimpleRNN(3, stateful=True)(inputs))
    model.compile("sgd", "mse")
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
