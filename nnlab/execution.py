"""Run notebooks in fresh kernels: one result each, and every finished one on disk before the next begins."""

import asyncio
import json
import os
import re
import signal
import tempfile
import time
import warnings
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from ipykernel.kernelspec import get_kernel_dict
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError
from nbformat.warnings import MissingIDFieldWarning

RECORD = "application/vnd.nnlab.record+json"
ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
VOLATILE = {"execution", "ExecuteTime", "collapsed", "scrolled"}  # cell metadata that changes on every run
# nbformat raises the first two; the others when it meets JSON of quite another shape.
UNREADABLE = (ValueError, nbformat.ValidationError, AttributeError, KeyError, TypeError, OSError)


@dataclass(frozen=True)
class Failure:
    """What went wrong; ``cell`` counts code cells from 1 and is None where no cell was running."""

    message: str
    cell: int | None = None
    cells: int | None = None
    source: str = ""
    traceback: str = ""

    def __str__(self):
        """Return one text for ``results.json``: where, what, the cell's source, the traceback."""
        where = f"cell {self.cell} of {self.cells}: " if self.cell else ""
        return "\n\n".join(part for part in (where + self.message, self.source, self.traceback) if part)


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
        error = asyncio.run(_execute(notebook, path, quick, timeout, on_cell))
    except (KeyboardInterrupt, asyncio.CancelledError):
        interrupted, error = True, Failure("interrupted; later cells did not run")
    seconds = round(time.monotonic() - start, 1)
    _write(output, nbformat.writes(notebook) + "\n")
    return Result(path.stem, "failed" if error else "ok", seconds, error, _records(notebook), interrupted)


class _ThisPython(KernelSpecManager):
    """Offers one kernel, the running interpreter, whatever kernels this user has installed."""

    def get_kernel_spec(self, kernel_name):
        return KernelSpec(**get_kernel_dict(extra_arguments=["--log-level=40"]))


async def _execute(notebook, path, quick, timeout, on_cell):
    """Run every cell in a fresh kernel, which has ended when this returns; return a Failure or None."""
    task = asyncio.current_task()
    with suppress(NotImplementedError):  # Windows has no SIGTERM to wait for
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    manager = AsyncKernelManager(kernel_spec_manager=_ThisPython())
    client = NotebookClient(
        notebook,
        km=manager,
        timeout=timeout,
        startup_timeout=120,
        iopub_timeout=10,
        interrupt_on_timeout=True,  # the traceback then shows where the time went
        error_on_timeout={"ename": "TimeoutError", "evalue": "", "traceback": []},
        record_timing=False,
        store_widget_state=False,
        coalesce_streams=True,  # a progress bar is kept as its last line
    )
    with tempfile.TemporaryFile() as log:
        try:
            return await _run_cells(client, path, quick, timeout, on_cell, log)
        finally:
            if await manager.is_alive():
                await manager.shutdown_kernel(now=task.cancelling() > 0)
            await manager.cleanup_resources()
            if client.kc:
                client.kc.stop_channels()


async def _run_cells(client, path, quick, timeout, on_cell, log):
    """Start the kernel and run the cells in order until one fails; return a Failure or None."""
    cells = _code_cells(client.nb)
    done, cell = 0, None
    try:
        # What the kernel's process writes itself (a C++ library's last words) is kept for a failure's report.
        await client.async_start_new_kernel(
            cwd=str(path.resolve().parent), env=_environment(quick), stdout=log, stderr=log
        )
        await client.async_start_new_kernel_client()
        for index, each in enumerate(client.nb.cells):
            if each.cell_type != "code":
                continue
            done, cell = done + 1, each
            if on_cell:
                on_cell(path, done - 1, len(cells))
            await client.async_execute_cell(each, index, execution_count=client.code_cells_executed + 1)
    except CellExecutionError as error:
        return Failure(_message(error, timeout), done, len(cells), cell.source, _traceback(cell))
    except RuntimeError as error:  # DeadKernelError, and what jupyter_client raises when none starts
        if asyncio.current_task().cancelling():
            raise asyncio.CancelledError from error
        log.seek(0)
        last_words = ANSI.sub("", log.read().decode(errors="replace"))[-2000:].strip()
        message = "the kernel died: out of memory, or a crash below Python?"
        if not isinstance(error, DeadKernelError):
            message = f"the kernel did not start: {error}"
        return Failure(message, done or None, len(cells), cell.source if cell else "", last_words)
    return None


def _environment(quick):
    """Return the kernel's environment variables; quick mode is NNLAB_QUICK=1, full mode is its absence."""
    environment = {"TF_CPP_MIN_LOG_LEVEL": "3", "PYDEVD_DISABLE_FILE_VALIDATION": "1"} | os.environ
    for name in ("MPLBACKEND", "NNLAB_QUICK"):  # without the first, ipykernel draws figures inline
        environment.pop(name, None)
    folders = {"NNLAB_DATA": os.environ.get("NNLAB_DATA", "").split(os.pathsep)}
    folders["NNLAB_CACHE"] = [os.environ.get("NNLAB_CACHE", "")]
    for name, parts in folders.items():  # made absolute: a kernel works in the notebook's folder
        environment[name] = os.pathsep.join(str(Path(part).expanduser().resolve()) for part in parts if part.strip())
    return environment | ({"NNLAB_QUICK": "1"} if quick else {})


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


def _code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def _records(notebook):
    """Return what the cells displayed as the nnlab record type and is of a record's shape."""
    shown = [out.get("data", {}).get(RECORD) for cell in _code_cells(notebook) for out in cell.outputs]
    records = [record for record in shown if isinstance(record, dict)]
    return [r for r in records if all(isinstance(r.get(key, {}), dict) for key in ("metrics", "versions"))]


def _message(error, timeout):
    if error.ename == "TimeoutError" and not error.evalue:
        return f"TimeoutError: still running after {timeout:g} s; allow more with --timeout, or try --quick"
    return ANSI.sub("", f"{error.ename}: {error.evalue}")


def _traceback(cell, lines=30):
    """Return the end of the traceback a cell has shown, without terminal colours."""
    shown = ["\n".join(out.traceback) for out in cell.outputs if out.output_type == "error"]
    return "\n".join(ANSI.sub("", "\n".join(shown)).splitlines()[-lines:])


def _as_json(results, quick):
    keys = ("name", "status", "seconds", "records")
    rows = [{key: getattr(one, key) for key in keys} | {"error": one.error and str(one.error)} for one in results]
    return json.dumps({"quick": quick, "notebooks": rows}, indent=2, ensure_ascii=False)


def _write(path, text):
    """Write a whole file or none: a reader never sees half."""
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.write_text(text, "utf-8")
    temporary.replace(path)
