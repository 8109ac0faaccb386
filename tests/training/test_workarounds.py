"""Faults of Keras and TensorFlow: each is still there without its workaround, and gone with it.

A fault that is no longer there fails its test: then delete the workaround, or, if it is there in a
version that the workaround leaves alone, raise the version.
"""

import os
import subprocess
import sys

import keras
import pytest

BACKEND = keras.backend.backend()

# Each program prints whether it has met the fault.
WAITS_FOR_THE_TUNER = """
import time
import tensorflow as tf

def seconds_to_delete():
    dataset = tf.data.Dataset.range(10**9).map(lambda x: x, num_parallel_calls=tf.data.AUTOTUNE)
    iterator = iter(dataset.prefetch(tf.data.AUTOTUNE).with_options(tf.data.Options()))
    until = time.perf_counter() + 0.18  # of 0.31, when the thread looks for the fifth time
    while time.perf_counter() < until:
        next(iterator)
    start = time.perf_counter()
    del iterator
    return time.perf_counter() - start

waits = 0
for _ in range(30):
    waits += waits < 3 and seconds_to_delete() > 0.08
print(waits == 3)
"""
SAME_ORDER_IN_ALL_EPOCHS = """
import keras
import numpy as np
from keras import ops

class Order(keras.layers.Layer):
    def build(self, shape):
        self.seen = self.add_weight(shape=(12,), initializer="zeros", trainable=False)

    def call(self, x):
        self.seen.assign(ops.concatenate([self.seen[4:], x[:, 0]]))
        return x

def look(epoch, logs):
    orders.append(tuple(ops.convert_to_numpy(model.layers[0].seen).astype(int)))

model = keras.Sequential([keras.Input(batch_shape=(4, 1)), Order(), keras.layers.Dense(1)])
model.compile("sgd", "mse")
x = np.arange(12.0)[:, None]
keras.utils.set_random_seed(0)
orders = []
watch = keras.callbacks.LambdaCallback(on_epoch_end=look)
for shuffle in (True, False):
    model.fit(x, x, batch_size=4, epochs=3, shuffle=shuffle, callbacks=[watch], verbose=0)
assert all(sorted(order) == list(range(12)) for order in orders)
assert orders[3:] == [tuple(range(12))] * 3
print(len(set(orders[:3])) < 3)
"""
FORGETS_RECURRENT_STATE = """
import keras
import numpy as np

faults = []
for kind in (keras.layers.SimpleRNN, keras.layers.LSTM, keras.layers.GRU):
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
print(any(faults))
"""
FAULTS = {
    "disable_autotune": (WAITS_FOR_THE_TUNER, ["tensorflow"]),
    "reshuffle_each_epoch": (SAME_ORDER_IN_ALL_EPOCHS, ["tensorflow"]),
    "keep_recurrent_state": (FORGETS_RECURRENT_STATE, ["jax", "torch"]),
}


def meets_the_fault(program):
    run = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert run.returncode == 0, run.stderr
    return {"True": True, "False": False}[run.stdout.split()[-1]]


@pytest.mark.parametrize("name", FAULTS)
def test_the_fault_is_still_there_without_its_workaround(name):
    program, backends = FAULTS[name]
    if BACKEND not in backends:
        pytest.skip(f"a fault of {' and '.join(backends)}")
    assert meets_the_fault(program), (
        f"fixed: nnlab.training.{name} can go, or its half for {BACKEND}"
    )


@pytest.mark.parametrize("name", FAULTS)
def test_the_fault_is_gone_with_the_workaround_called_twice(name):
    if name == "disable_autotune" and BACKEND != "tensorflow":
        pytest.skip("its program uses TensorFlow itself, which is left alone on other backends")
    called_twice = f"from nnlab.training import {name}\n{name}()\n{name}()\n"
    assert not meets_the_fault(called_twice + FAULTS[name][0])


def test_a_second_call_changes_nothing(helper):
    program = """
import keras
from keras import layers
from keras.src.trainers.data_adapters.array_data_adapter import ArrayDataAdapter
from tensorflow.data.experimental import AutotuneOptions
from nnlab.training import disable_autotune, keep_recurrent_state, reshuffle_each_epoch

def patched():
    return [
        AutotuneOptions.__init__, ArrayDataAdapter.get_tf_dataset, ArrayDataAdapter.on_epoch_begin,
        layers.RNN.variables, layers.LSTM.inner_loop, layers.GRU.inner_loop,
    ]

before = patched()
for _ in range(1200):  # more than Python lets functions call each other
    disable_autotune()
    reshuffle_each_epoch()
    keep_recurrent_state()
    after = after if _ else patched()
assert patched() == after != before
"""
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)


@pytest.mark.parametrize("version", [("2.22.0", "3.16.0"), ("3.0.0rc1", "4.0.dev3")])
def test_a_version_that_may_be_fixed_is_left_alone(helper, monkeypatch, version):
    tensorflow = pytest.importorskip("tensorflow")
    from keras.src.trainers.data_adapters.array_data_adapter import ArrayDataAdapter

    from nnlab import training

    options = tensorflow.data.experimental.AutotuneOptions
    before = options.__init__, ArrayDataAdapter.get_tf_dataset, keras.layers.GRU.inner_loop
    monkeypatch.setattr(tensorflow, "__version__", version[0])
    monkeypatch.setattr(keras, "__version__", version[1])
    for backend in ("tensorflow", "torch"):
        monkeypatch.setattr(keras.backend, "backend", lambda backend=backend: backend)
        helper(training.disable_autotune)()
        helper(training.reshuffle_each_epoch)()
        helper(training.keep_recurrent_state)()
    after = options.__init__, ArrayDataAdapter.get_tf_dataset, keras.layers.GRU.inner_loop
    assert after == before
