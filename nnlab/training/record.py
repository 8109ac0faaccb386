"""What a run used and reached."""

import html
import importlib.metadata
import os
import platform
from dataclasses import dataclass

import keras


@dataclass(frozen=True)
class RunRecord:
    """What a run used and reached, shown in a notebook as a small table that programs can read too.

    notebook, dataset: names. seed: the one given to ``set_seed``. seconds: wall time of the whole run.
    metrics: name → number, each a result that the notebook promises.

    Its Jupyter output carries the same as JSON under ``application/vnd.nnlab.record+json``, with the versions
    of the libraries and the device added.
    """

    notebook: str
    dataset: str
    seed: int
    metrics: dict[str, float]
    seconds: float

    @property
    def versions(self):
        """Versions of Python, NumPy, Keras and the backend in use, by name."""
        backend = keras.backend.backend()
        installed = {name: importlib.metadata.version(name) for name in ("numpy", "keras", backend)}
        return {"python": platform.python_version(), **installed}

    @property
    def device(self):
        """Where Keras computes: the number of GPUs, or else of CPU cores; and its precision, if not float32."""
        if keras.backend.backend() == "torch":  # of which keras.distribution knows nothing
            import torch

            gpus = torch.cuda.device_count()
        else:
            gpus = sum(name.startswith("gpu") for name in keras.distribution.list_devices())
        precision = keras.config.dtype_policy().name
        where = f"{gpus} GPU" if gpus else f"CPU, {os.cpu_count()} cores"
        return where if precision == "float32" else f"{where}, {precision}"

    def as_dict(self):
        """Return the record as a dict that ``json`` can write."""
        return {
            "notebook": self.notebook,
            "dataset": self.dataset,
            "seed": self.seed,
            "metrics": {name: float(value) for name, value in self.metrics.items()},
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
            **{name: f"{value:.4g}" for name, value in record["metrics"].items()},
            "versions": ", ".join(f"{name} {version}" for name, version in record["versions"].items()),
            "device": record["device"],
            "wall time": f"{record['seconds']:.0f} s",
        }
        cells = "".join(
            f"<tr><th>{html.escape(name)}</th><td>{html.escape(value)}</td></tr>" for name, value in rows.items()
        )
        width = max(map(len, rows))
        return {
            "text/plain": "\n".join(f"{name:<{width}}  {value}" for name, value in rows.items()),
            "text/html": f"<table style='text-align: left'><caption>Run record</caption>{cells}</table>",
            "application/vnd.nnlab.record+json": record,
        }
