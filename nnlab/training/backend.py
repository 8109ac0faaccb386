"""What differs from backend to backend: seeds, batches, precision."""

from pathlib import Path

import keras


def set_seed(seed, *, deterministic=False):
    """Seed Python, NumPy and the Keras backend, and return the seed.

    seed: int in ``[0, 2**32)``.
    deterministic: also make every operation repeat bit for bit on the same machine; slower, mostly on GPUs. On JAX it
    changes nothing: a CPU needs nothing, a GPU the flag ``--xla_gpu_deterministic_ops=true`` in the environment
    variable XLA_FLAGS before JAX is imported. On a GPU, PyTorch also wants ``CUBLAS_WORKSPACE_CONFIG=:4096:8`` there.

    Raises ValueError for a seed outside the range. Source: the documentation of ``keras.utils.set_random_seed``
    and the reproducibility pages of TensorFlow, PyTorch and XLA.
    """
    if not 0 <= seed < 2**32:
        raise ValueError(f"seed must be an integer from 0 to 2**32 - 1, got {seed!r}: choose another one")
    keras.utils.set_random_seed(seed)
    if deterministic and keras.backend.backend() == "tensorflow":
        import tensorflow

        tensorflow.config.experimental.enable_op_determinism()
    elif deterministic and keras.backend.backend() == "torch":
        import torch

        torch.use_deterministic_algorithms(True)
    return seed


def disable_autotune():
    """Let TensorFlow hand out batches at once, without measuring how they are best prepared; return nothing.

    For data in memory there is nothing to gain by it. And in TensorFlow 2.21 the thread that measures can miss the end
    of an epoch: it then looks again after 2.6, 5.1, 10.2, 20.5, … seconds from the epoch's start, and until then
    ``fit``, ``evaluate`` or ``predict`` waits. Holds for all data sets made from now on in this process; other
    backends need no such thing, and nothing is done for them.

    Source: ``tf.data.experimental.AutotuneOptions``, whose ``enabled`` is what is set.
    """
    if keras.backend.backend() == "tensorflow":
        from tensorflow.data.experimental import AutotuneOptions

        make = AutotuneOptions.__init__

        def make_disabled(options):
            make(options)
            options.enabled = False

        AutotuneOptions.__init__ = make_disabled


def steps_at_once(steps):
    """Return steps, or 1 on the PyTorch backend, which takes one at a time: for ``compile(steps_per_execution=…)``.

    steps: int ≥ 1. With more than one, Keras returns to Python only after so many batches, which helps small models.
    """
    return 1 if keras.backend.backend() == "torch" else steps


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
            versions = [str(getattr(device, "compute_capability", "0.0")) for device in jax.local_devices()]
            capabilities = [tuple(map(int, version.split("."))) if "." in version else (0, 0) for version in versions]
    else:
        import torch

        capabilities = [torch.cuda.get_device_capability(index) for index in range(torch.cuda.device_count())]
    if capabilities:
        return {8: "mixed_bfloat16", 7: "mixed_float16"}.get(min(8, min(capabilities)[0]), "float32")
    about = Path("/proc/cpuinfo")
    flags = about.read_text().split() if about.exists() and backend != "jax" else []  # XLA gains nothing on a CPU
    return "mixed_bfloat16" if {"avx512_bf16", "amx_bf16"} & {*flags} else "float32"
