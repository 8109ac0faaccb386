"""What computes fastest on this machine: number of bits, steps at a time, devices, compiling."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

import keras


def best_precision():
    """Return the name of the precision in which this machine trains large layers fastest.

    ``"mixed_bfloat16"`` on GPUs of NVIDIA's compute capability 8.0 and above, on TPUs, and, with
    TensorFlow and PyTorch, on CPUs that multiply bfloat16 numbers themselves (AVX512-BF16, AMX;
    only Linux tells); ``"mixed_float16"`` on GPUs from 7.0 on; else ``"float32"``. Mixed means:
    weights, sums and normalization in float32, what is multiplied in 16 bits. Give the last layer
    ``dtype="float32"``. Set it before building a model::

        keras.config.set_dtype_policy(best_precision())

    Source: Micikevicius et al., "Mixed Precision Training" (2018); Kalamkar et al., "A Study of
    BFLOAT16 for Deep Learning Training" (2019); the mixed-precision guides of TensorFlow and
    NVIDIA, for what suits which GPU.
    """
    backend = keras.backend.backend()
    capabilities = []  # (major, minor) of each GPU
    if backend == "tensorflow":
        import tensorflow

        for gpu in tensorflow.config.list_physical_devices("GPU"):
            details = tensorflow.config.experimental.get_device_details(gpu)
            capabilities.append(details.get("compute_capability", (0, 0)))
    elif backend == "jax":
        import jax

        if jax.default_backend() == "tpu":
            return "mixed_bfloat16"
        if jax.default_backend() == "gpu":
            for device in jax.local_devices():
                version = str(getattr(device, "compute_capability", "0.0"))
                known = "." in version
                capabilities.append(tuple(map(int, version.split("."))) if known else (0, 0))
    else:
        import torch

        for index in range(torch.cuda.device_count()):
            capabilities.append(torch.cuda.get_device_capability(index))
    if capabilities:
        oldest = min(capabilities)
        if oldest >= (8, 0):
            return "mixed_bfloat16"
        if oldest >= (7, 0):
            return "mixed_float16"
        return "float32"

    about = Path("/proc/cpuinfo")
    if backend == "jax" or not about.exists():  # XLA gains nothing on a CPU
        return "float32"
    flags = set(about.read_text().split())
    return "mixed_bfloat16" if flags & {"avx512_bf16", "amx_bf16"} else "float32"


def steps_at_once(steps):
    """Return how many steps to give ``compile(steps_per_execution=…)``: steps, or 1 on PyTorch.

    steps: int ≥ 1. With more than one, Keras returns to Python only after so many batches, which
    helps small models. The PyTorch backend takes one at a time.
    """
    return 1 if keras.backend.backend() == "torch" else steps


def list_devices():
    """Return the names of the devices that Keras computes on: ``["gpu:0", …]`` or ``["cpu:0"]``."""
    if keras.backend.backend() == "torch":  # of which keras.distribution knows nothing
        import torch

        return [f"gpu:{index}" for index in range(torch.cuda.device_count())] or ["cpu:0"]
    return keras.distribution.list_devices()


def compile_once():
    """Let JAX find again what it has compiled for a network, where Keras has it compiled anew.

    Each ``compile`` of Keras wraps the training step in a function that JAX does not know, even
    where the program is that of the network before. What JAX compiles is kept in a folder as long
    as the process lives. Where JAX_COMPILATION_CACHE_DIR names another folder, that is used, and
    the next process finds it, too. Does nothing on other backends, nor when called again.

    Source: https://docs.jax.dev/en/latest/persistent_compilation_cache.html.
    """
    if keras.backend.backend() != "jax":
        return
    import jax
    from jax.experimental.compilation_cache import compilation_cache

    if "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS" not in os.environ:
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)  # small programs, too
    if jax.config.jax_compilation_cache_dir:
        return
    folder = tempfile.mkdtemp(prefix="nnlab-jax-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    jax.config.update("jax_compilation_cache_dir", folder)
    compilation_cache.reset_cache()  # if something was compiled already, it has been given up
