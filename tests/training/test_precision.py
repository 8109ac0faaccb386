"""What computes fastest on this machine."""

from pathlib import Path
from types import SimpleNamespace

import keras
import pytest

from nnlab import training


def test_the_pytorch_backend_takes_one_step_at_a_time(helper, monkeypatch):
    steps_at_once = helper(training.steps_at_once)
    for backend, steps in {"tensorflow": 7, "jax": 7, "torch": 1}.items():
        monkeypatch.setattr(keras.backend, "backend", lambda backend=backend: backend)
        assert steps_at_once(7) == steps


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
    about = f"processor : 0\nflags : fpu sse2 {flags} avx2\n"
    monkeypatch.setattr(Path, "read_text", lambda path: about)


@pytest.mark.parametrize("backend", ["tensorflow", "jax", "torch"])
@pytest.mark.parametrize(
    ("gpus", "precision"),
    [
        ([(6, 1)], "float32"),
        ([(7, 5)], "mixed_float16"),
        ([(8, 0), (9, 0)], "mixed_bfloat16"),
        ([(12, 0)], "mixed_bfloat16"),
        ([(9, 0), (7, 0)], "mixed_float16"),
        ([(9, 0), (6, 1)], "float32"),
    ],
)
def test_the_oldest_gpu_decides_on_the_precision(helper, monkeypatch, backend, gpus, precision):
    best_precision = helper(training.best_precision)
    described(backend, monkeypatch, gpus=gpus, flags="avx512_bf16")
    assert best_precision() == precision


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
    best_precision = helper(training.best_precision)
    described(backend, monkeypatch, flags=flags)
    assert best_precision() == precision


def test_a_gpu_that_does_not_say_how_old_it_is_is_taken_for_an_old_one(helper, monkeypatch):
    jax = pytest.importorskip("jax")
    best_precision = helper(training.best_precision)
    described("jax", monkeypatch, gpus=[(9, 0)])
    silent = SimpleNamespace(compute_capability="gfx90a")
    monkeypatch.setattr(jax, "local_devices", lambda: [silent])
    assert best_precision() == "float32"


def test_devices_are_gpus_or_else_the_cpu(helper, monkeypatch):
    list_devices = helper(training.list_devices)
    assert list_devices()[0] in ("cpu:0", "gpu:0")
    torch = pytest.importorskip("torch")
    monkeypatch.setattr(keras.backend, "backend", lambda: "torch")
    for count, names in {0: ["cpu:0"], 2: ["gpu:0", "gpu:1"]}.items():
        monkeypatch.setattr(torch.cuda, "device_count", lambda count=count: count)
        assert list_devices() == names
