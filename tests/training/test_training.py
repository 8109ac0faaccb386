import random
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from nnlab import training


def test_the_same_seed_gives_the_same_python_numpy_and_keras_numbers(helper):
    def draw():
        return random.random(), np.random.rand(), float(keras.random.normal(()))  # noqa: NPY002 (the global generator is the subject)

    set_seed = helper(training.set_seed)
    assert set_seed(3) == 3
    first = draw()
    assert draw() != first
    set_seed(3)
    assert draw() == first


def test_the_pytorch_backend_takes_one_step_at_a_time(helper, monkeypatch):
    steps_at_once = helper(training.steps_at_once)
    for backend, steps in {"tensorflow": 7, "jax": 7, "torch": 1}.items():
        monkeypatch.setattr(keras.backend, "backend", lambda backend=backend: backend)
        assert steps_at_once(7) == steps


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_a_seed_outside_its_range_is_refused(helper, seed):
    with pytest.raises(ValueError, match=f"got {seed}"):
        helper(training.set_seed)(seed)


@pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="only TensorFlow tunes its data sets"
)
def test_data_sets_made_after_disable_autotune_are_not_tuned(helper, monkeypatch):
    from tensorflow.data import Options
    from tensorflow.data.experimental import AutotuneOptions

    monkeypatch.setattr(
        AutotuneOptions, "__init__", AutotuneOptions.__init__
    )  # put back after the test
    seen = []

    class Look(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            seen.append(Options().autotune.enabled)

    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    x = np.ones((4, 1))
    model.fit(x, x, verbose=0, callbacks=[Look()])
    helper(training.disable_autotune)()
    model.fit(x, x, verbose=0, callbacks=[Look()])
    assert seen == [None, False]  # None: TensorFlow's default, which is to tune


def test_deterministic_turns_on_the_op_determinism_of_the_backend():
    asked = {
        "tensorflow": "from tensorflow.python.framework.config import is_op_determinism_enabled as is_on",
        "torch": "from torch import are_deterministic_algorithms_enabled as is_on",
        "jax": "is_on = lambda: deterministic",  # always, on a CPU
    }
    program = f"""
{asked[keras.backend.backend()]}
from nnlab.training import set_seed
for deterministic in (False, True):
    set_seed(0, deterministic=deterministic)
    assert is_on() == deterministic
"""
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.parametrize(("every", "epochs"), [(1, [0, 1, 2, 3, 4, 5]), (2, [0, 2, 4, 5])])
def test_snapshots_show_the_network_before_training_and_after_epochs(helper, every, epochs):
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    model.compile(keras.optimizers.SGD(0.1), "mse")
    weights = []
    watch = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: weights.append(model.get_weights()[0])
    )
    snapshots = helper(training.SampleSnapshots)(lambda: model.get_weights()[0].item(), every=every)
    for _ in range(2):  # a second fit starts anew
        before = model.get_weights()[0]
        weights.clear()
        model.fit(
            np.ones((4, 1)), np.ones((4, 1)), epochs=5, callbacks=[watch, snapshots], verbose=0
        )
        expected = [before, *weights]
        assert snapshots.samples == [(epoch, expected[epoch].item()) for epoch in epochs]
    assert len({value for _, value in snapshots.samples}) > 1


def test_states_begin_afresh_before_epochs_evaluations_and_predictions(helper):
    inputs = keras.Input(batch_shape=(2, None, 1))
    model = keras.Model(inputs, keras.layers.SimpleRNN(3, stateful=True)(inputs))
    model.compile("sgd", "mse")
    x, y = np.ones((2, 4, 1)), np.ones((2, 3))
    fresh = [helper(training.ResetStates)()]
    first = model.predict(x, callbacks=fresh, verbose=0)
    assert not np.allclose(model.predict(x, verbose=0), first)
    np.testing.assert_allclose(model.predict(x, callbacks=fresh, verbose=0), first)
    loss = np.mean((first - y) ** 2)
    assert model.evaluate(x, y, callbacks=fresh, verbose=0) == pytest.approx(loss, rel=1e-5)
    assert model.fit(x, y, callbacks=fresh, verbose=0).history["loss"] == pytest.approx(
        [loss], rel=1e-5
    )


def described(backend, monkeypatch, *, gpus=(), flags=""):
    """Let a backend see GPUs of these compute capabilities, and a CPU with these flags."""
    module = pytest.importorskip(backend)
    if backend == "tensorflow":
        monkeypatch.setattr(module.config, "list_physical_devices", lambda kind: gpus)
        details = {"get_device_details": lambda gpu: {"compute_capability": gpu}}
        monkeypatch.setattr(module.config, "experimental", SimpleNamespace(**details))
    elif backend == "jax":
        devices = [SimpleNamespace(compute_capability="{}.{}".format(*gpu)) for gpu in gpus]
        monkeypatch.setattr(module, "default_backend", lambda: "gpu" if gpus else "cpu")
        monkeypatch.setattr(module, "local_devices", lambda: devices)
    else:
        monkeypatch.setattr(module.cuda, "device_count", lambda: len(gpus))
        monkeypatch.setattr(module.cuda, "get_device_capability", gpus.__getitem__)
    monkeypatch.setattr(keras.backend, "backend", lambda: backend)
    monkeypatch.setattr(Path, "exists", lambda path: True)
    monkeypatch.setattr(
        Path, "read_text", lambda path: f"processor : 0\nflags : fpu sse2 {flags} avx2\n"
    )


@pytest.mark.parametrize("backend", ["tensorflow", "jax", "torch"])
@pytest.mark.parametrize(
    ("gpus", "precision"),
    [
        ([(6, 1)], "float32"),
        ([(7, 5)], "mixed_float16"),
        ([(8, 0), (9, 0)], "mixed_bfloat16"),
        ([(12, 0)], "mixed_bfloat16"),
        ([(9, 0), (7, 0)], "mixed_float16"),
    ],
)
def test_the_oldest_gpu_decides_on_the_precision(helper, monkeypatch, backend, gpus, precision):
    described(backend, monkeypatch, gpus=gpus, flags="avx512_bf16")
    assert helper(training.best_precision)() == precision


@pytest.mark.parametrize(
    ("backend", "flags", "precision"),
    [
        ("tensorflow", "avx512f", "float32"),
        ("tensorflow", "avx512f avx512_bf16", "mixed_bfloat16"),
        ("torch", "amx_bf16", "mixed_bfloat16"),
        ("jax", "avx512_bf16", "float32"),
    ],
)
def test_without_a_gpu_the_processor_decides_on_the_precision(
    helper, monkeypatch, backend, flags, precision
):
    described(backend, monkeypatch, flags=flags)
    assert helper(training.best_precision)() == precision
