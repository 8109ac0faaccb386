"""Runs each contestant in a process of its own, in turn with the others, and writes down what it measured."""

import json
import os
import platform
import resource
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path

import numpy as np
import typer

ROOT = Path(__file__).parents[1]
RESULTS = Path(__file__).parent / "results"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


@dataclass
class Trial:
    """One training of one contestant: seconds of training so far, and what it had reached, after each round.

    examples: trained on in a round. judge: returns the quality reached; the clock stands still meanwhile.
    flops: floating-point operations that training takes for an example, counted from the model.
    """

    examples: int
    judge: object = None
    flops: float = 0
    rounds: list = field(default_factory=list)  # (seconds, quality or None)
    seconds: float = 0.0
    started: float = field(default_factory=time.perf_counter)

    def round_ends(self, *_):
        self.seconds += time.perf_counter() - self.started
        self.rounds.append((self.seconds, self.judge() if self.judge else None))
        if self.judge:  # for hours, so whoever waits sees how far it is
            print(
                "  round {}: {:.1f} s, {}".format(len(self.rounds), *self.rounds[-1]),
                file=sys.stderr,
                flush=True,
            )
        self.started = time.perf_counter()

    def callback(self):
        """Return the same as a Keras callback: a round is an epoch."""
        import keras

        return keras.callbacks.LambdaCallback(on_epoch_end=self.round_ends)


def notebook_settings(name, **changes):
    """Return the settings of a notebook, as its cell tagged "parameters" sets them for a full run, with changes."""
    notebook = json.loads((ROOT / "notebooks" / f"{name}.ipynb").read_text(encoding="utf-8"))
    [cell] = [
        cell for cell in notebook["cells"] if "parameters" in cell["metadata"].get("tags", [])
    ]
    names = {}
    quick = os.environ.pop("NNLAB_QUICK", None)
    exec("".join(cell["source"]), names)
    if quick is not None:
        os.environ["NNLAB_QUICK"] = quick
    return {key: value for key, value in names.items() if key.isupper()} | changes


def training_flops(model, length=1):
    """Return the operations of one training step for one example: three times those of the forward pass.

    A multiplication and an addition count as two. Products with kernels only: the rest is small beside them.
    length: of a text, where the model's inputs have any length.
    """
    multiplications = 0
    for layer in model.layers:
        if hasattr(layer, "cell"):
            kernels = layer.cell.kernel, layer.cell.recurrent_kernel
            multiplications += length * sum(np.prod(kernel.shape) for kernel in kernels)
        elif getattr(layer, "kernel", None) is not None:
            shape = layer.input.shape if "Transpose" in type(layer).__name__ else layer.output.shape
            places = np.prod([length if size is None else size for size in shape[1:-1]])
            multiplications += places * np.prod(layer.kernel.shape)
    return float(3 * 2 * multiplications)


def matrix_rate(size=2048, seconds=2.0):
    """Return the best rate of a float32 matrix product in NumPy and TensorFlow, in operations per second."""
    import tensorflow

    array = np.random.default_rng(0).standard_normal((size, size), np.float32)
    tensor = tensorflow.constant(array)
    best = 0.0
    for multiply in (lambda: array @ array, lambda: tensorflow.matmul(tensor, tensor).numpy()):
        until = time.perf_counter() + seconds
        while time.perf_counter() < until:
            started = time.perf_counter()
            multiply()
            best = max(best, 2 * size**3 / (time.perf_counter() - started))
    return best


def machine():
    """Return the processor, its cores and the versions that matter, as a dict."""
    from importlib.metadata import PackageNotFoundError, version

    names = ["tensorflow", "keras", "torch", "numpy"]
    versions = {}
    for name in names:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            versions[name] = "not installed"
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    processor = next(
        (line.split(":")[1].strip() for line in lines if line.startswith("model name")),
        platform.machine(),
    )
    return {
        "processor": processor,
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        **versions,
    }


def child(program, contest, contestant, quick):
    """Run one contestant in a new process; return its trial as a dict, with its peak memory in MB."""
    command = [
        sys.executable,
        program,
        "--contest",
        contest,
        "--only",
        contestant,
        *(["--quick"] if quick else []),
    ]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise SystemExit(f"{contestant} failed: {' '.join(map(str, command))}")
    return json.loads(done.stdout.splitlines()[-1])


def compare(program, contests):
    """The command line of a bench program: run its contests, or a single contestant where ``--only`` names one.

    contests: name → (contestant → function that takes ``quick`` and returns a Trial).
    """
    workload = Path(program).stem

    def main(
        contest: str = "", runs: int = 3, quick: bool = False, only: str = "", out: Path = RESULTS
    ):
        if only == "matrix product":
            print(json.dumps({"rate": matrix_rate()}))
            return
        if only:
            trial = contests[contest][only](quick)
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            kept = {
                key: value
                for key, value in asdict(trial).items()
                if key in ("examples", "flops", "rounds")
            }
            print(json.dumps({**kept, "peak_mb": round(peak)}))
            return
        out = ROOT / "build" / "bench" if quick and out == RESULTS else out
        out.mkdir(parents=True, exist_ok=True)
        for name in [contest] if contest else contests:
            trials, rates = [], []
            for number in range(1 if quick else runs):
                rates.append(child(program, name, "matrix product", quick)["rate"])
                for contestant in contests[name]:
                    trial = child(program, name, contestant, quick)
                    trials.append({"contestant": contestant, "run": number, **trial})
                    seconds, quality = trial["rounds"][-1]
                    print(
                        f"{workload} {name} {number + 1}: {contestant:<32} {seconds:7.1f} s  {quality}",
                        flush=True,
                    )
                    result = {
                        "workload": workload,
                        "contest": name,
                        "date": date.today().isoformat(),
                        "quick": quick,
                        "machine": machine(),
                        "matrix_rate": rates,
                        "trials": trials,
                    }
                    (out / f"{workload}-{name}.json").write_text(
                        json.dumps(result, indent=1) + "\n", encoding="utf-8"
                    )

    typer.run(main)
