"""What computes fastest on this machine: number of bits, steps at a time."""

from pathlib import Path

import keras


def best_precision():
    """Return the name of the precision in which this machine trains large layers fastest, for ``set_dtype_policy``.

    ``"mixed_bfloat16"`` on GPUs of NVIDIA's compute capability 8.0 and above, on TPUs, and, with TensorFlow and
    PyTorch, on CPUs that multiply bfloat16 numbers themselves (AVX512-BF16, AMX; only Linux tells);
    ``"mixed_float16"`` on GPUs from 7.0 on; else ``"float32"``. Mixed means: weights, sums and normalisation in
    float32, what is multiplied in 16 bits. Give the last layer ``dtype="float32"``. Set it before building a model::

        keras.config.set_dtype_policy(best_precision())

    Source: Micikevicius et al., "Mixed Precision Training" (2018); Kalamkar et al., "A Study of BFLOAT16 for Deep
    Learning Training" (2019); the mixed-precision guides of TensorFlow and NVIDIA, for what suits which GPU.
    """
    backend, capabilities = keras.backend.backend(), []  # (major, minor) of each GPU
    if backend == "tensorflow":
        import tensorflow

        gpus = tensorflow.config.list_physical_devices("GPU")
        details = map(tensorflow.config.experimental.get_device_details, gpus)
        capabilities = [each.get("compute_capability", (0, 0)) for each in details]
    elif backend == "jax":
        import jax

        if jax.default_backend() == "tpu":
            return "mixed_bfloat16"
        if jax.default_backend() == "gpu":
            versions = [
                str(getattr(device, "compute_capability", "0.0")) for device in jax.local_devices()
            ]
            capabilities = [
                tuple(map(int, version.split("."))) if "." in version else (0, 0)
                for version in versions
            ]
    else:
        import torch

        capabilities = [
            torch.cuda.get_device_capability(index) for index in range(torch.cuda.device_count())
        ]
    if capabilities:
        return {8: "mixed_bfloat16", 7: "mixed_float16"}.get(
            min(8, min(capabilities)[0]), "float32"
        )
    about = Path("/proc/cpuinfo")
    flags = (
        about.read_text().split() if about.exists() and backend != "jax" else []
    )  # XLA gains nothing on a CPU
    return "mixed_bfloat16" if {"avx512_bf16", "amx_bf16"} & {*flags} else "float32"


def steps_at_once(steps):
    """Return steps, or 1 on the PyTorch backend, which takes one at a time: for ``compile(steps_per_execution=…)``.

    steps: int ≥ 1. With more than one, Keras returns to Python only after so many batches, which helps small models.
    """
    return 1 if keras.backend.backend() == "torch" else steps


def list_devices():
    """Return the names of the devices that Keras computes on, a list of str: ``gpu:0``, … or else ``cpu:0``."""
    if keras.backend.backend() == "torch":  # of which keras.distribution knows nothing
        import torch

        return [f"gpu:{index}" for index in range(torch.cuda.device_count())] or ["cpu:0"]
    return keras.distribution.list_devices()
