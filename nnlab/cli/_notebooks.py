"""Run notebooks in fresh kernels, one or some at a time: one result each, on disk as soon as a notebook ends."""

import asyncio
import json
import signal
import time
import warnings
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from nbformat.warnings import MissingIDFieldWarning

from nnlab.cli._kernel import Failure, code_cells, execute

RECORD = "application/vnd.nnlab.record+json"
VOLATILE = {
    "execution",
    "ExecuteTime",
    "collapsed",
    "scrolled",
}  # cell metadata that changes on every run
# nbformat raises the first two; the others when it meets JSON of quite another shape.
UNREADABLE = (
    ValueError,
    nbformat.ValidationError,
    AttributeError,
    KeyError,
    TypeError,
    OSError,
    RecursionError,
)
UNREADABLE += (AssertionError, ImportError)


@dataclass(frozen=True)
class Result:
    """The outcome of one notebook; ``records`` are what its cells displayed as the nnlab record type."""

    name: str
    status: str  # "ok" or "failed"
    seconds: float
    error: Failure | None = None
    records: list = field(default_factory=list)


def find_notebooks(paths, out):
    """Return the notebooks that files and folders name; without any, those of ``notebooks`` or this folder.

    Raises FileNotFoundError where there is none, ValueError where a result in ``out`` would overwrite another's
    or a notebook itself, or where a file's name is no text.
    """
    folders = [folder for folder in (Path("notebooks"), Path()) if any(folder.glob("*.ipynb"))]
    found = []
    for path in map(Path, paths or folders[:1]):
        here = sorted(path.glob("*.ipynb")) if path.is_dir() else [path]
        if not here or not here[0].is_file():
            raise FileNotFoundError(
                f"no notebook at {path}: give .ipynb files, or a folder that holds some"
            )
        found += [
            notebook
            for notebook in here
            if notebook.resolve() not in {one.resolve() for one in found}
        ]
    if not found:
        raise FileNotFoundError(
            "no .ipynb in ./notebooks or in this folder: name the notebooks to run"
        )
    by_name = {}
    for path in found:
        if (other := by_name.setdefault(path.stem, path)) is not path:
            raise ValueError(
                f"{other} and {path} would both be written as {path.name}: run them apart"
            )
        if not path.name.isprintable():  # bytes that are no UTF-8, line ends
            raise ValueError(
                f"the name of {path.name!r} is no text that can be shown: rename the file"
            )
        if path.resolve().parent == Path(out).resolve():
            raise ValueError(f"running {path} into {out} would overwrite it: choose another folder")
    return found


def run_notebooks(paths, out, *, quick=False, timeout=1800, jobs=1, on_cell=None):
    """Yield a Result per notebook as they finish; each executed one and ``results.json`` are in ``out`` by then.

    jobs: how many notebooks run at a time, ≥ 1; with one, they finish in the order of ``paths``. The file keeps that.
    A failure does not stop the rest. Ctrl-C does: KeyboardInterrupt is raised once all that it hit are yielded.
    """
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    names, results = [path.stem for path in paths], []
    _write(
        out / "results.json", _as_json(results, quick)
    )  # what an earlier run has left does not stand for this one
    (out / "index.html").unlink(missing_ok=True)
    waiting, running, interrupted = list(reversed(paths)), set(), False

    async def next_finished():
        nonlocal running, interrupted
        while waiting and len(running) < jobs:
            path = waiting.pop()
            run = _run(path, out / path.name, quick=quick, timeout=timeout, on_cell=on_cell)
            running.add(asyncio.create_task(run))
        with _sigterm_cancels(asyncio.current_task()):
            try:
                finished, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            except asyncio.CancelledError:
                interrupted = True
                for task in running:
                    task.cancel()
                finished, running = await asyncio.wait(running)
        return [task.result() for task in finished if not task.cancelled()]

    with asyncio.Runner() as runner:
        while waiting or running:
            for result in runner.run(next_finished()):
                results.append(result)
                results.sort(key=lambda one: names.index(one.name))
                _write(out / "results.json", _as_json(results, quick))
                yield result
            if interrupted:
                raise KeyboardInterrupt


def run_notebook(path, output, *, quick=False, timeout=1800, on_cell=None):
    """Return the Result of executing ``path``, written to ``output`` as far as it came.

    timeout: seconds for one cell. on_cell(path, done, total): called as each code cell starts.
    """
    return asyncio.run(_run(path, output, quick=quick, timeout=timeout, on_cell=on_cell))


async def _run(path, output, *, quick, timeout, on_cell):
    start = time.monotonic()
    try:
        notebook = _read(path)
    except UNREADABLE as error:
        reason = f"not a readable notebook: {type(error).__name__}: {(str(error).splitlines() or [''])[0]}"
        output.unlink(missing_ok=True)  # an earlier run's
        return Result(path.stem, "failed", round(time.monotonic() - start, 1), Failure(reason))
    try:
        error = await execute(notebook, path, quick, timeout, on_cell)
    except asyncio.CancelledError:
        error = Failure("interrupted; later cells did not run")
    seconds = round(time.monotonic() - start, 1)
    _write(output, nbformat.writes(notebook) + "\n")
    return Result(path.stem, "failed" if error else "ok", seconds, error, _records(notebook))


@contextmanager
def _sigterm_cancels(task):
    loop = asyncio.get_running_loop()
    with suppress(NotImplementedError):  # Windows has no SIGTERM to wait for
        loop.add_signal_handler(
            signal.SIGTERM, lambda: task.cancelling() or task.cancel()
        )  # once is enough
    yield
    with suppress(NotImplementedError):
        loop.remove_signal_handler(signal.SIGTERM)


def _read(path):
    """Return a notebook of the current format without outputs and volatile metadata."""
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", MissingIDFieldWarning
        )  # older notebooks have none; they get them here
        notebook = nbformat.reader.reads(path.read_text("utf-8"))
        nbformat.validate(notebook)
        notebook = nbformat.validator.normalize(nbformat.convert(notebook, to_version=4))[1]
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}
    }
    notebook.metadata["language_info"] = {"name": "python", "pygments_lexer": "ipython3"}
    for cell in notebook.cells:
        for key in VOLATILE & cell.metadata.keys():
            del cell.metadata[key]
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return notebook


def _records(notebook):
    """Return what the cells displayed as the nnlab record type and is of a record's shape."""
    shown = [
        out.get("data", {}).get(RECORD) for cell in code_cells(notebook) for out in cell.outputs
    ]
    records = [record for record in shown if isinstance(record, dict)]
    return [
        r
        for r in records
        if all(isinstance(r.get(key, {}), dict) for key in ("metrics", "versions"))
    ]


def _as_json(results, quick):
    keys = ("name", "status", "seconds", "records")
    rows = [
        {key: getattr(one, key) for key in keys} | {"error": one.error and str(one.error)}
        for one in results
    ]
    return json.dumps({"quick": quick, "notebooks": rows}, indent=2, ensure_ascii=False) + "\n"


def _write(path, text):
    """Write a whole file or none: a reader never sees half."""
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        temporary.write_bytes(
            text.encode("utf-8", "backslashreplace")
        )  # as JSON itself writes half a pair
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
