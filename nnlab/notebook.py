"""How a notebook begins and ends: a quiet start, one style of figures, the record of the run."""

import atexit
import contextlib
import gc
import html
import importlib.metadata
import logging
import os
import platform
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

ENVIRONMENT = {
    "TF_CPP_MIN_LOG_LEVEL": "3",  # TensorFlow: say only what is fatal
    "TF_FORCE_GPU_ALLOW_GROWTH": "true",  # of a GPU's memory, take only what is needed
    "XLA_PYTHON_CLIENT_PREALLOCATE": "false",  # the same, for JAX
    "NVIDIA_TF32_OVERRIDE": "0",  # on a GPU, products of float32 keep all their digits
    "JAX_DEFAULT_MATMUL_PRECISION": "highest",  # the same, for what JAX compiles itself
}
STYLE = Path(__file__).parent / "plotting" / "nnlab.mplstyle"
_started = time.perf_counter()


def begin():
    """Start a notebook quietly; return whether a quick run is asked for, by ``NNLAB_QUICK=1``.

    Keras and its backend are imported in silence, TensorFlow's warnings are turned off, GPU memory
    is taken as needed, float32 is computed with all its digits there, faults of Keras and
    TensorFlow are worked around (see ``nnlab/training/workarounds.py``), JAX compiles no program a
    second time, figures get nnlab's style (in a quick run at 72 dots an inch, not 144), Jupyter
    shows each without drawing it once too often, their titles become their alternative text, and
    the clock of `RunRecord` starts. What these imports made is left out of garbage collection.

    What is set in the environment already stays as it is. Call it before Keras is imported; calling
    it again does no harm.
    """
    global _started
    _started = time.perf_counter()
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    with quiet_stderr(), _uncollected():
        import keras  # noqa: F401

        with contextlib.suppress(ImportError):  # Keras uses it on every backend, to set a seed
            import tensorflow  # noqa: F401
    # TensorFlow warns where a program uses more than a few models.
    logging.getLogger("tensorflow").setLevel("ERROR")
    import matplotlib.pyplot as plt

    from nnlab.training import (
        build_before_tracing,
        compile_augmentation,
        compile_once,
        copy_averaged_weights,
        disable_autotune,
        keep_recurrent_state,
        reshuffle_each_epoch,
        spare_cudnn_16_bits,
    )

    disable_autotune()
    build_before_tracing()
    reshuffle_each_epoch()
    keep_recurrent_state()
    copy_averaged_weights()
    spare_cudnn_16_bits()
    compile_augmentation()
    compile_once()
    plt.style.use(STYLE)
    quick = os.environ.get("NNLAB_QUICK") == "1"
    if quick:  # drawing takes a good part of it
        plt.rcParams["figure.dpi"] = 72
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if shell is not None:  # not a plain program
        _describe_figures(shell)
        if hasattr(shell, "kernel"):  # not a terminal
            _redraw_stale_figures_last()
    return quick


def _redraw_stale_figures_last():
    """Let Matplotlib redraw stale figures after Jupyter has shown and closed those of a cell.

    In the usual order, Matplotlib draws each new figure, and then Jupyter draws it again to show
    it: https://github.com/matplotlib/matplotlib/pull/5800 (closed, not merged).
    """
    import matplotlib.pyplot as plt

    plt.switch_backend(plt.get_backend())  # Jupyter's, which the first figure would load
    plt.uninstall_repl_displayhook()
    plt.install_repl_displayhook()  # registered last, so called last


def _describe_figures(shell):
    """Let Jupyter store a figure's title with its picture: pages read it to those who cannot see.

    The data come from Jupyter's own formatters, whatever their format; added are their metadata.
    """
    from matplotlib.figure import Figure

    def describe(figure):
        return {}, {"image/png": {"alt": alternative_text(figure)}}

    shell.display_formatter.mimebundle_formatter.for_type(Figure, describe)


def alternative_text(figure):
    """Return a Matplotlib figure's title on one line, or else the titles of its Axes; maybe ""."""
    titles = [figure.get_suptitle()]
    if not titles[0]:
        for ax in figure.axes:
            titles += [ax.get_title(place) for place in ("left", "center", "right")]
    different = dict.fromkeys(" ".join(title.split()) for title in titles if title)
    return "; ".join(different)


@contextlib.contextmanager
def _uncollected():
    """Return a context for imports: Python looks for garbage neither in them nor in what they made.

    Keras and TensorFlow are nearly half a million objects, which stay. To look through them takes
    0.7 s while they are imported, 0.2 s each time afterwards, and over a second as Python ends.
    """
    if "keras" in sys.modules or not gc.isenabled():  # begin() again: now there may be garbage
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.freeze()
    atexit.register(gc.freeze)


@contextlib.contextmanager
def quiet_stderr():
    """Return a context that holds back what is written to the file descriptor of standard error, 2.

    That is where libraries below Python write. In Jupyter, Python's own ``sys.stderr`` is elsewhere
    and goes on. If the context ends in an exception, all that was held back is written after all.

    TensorFlow writes messages there when it is imported, whatever ``TF_CPP_MIN_LOG_LEVEL`` says:
    https://github.com/tensorflow/tensorflow/issues/100442.
    """
    sys.stderr.flush()
    with tempfile.TemporaryFile() as held_back:
        stderr = os.dup(2)
        os.dup2(held_back.fileno(), 2)
        try:
            yield
        except BaseException:
            os.dup2(stderr, 2)
            held_back.seek(0)
            os.write(2, held_back.read())
            raise
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)


@dataclass(frozen=True, kw_only=True)
class RunRecord:
    """What a run used and reached: a small table at the end of a notebook, for programs, too.

    notebook: the name of its file, without the ending.
    dataset: the name of the data set, or several.
    seed: the one given to ``set_seed``.
    metrics: name → number. First the results that the notebook promises, then the baselines; each
    name can be understood alone.
    seconds: wall time of the whole run; by default since `begin`.

    The Jupyter output carries the same as JSON under ``application/vnd.nnlab.record+json``, the
    metrics as a list of ``{"name": …, "value": …}`` in order, with the versions of the libraries
    and the device added.
    """

    notebook: str
    dataset: str
    seed: int
    metrics: dict[str, float]
    seconds: float = field(default_factory=lambda: time.perf_counter() - _started)

    @property
    def versions(self):
        """Versions of Python, NumPy, Keras and the backend in use, by name."""
        import keras

        backend = keras.backend.backend()
        installed = {name: importlib.metadata.version(name) for name in ("numpy", "keras", backend)}
        return {"python": platform.python_version(), **installed}

    @property
    def device(self):
        """Where Keras computes: how many GPUs, or else CPU cores; its precision, if not float32."""
        import keras

        from nnlab.training import list_devices

        gpus = sum(name.startswith("gpu") for name in list_devices())
        precision = keras.config.dtype_policy().name
        where = f"{gpus} GPU" if gpus else f"CPU, {os.cpu_count()} cores"
        return where if precision == "float32" else f"{where}, {precision}"

    def as_dict(self):
        """Return the record as a dict that ``json`` can write."""
        return {
            "notebook": self.notebook,
            "dataset": self.dataset,
            "seed": self.seed,
            "metrics": [
                {"name": name, "value": float(value)} for name, value in self.metrics.items()
            ],
            "versions": self.versions,
            "device": self.device,
            "seconds": round(self.seconds, 1),
        }

    def _repr_mimebundle_(self, include=None, exclude=None):
        record = self.as_dict()
        rows = {
            "notebook": record["notebook"],
            "dataset": record["dataset"],
            "seed": str(record["seed"]),
            **{metric["name"]: f"{metric['value']:.4g}" for metric in record["metrics"]},
            "versions": ", ".join(
                f"{name} {version}" for name, version in record["versions"].items()
            ),
            "device": record["device"],
            "wall time": f"{record['seconds']:.0f} s",
        }
        cells = "".join(
            f"<tr><th>{html.escape(name)}</th><td>{html.escape(value)}</td></tr>"
            for name, value in rows.items()
        )
        width = max(map(len, rows))
        caption = "<caption>Run record</caption>"
        return {
            "text/plain": "\n".join(f"{name:<{width}}  {value}" for name, value in rows.items()),
            "text/html": f"<table style='text-align: left'>{caption}{cells}</table>",
            "application/vnd.nnlab.record+json": record,
        }
