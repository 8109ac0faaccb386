"""Run notebooks in fresh kernels: one result each, and every finished one on disk before the next begins."""

import asyncio
import json
import time
import warnings
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from nbformat.warnings import MissingIDFieldWarning

from nnlab.execution._kernel import Failure, code_cells, execute

RECORD = "application/vnd.nnlab.record+json"
VOLATILE = {"execution", "ExecuteTime", "collapsed", "scrolled"}  # cell metadata that changes on every run
# nbformat raises the first two; the others when it meets JSON of quite another shape.
UNREADABLE = (ValueError, nbformat.ValidationError, AttributeError, KeyError, TypeError, OSError, RecursionError)


@dataclass(frozen=True)
class Result:
    """The outcome of one notebook; ``records`` are what its cells displayed as the nnlab record type."""

    name: str
    status: str  # "ok" or "failed"
    seconds: float
    error: Failure | None = None
    records: list = field(default_factory=list)
    interrupted: bool = False


def find_notebooks(paths, out):
    """Return the notebooks that files and folders name; without any, those of ``notebooks`` or this folder.

    Raises FileNotFoundError where there is none, ValueError where a result in ``out`` would overwrite another's
    or a notebook itself.
    """
    folders = [folder for folder in (Path("notebooks"), Path()) if any(folder.glob("*.ipynb"))]
    found = []
    for path in map(Path, paths or folders[:1]):
        here = sorted(path.glob("*.ipynb")) if path.is_dir() else [path]
        if not here or not here[0].is_file():
            raise FileNotFoundError(f"no notebook at {path}: give .ipynb files, or a folder that holds some")
        found += [notebook for notebook in here if notebook.resolve() not in {one.resolve() for one in found}]
    if not found:
        raise FileNotFoundError("no .ipynb in ./notebooks or in this folder: name the notebooks to run")
    by_name = {}
    for path in found:
        if (other := by_name.setdefault(path.stem, path)) is not path:
            raise ValueError(f"{other} and {path} would both be written as {path.name}: run them apart")
        if path.resolve().parent == Path(out).resolve():
            raise ValueError(f"running {path} into {out} would overwrite it: choose another folder")
    return found


def run_notebooks(paths, out, *, quick=False, timeout=1800, on_cell=None):
    """Yield a Result per notebook; the executed notebook and ``results.json`` are in ``out`` by then.

    A failure does not stop the rest. Ctrl-C does: KeyboardInterrupt is raised once the notebook it hit is yielded.
    """
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    results = []
    for path in paths:
        result = run_notebook(path, out / path.name, quick=quick, timeout=timeout, on_cell=on_cell)
        results.append(result)
        _write(out / "results.json", _as_json(results, quick) + "\n")
        yield result
        if result.interrupted:
            raise KeyboardInterrupt


def run_notebook(path, output, *, quick=False, timeout=1800, on_cell=None):
    """Return the Result of executing ``path``, written to ``output`` as far as it came.

    timeout: seconds for one cell. on_cell(path, done, total): called as each code cell starts.
    """
    start = time.monotonic()
    try:
        notebook = _read(path)
    except UNREADABLE as error:
        reason = f"not a readable notebook: {type(error).__name__}: {(str(error).splitlines() or [''])[0]}"
        output.unlink(missing_ok=True)  # an earlier run's
        return Result(path.stem, "failed", round(time.monotonic() - start, 1), Failure(reason))
    interrupted = False
    try:
        error = asyncio.run(execute(notebook, path, quick, timeout, on_cell))
    except (KeyboardInterrupt, asyncio.CancelledError):
        interrupted, error = True, Failure("interrupted; later cells did not run")
    seconds = round(time.monotonic() - start, 1)
    _write(output, nbformat.writes(notebook) + "\n")
    return Result(path.stem, "failed" if error else "ok", seconds, error, _records(notebook), interrupted)


def _read(path):
    """Return a notebook of the current format without outputs and volatile metadata."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MissingIDFieldWarning)  # older notebooks have none; they get them here
        notebook = nbformat.reader.reads(path.read_text("utf-8"))
        nbformat.validate(notebook)
        notebook = nbformat.validator.normalize(nbformat.convert(notebook, to_version=4))[1]
    notebook.metadata = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    notebook.metadata["language_info"] = {"name": "python", "pygments_lexer": "ipython3"}
    for cell in notebook.cells:
        for key in VOLATILE & cell.metadata.keys():
            del cell.metadata[key]
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return notebook


def _records(notebook):
    """Return what the cells displayed as the nnlab record type and is of a record's shape."""
    shown = [out.get("data", {}).get(RECORD) for cell in code_cells(notebook) for out in cell.outputs]
    records = [record for record in shown if isinstance(record, dict)]
    return [r for r in records if all(isinstance(r.get(key, {}), dict) for key in ("metrics", "versions"))]


def _as_json(results, quick):
    keys = ("name", "status", "seconds", "records")
    rows = [{key: getattr(one, key) for key in keys} | {"error": one.error and str(one.error)} for one in results]
    return json.dumps({"quick": quick, "notebooks": rows}, indent=2, ensure_ascii=False)


def _write(path, text):
    """Write a whole file or none: a reader never sees half."""
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.write_text(text, "utf-8")
    temporary.replace(path)
