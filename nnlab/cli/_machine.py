"""Describe this machine as Keras sees it: versions, devices, and why a GPU is not among them."""

import ctypes
import ctypes.util
import importlib.metadata
import os
import platform
import sys

PACKAGES = (
    "tensorflow",
    "jax",
    "torch",
    "keras",
    "numpy",
    "scikit-learn",
    "matplotlib",
    "jupyterlab",
)
HIDDEN = ("", "-1", "none", "NoDevFiles")  # values of CUDA_VISIBLE_DEVICES that hide every GPU
INSTALL = {  # how to get a build of each backend that computes on NVIDIA's GPUs
    "tensorflow": 'pip install "tensorflow[and-cuda]"',
    "jax": 'pip install "jax[cuda12]"',
    "torch": "install the CUDA build that pytorch.org names for your system",
}


def software():
    """Yield (name, text) pairs that need no backend: Python, packages, processor."""
    yield "python", f"{platform.python_version()} on {platform.platform()}"
    found = [(name, _version(name)) for name in PACKAGES]
    yield "packages", ", ".join(f"{name} {version}" for name, version in found if version)
    usable = usable_cores()
    limits = [
        f"{name}={value}"
        for name, value in sorted(os.environ.items())
        if name.endswith("_NUM_THREADS")
    ]
    yield (
        "CPU",
        ", ".join([f"{platform.machine()}, {usable} of {os.cpu_count()} threads usable", *limits]),
    )


def usable_cores():
    """Return how many CPU cores this process may use, be there more."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count()


def hardware():
    """Yield (name, text) pairs on the Keras backend, which this imports, and its devices.

    Without a GPU, the last pairs say why, as far as can be told, and what helps.
    """
    import keras

    from nnlab.training import list_devices

    backend = keras.backend.backend()
    yield "backend", backend
    devices = list_devices()
    yield "devices", ", ".join(devices)
    if not any(device.startswith("gpu") for device in devices):
        driver_gpus = _driver_gpus()
        visible = os.environ.get("CUDA_VISIBLE_DEVICES")
        hides = visible is not None and visible.strip() in HIDDEN
        names_none = visible is not None and driver_gpus == 0  # it may name one that is not there
        why, remedy = why_no_gpu(
            backend,
            system=platform.system(),
            hidden=hides or names_none,
            driver_gpus=driver_gpus,
            cuda_build=_is_cuda_build(backend),
            libraries=_has_cuda_libraries(),
        )
        yield "GPU", f"none visible: {why}"
        yield "remedy", remedy


def why_no_gpu(backend, *, system, hidden, driver_gpus, cuda_build, libraries):
    """Return (reason, remedy) for a backend that sees no GPU.

    system: as of ``platform.system()``.
    hidden: whether CUDA_VISIBLE_DEVICES hides all GPUs.
    driver_gpus: how many NVIDIA's driver offers, None without a driver.
    cuda_build: whether the backend was built for CUDA.
    libraries: whether CUDA's libraries are installed.

    Source: TensorFlow's installation guide (tensorflow.org/install/pip).
    """
    if system == "Darwin":
        return "NVIDIA's GPUs do not work with macOS", "none needed: the notebooks run on the CPU"
    if system == "Windows" and backend == "tensorflow":
        return (
            "TensorFlow for Windows computes on the CPU only",
            "run nnlab within WSL 2 (Windows' own Linux)",
        )
    if hidden:
        return "CUDA_VISIBLE_DEVICES hides it", "unset CUDA_VISIBLE_DEVICES, or set it to 0"
    if driver_gpus is None:
        return (
            "no NVIDIA driver is installed (libcuda is not found)",
            "with an NVIDIA GPU: install its driver, until nvidia-smi lists the GPU; "
            "in a container: start it with --gpus all; without one: none needed",
        )
    if driver_gpus == 0:
        return (
            "NVIDIA's driver is installed but offers no GPU",
            "see what nvidia-smi says; after a driver update, restart the machine",
        )
    if not cuda_build:
        return f"this {backend} is a CPU-only wheel", INSTALL[backend]
    if not libraries:
        return "CUDA's libraries (cuDNN) are not found", INSTALL[backend]
    return (
        f"the driver offers {driver_gpus}, but {backend} could not load CUDA's libraries",
        f"{INSTALL[backend]} in a new environment; "
        "the driver may be too old for it (see nvidia-smi)",
    )


def _version(package):
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _driver_gpus():
    """Return how many GPUs NVIDIA's driver offers, None without a driver."""
    try:
        cuda = ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        return None
    count = ctypes.c_int()
    failed = cuda.cuInit(0) or cuda.cuDeviceGetCount(ctypes.byref(count))
    return 0 if failed else count.value


def _is_cuda_build(backend):
    module = sys.modules[backend]
    if backend == "tensorflow":
        return module.sysconfig.get_build_info()["is_cuda_build"]
    if backend == "torch":
        return module.version.cuda is not None
    return any(_version(f"jax-cuda{major}-plugin") for major in (12, 13))


def _has_cuda_libraries():
    wheels = any(_version(f"nvidia-cudnn-cu{major}") for major in (12, 13))
    return wheels or ctypes.util.find_library("cudnn") is not None
