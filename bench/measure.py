"""Runs each contestant in a process of its own, in turn, and writes down what it measured."""

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
from unittest.mock import patch

import numpy as np
import typer

ROOT = Path(__file__).parents[1]
RESULTS = Path(__file__).parent / "results"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


@dataclass
class Trial:
    """One training of one contestant: after each round, seconds so far and the quality reached.

    examples: trained on in a round.
    judge: returns the quality reached; the clock stands still meanwhile.
    flops: floating-point operations that training takes for an example, counted from the model.
    facts: what else a program measures, by name; "weights" of the network must be equal for all.
    """

    examples: int
    judge: object = None
    flops: float = 0
    rounds: list = field(default_factory=list)  # (seconds, quality or None)
    facts: dict = field(default_factory=dict)
    seconds: float = 0.0
    started: float = field(default_factory=time.perf_counter)

    def round_ends(self, *_):
        self.seconds += time.perf_counter() - self.started
        self.rounds.append((self.seconds, self.judge() if self.judge else None))
        if self.judge:  # for hours, so whoever waits sees how far it is
            seconds, quality = self.rounds[-1]
            line = f"  round {len(self.rounds)}: {seconds:.1f} s, {quality}"
            print(line, file=sys.stderr, flush=True)
        self.started = time.perf_counter()

    def callback(self):
        """Return the same as a Keras callback: a round is an epoch."""
        import keras

        return keras.callbacks.LambdaCallback(on_epoch_end=self.round_ends)


def notebook_settings(name):
    """Return what the cell tagged "parameters" of a notebook sets for a full run."""
    notebook = json.loads((ROOT / "notebooks" / f"{name}.ipynb").read_text(encoding="utf-8"))
    cells = notebook["cells"]
    [cell] = [cell for cell in cells if "parameters" in cell["metadata"].get("tags", [])]
    names = {}
    with patch("nnlab.notebook.begin", return_value=False):  # nor is Keras imported
        exec("".join(cell["source"]), names)
    return {key: value for key, value in names.items() if key.isupper()}


def training_flops(model, length=1):
    """Return the operations of a training step for one example: three times the forward pass.

    A multiplication and an addition count as two. Products with kernels only: the rest is small.
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
    """Return the best rate of a float32 matrix product in NumPy and TensorFlow, in operations/s."""
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
    return {
        "processor": processor(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        **versions,
    }


def processor():
    """Return the processor's name where Linux tells it, else its kind."""
    info = Path("/proc/cpuinfo")
    for line in info.read_text().splitlines() if info.exists() else []:
        if line.startswith("model name"):
            return line.split(":")[1].strip()
    return platform.machine()


def child(program, contest, contestant, quick):
    """Run one contestant in a new process; return its trial as a dict, with its peak MB."""
    command = [sys.executable, program, "--contest", contest, "--only", contestant]
    command += ["--quick"] if quick else []
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise SystemExit(f"{contestant} failed: {' '.join(map(str, command))}")
    return json.loads(done.stdout.splitlines()[-1])


def compare(program, contests):
    """Run the contests of a bench program, or one contestant where ``--only`` names it.

    contests: name → (contestant → function that takes ``quick`` and returns a Trial).
    """
    workload = Path(program).stem

    def main(
        contest: str = "",
        runs: int = 3,
        more: bool = False,
        quick: bool = False,
        only: str = "",
        out: Path = RESULTS,
    ):
        """more: add these runs to those of an earlier day, where there are any."""
        if only == "matrix product":
            print(json.dumps({"rate": matrix_rate()}))
            return
        if only:
            print(json.dumps(measured(contests[contest][only](quick))))
            return
        out = ROOT / "build" / "bench" if quick and out == RESULTS else out
        out.mkdir(parents=True, exist_ok=True)
        before = {}
        for name in [contest] if contest else contests:
            path = out / f"{workload}-{name}.json"
            facts = {"workload": workload, "contest": name, "quick": quick}
            known = more and path.exists()
            before[path] = facts, earlier(path, facts, contests[name]) if known else None
        for path, (facts, known) in before.items():
            name = facts["contest"]
            for result in rounds(program, name, contests[name], 1 if quick else runs, quick, known):
                text = json.dumps(facts | result, indent=1)
                path.write_text(text + "\n", encoding="utf-8")

    typer.run(main)


def measured(trial):
    """Return what is kept of a trial that this process has run."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    kept = {key: asdict(trial)[key] for key in ("examples", "flops", "rounds")}
    return {**kept, "peak_mb": round(peak), **trial.facts}


def earlier(path, facts, contestants):
    """Return a result to which runs may be added; one that was interrupted in a run is without it.

    It must be of the same machine, with the same versions, and of the same contestants.
    """
    result = json.loads(path.read_text(encoding="utf-8"))
    trials = result["trials"]
    found = {
        **result,
        "contestants": list(dict.fromkeys(trial["contestant"] for trial in trials)),
    }
    here = machine()
    for name, there in result["machine"].items():
        if "not installed" in (there, here.get(name)):  # then none of the contestants needs it
            here[name] = there
    wanted = {**facts, "machine": here, "contestants": list(contestants)}
    for name, now in wanted.items():
        if found[name] != now:
            raise SystemExit(
                f"--more adds runs to like ones, but {path} was measured with {name} "
                f"{found[name]}, and now it is {now}: leave it out to begin anew"
            )
    whole = len(trials) // len(contestants)
    return {
        "trials": trials[: whole * len(contestants)],
        "matrix_rate": result["matrix_rate"][:whole],
    }


def rounds(program, contest, contestants, runs, quick, before=None):
    """Run all contestants in turn, so many times; yield the result so far after each of them.

    before: trials and matrix rates that come first, as `earlier` returns them.
    """
    trials = [*before["trials"]] if before else []
    rates = [*before["matrix_rate"]] if before else []
    first = len(rates)
    for number in range(first, first + runs):
        rates.append(child(program, contest, "matrix product", quick)["rate"])
        for contestant in contestants:
            trial = child(program, contest, contestant, quick)
            trials.append({"contestant": contestant, "run": number, **trial})
            sizes = {each["weights"] for each in trials if "weights" in each}
            assert len(sizes) < 2, f"not the same network: {sizes} weights"
            seconds, quality = trial["rounds"][-1]
            name = f"{Path(program).stem} {contest} {number + 1}: {contestant:<32}"
            print(f"{name} {seconds:7.1f} s  {quality}", flush=True)
            yield {
                "date": date.today().isoformat(),
                "machine": machine(),
                "matrix_rate": rates,
                "trials": trials,
            }
