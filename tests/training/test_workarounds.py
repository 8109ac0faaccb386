"""Faults of Keras and TensorFlow: each is still there without its workaround, and gone with it.

A fault that is no longer there fails its test: then delete the workaround, or, if it is there in a
version that the workaround leaves alone, raise the version.

This file is also a program: workarounds stay until a process ends, so one of its own looks for each
fault, calls the workaround, looks again, and prints what it found.
"""

import importlib
import json
import os
import subprocess
import sys
import time

import keras
import numpy as np
import pytest
from keras import layers, ops

from nnlab import training

BACKEND = keras.backend.backend()


# ---- what meets a fault --------------------------------------------------------------------------


def waits_for_the_tuner():
    import tensorflow as tf

    def seconds_to_delete():
        """Return how long it takes to delete an iterator; None where it came too late for that."""
        dataset = tf.data.Dataset.range(10**9).map(lambda x: x, num_parallel_calls=tf.data.AUTOTUNE)
        iterator = iter(dataset.prefetch(tf.data.AUTOTUNE).with_options(tf.data.Options()))
        until = time.perf_counter() + 0.18  # of 0.31, when the thread looks for the fifth time
        while time.perf_counter() < until:
            next(iterator)
            time.sleep(0.001)
        start = time.perf_counter()
        del iterator
        seconds = time.perf_counter() - start
        return seconds if start < until + 0.03 else None  # on a busy machine

    waits = []
    for _ in range(300):
        seconds = seconds_to_delete()
        if seconds is not None:
            waits.append(seconds > 0.08)
        if sum(waits) == 3 or len(waits) == 30:
            break
    return sum(waits) == 3


def traces_a_training_step_twice():
    """Count how often Python runs a layer in training, and hold the weights against the formula."""

    class Counted(layers.Dense):
        def call(self, x, training=None):
            runs.append(training)
            return super().call(x)

    runs = []
    model = keras.Sequential([keras.Input((1,)), Counted(1, use_bias=False)])
    model.compile(keras.optimizers.SGD(0.25), "mse", metrics=["mae"])
    [weight] = model.get_weights()
    x = np.ones((2, 1), "float32")
    history = model.fit(x, 2 * x, epochs=2, verbose=0).history
    gap = abs(2 - weight.item())  # which a step at this rate halves
    np.testing.assert_allclose(history["mae"], [gap, gap / 2], rtol=1e-5)
    return runs.count(True) > 1


class Order(layers.Layer):
    """Remembers the last three batches of four numbers."""

    def build(self, shape):
        self.seen = self.add_weight(shape=(12,), initializer="zeros", trainable=False)

    def call(self, x):
        self.seen.assign(ops.concatenate([self.seen[4:], x[:, 0]]))
        return x


def takes_the_same_order_in_all_epochs():
    def look(epoch, logs):
        orders.append(tuple(ops.convert_to_numpy(model.layers[0].seen).astype(int)))

    model = keras.Sequential([keras.Input(batch_shape=(4, 1)), Order(), layers.Dense(1)])
    model.compile("sgd", "mse")
    x = np.arange(12.0)[:, None]
    keras.utils.set_random_seed(0)
    orders = []
    watch = keras.callbacks.LambdaCallback(on_epoch_end=look)
    for shuffle in (True, False):
        model.fit(x, x, batch_size=4, epochs=3, shuffle=shuffle, callbacks=[watch], verbose=0)
    assert all(sorted(order) == list(range(12)) for order in orders)
    assert orders[3:] == [tuple(range(12))] * 3
    return len(set(orders[:3])) < 3


def forgets_recurrent_state():
    faults = []
    for kind in (layers.SimpleRNN, layers.LSTM, layers.GRU):
        inputs = keras.Input(batch_shape=(2, 3, 1))
        model = keras.Model(inputs, kind(4, stateful=True)(inputs))
        model.compile("sgd", "mse")
        x = np.ones((2, 3, 1))
        forgets = np.allclose(model.predict(x, verbose=0), model.predict(x, verbose=0))
        try:
            model.fit(x, np.ones((2, 4)), epochs=2, shuffle=False, verbose=0)
            faults.append(forgets)
        except RuntimeError as error:
            assert "modified by an inplace operation" in str(error)
            faults.append(True)
    return any(faults)


def loses_averaged_weights():
    model = keras.Sequential([keras.Input((1,)), layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.1, use_ema=True), "mse")
    x = np.ones((4, 1))
    swap = keras.callbacks.SwapEMAWeights(swap_on_epoch=True)
    look = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: model.predict(x, verbose=0)
    )
    try:
        model.fit(x, x, epochs=2, callbacks=[swap, look], verbose=0)
        model.predict(x, verbose=0)
        model.fit(x, x, verbose=0)
    except (RuntimeError, TypeError, ValueError):  # "Buffer has been deleted or donated"
        return True
    return False


def asks_cudnn_for_16_bits():
    """Ask for an LSTM in bfloat16 where Keras believes that there is a GPU."""
    import jax.experimental.rnn

    rnn = importlib.import_module("keras.src.backend.jax.rnn")  # its package has a function rnn
    asked = []

    def cudnn(inputs, *args, **kwargs):
        asked.append(str(inputs.dtype))
        raise RuntimeError("no cuDNN here")  # Keras goes on with its own loop

    kept = rnn._is_gpu_available, jax.experimental.rnn.lstm
    rnn._is_gpu_available = lambda: True
    jax.experimental.rnn.lstm = cudnn
    try:
        for dtype in ("float32", "mixed_bfloat16"):
            layers.LSTM(2, dtype=dtype)(np.ones((1, 3, 1), "float32"))
    finally:
        rnn._is_gpu_available, jax.experimental.rnn.lstm = kept
    assert asked[0] == "float32"
    return "bfloat16" in asked


def trains_operation_by_operation():
    """Count how often Python runs a layer in 16 steps, whose images move otherwise each time."""

    class Counted(layers.Flatten):
        def call(self, x):
            runs.append(x)
            return super().call(x)

    runs = []
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.RandomTranslation(0.3, 0.3, seed=1),
            layers.RandomRotation(0.2, seed=2),
            layers.RandomZoom(0.3, seed=3),
            layers.RandomShear(0.3, 0.3, seed=4),
            Counted(),
            layers.Dense(1),
        ]
    )
    model.compile(keras.optimizers.SGD(0.0), "mse")
    losses = []
    note = keras.callbacks.LambdaCallback(on_epoch_end=lambda _, logs: losses.append(logs["loss"]))
    square = np.zeros((1, 8, 8, 1), "float32")
    square[:, 2:4, 3:6] = 1.0
    model.fit(square, np.ones(1), epochs=16, callbacks=[note], verbose=0)
    assert len(set(losses)) > 12, losses
    return len(runs) > 8


# Workaround → what meets its fault, the backends that have the fault, those that can be asked.
EVERY = ("tensorflow", "jax", "torch")
FAULTS = {
    "disable_autotune": (waits_for_the_tuner, ["tensorflow"], ["tensorflow"]),
    "build_before_tracing": (traces_a_training_step_twice, ["tensorflow"], ["tensorflow"]),
    "reshuffle_each_epoch": (takes_the_same_order_in_all_epochs, ["tensorflow"], EVERY),
    "keep_recurrent_state": (forgets_recurrent_state, ["jax", "torch"], EVERY),
    "copy_averaged_weights": (loses_averaged_weights, ["jax"], EVERY),
    "spare_cudnn_16_bits": (asks_cudnn_for_16_bits, ["jax"], ["jax"]),
    "compile_augmentation": (trains_operation_by_operation, ["jax"], ["jax", "tensorflow"]),
}


def places():
    """Return where all that the workarounds change stands: whose it is, and its name there."""
    from keras.src.backend.tensorflow.trainer import TensorFlowTrainer
    from keras.src.trainers import trainer
    from keras.src.trainers.data_adapters.array_data_adapter import ArrayDataAdapter
    from tensorflow.data.experimental import AutotuneOptions

    return [
        (TensorFlowTrainer, "_maybe_symbolic_build"),
        (AutotuneOptions, "__init__"),
        (ArrayDataAdapter, "get_tf_dataset"),
        (ArrayDataAdapter, "on_epoch_begin"),
        (trainer, "model_supports_jit"),
        (layers.RNN, "variables"),
        (layers.LSTM, "inner_loop"),
        (layers.GRU, "inner_loop"),
        (keras.callbacks.SwapEMAWeights, "_backend_finalize_ema_values"),
        (keras.optimizers.Optimizer, "_overwrite_model_variables_with_average_value"),
    ]


def patched():
    """Return all that the workarounds change, as it is now."""
    return [getattr(owner, name) for owner, name in places()]


def look_for_all():
    """Return for each workaround whether its fault is met before it and after it is called twice.

    And whether the first calls changed something, and 1200 more, beyond which Python does not let
    functions call each other, something again.
    """
    found = {}
    untouched = patched()
    for name, (meets_the_fault, backends, asked) in FAULTS.items():
        found[name] = {"without": BACKEND in backends and meets_the_fault()}
        getattr(training, name)()
        getattr(training, name)()
        found[name]["with"] = BACKEND in asked and meets_the_fault()
    changed = patched()
    for name in 1200 * [*FAULTS]:
        getattr(training, name)()
    found["changed at first"] = changed != untouched
    found["changed later"] = patched() != changed
    return found


# ---- what comes out ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def found():
    run = subprocess.run(
        [sys.executable, __file__],
        env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout.splitlines()[-1])


@pytest.mark.parametrize("name", FAULTS)
def test_the_fault_is_still_there_without_its_workaround(name, found):
    backends = FAULTS[name][1]
    if BACKEND not in backends:
        pytest.skip(f"a fault of {' and '.join(backends)}")
    assert found[name]["without"], f"fixed: nnlab.training.{name} can go, or its half for {BACKEND}"


@pytest.mark.parametrize("name", FAULTS)
def test_the_fault_is_gone_with_the_workaround_called_twice(name, found):
    if BACKEND not in FAULTS[name][2]:
        pytest.skip("it is met with the backend itself, and other backends are left alone")
    assert not found[name]["with"]


def test_a_second_call_changes_nothing(found):
    assert found["changed at first"]
    assert not found["changed later"]


# Workaround → the backend on which it asks for the version.
ASKS = {
    "disable_autotune": "tensorflow",
    "build_before_tracing": "tensorflow",
    "reshuffle_each_epoch": "tensorflow",
    "keep_recurrent_state": "torch",  # on JAX, a Keras that is fixed would list what it lists
    "copy_averaged_weights": "jax",
    "spare_cudnn_16_bits": "jax",
    "compile_augmentation": "jax",
}


@pytest.mark.parametrize("version", [("2.22.0", "3.16.0"), ("3.0.0rc1", "4.0.dev3")])
@pytest.mark.parametrize("name", FAULTS)
def test_a_version_that_may_be_fixed_is_left_alone(helper, monkeypatch, name, version):
    tensorflow = pytest.importorskip("tensorflow")

    def as_it_was(*args):
        """Stands where another test of this process may have called the workaround already."""

    def call(backend, version):
        monkeypatch.setattr(keras.backend, "backend", lambda: backend)
        monkeypatch.setattr(tensorflow, "__version__", version[0])
        monkeypatch.setattr(keras, "__version__", version[1])
        helper(getattr(training, name))()

    for place, now in zip(places(), patched(), strict=True):
        stands = property(as_it_was) if isinstance(now, property) else as_it_was
        monkeypatch.setattr(*place, stands)
    before = patched()
    for backend in ("tensorflow", "torch", ASKS[name]):
        call(backend, version)
        assert patched() == before, backend
    call(ASKS[name], ("2.21.0", "3.15.0"))
    assert patched() != before  # so it was the version that kept it from that


if __name__ == "__main__":
    print(json.dumps(look_for_all()))
