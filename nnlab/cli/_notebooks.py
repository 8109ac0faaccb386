"""Run notebooks, one or some at a time: one result each, on disk as soon as a notebook ends."""

import asyncio
import json
import signal
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import nbformat

from nnlab.cli._failure import Failure
from nnlab.cli._kernel import execute
from nnlab.cli._parameters import inject_parameters
from nnlab.cli._reading import read_notebook
from nnlab.cli._records import records_of
from nnlab.cli._writing import write_whole


@dataclass(frozen=True)
class Result:
    """The outcome of one notebook; ``records`` are the run records that its cells displayed."""

    name: str
    status: str  # "ok" or "failed"
    seconds: float
    error: Failure | None = None
    records: list = field(default_factory=list)
    parameters: dict = field(default_factory=dict)  # settings that were given to it


def find_notebooks(paths, out):
    """Return the notebooks that files and folders name, each once.

    paths: files and folders; without any, the notebooks of ``notebooks`` or of this folder.
    out: the folder that their results are written to.

    Raises FileNotFoundError where there is none, ValueError where a result would overwrite another
    one, a notebook itself or what no run has written, or where a file's name is no text.
    """
    found = {}
    for path in paths or _usual_folder():
        for notebook in _notebooks_at(Path(path)):
            found.setdefault(notebook.resolve(), notebook)
    if not found:
        raise FileNotFoundError(
            "no .ipynb in ./notebooks or in this folder: name the notebooks to run"
        )
    _check_names(found.values(), out)
    _check_folder(Path(out))
    return list(found.values())


def _usual_folder():
    folders = (Path("notebooks"), Path())
    return [folder for folder in folders if _notebooks_in(folder)][:1]


def _notebooks_in(folder):
    """Return the notebooks of a folder; a file is hidden that macOS writes beside another one."""
    return [path for path in sorted(folder.glob("*.ipynb")) if not path.name.startswith(".")]


def _notebooks_at(path):
    notebooks = _notebooks_in(path) if path.is_dir() else [path]
    if not notebooks or not notebooks[0].is_file():
        raise FileNotFoundError(
            f"no notebook at {path}: give .ipynb files, or a folder that holds some"
        )
    return notebooks


def _check_names(paths, out):
    by_name = {}
    for path in paths:
        # Windows and macOS do not tell A from a.
        if (other := by_name.setdefault(path.stem.casefold(), path)) is not path:
            raise ValueError(
                f"{other} and {path} would both be written as {path.name}: run them apart"
            )
        if not path.name.isprintable():  # bytes that are no UTF-8, line ends
            raise ValueError(
                f"the name of {path.name!r} is no text that can be shown: rename the file"
            )
        if Path(out).resolve() in (path.resolve().parent, path.parent.resolve()):  # it, or its link
            raise ValueError(f"running {path} into {out} would overwrite it: choose another folder")


def _check_folder(out):
    if not out.is_dir() or (out / "results.json").is_file():
        return
    others = [*_notebooks_in(out), *out.glob("index.html")]
    if others:
        raise ValueError(
            f"{out} holds {others[0].name} and no results.json: no run has written it, and this "
            "one might overwrite it; choose a new folder, or an earlier run's"
        )


def run_notebooks(
    paths, out, *, quick=False, timeout=1800, jobs=1, parameters=None, models=None, on_cell=None
):
    """Yield a Result per notebook as they finish; by then, ``out`` holds what each has shown.

    paths: notebooks of different names.
    out: folder for the executed notebooks and ``results.json``, which keeps the order of ``paths``.
    quick: whether the notebooks are to run in a minute or less.
    timeout: seconds that one cell may take.
    jobs: how many notebooks run at a time, ≥ 1; with one, they finish in the order of ``paths``.
    parameters: path → name → value, as from ``choose_parameters``; by default none.
    models: a folder for the models that notebooks keep, or None.
    on_cell: called with (path, code cells done, code cells) as each code cell starts.

    A failure does not stop the rest. Ctrl-C does: KeyboardInterrupt is raised once all that it hit
    are yielded.
    """
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    names = [path.stem for path in paths]
    results = []
    _write_results(out, results, quick)  # an earlier run's do not stand for this one
    (out / "index.html").unlink(missing_ok=True)

    def run(path):
        settings = {"quick": quick, "timeout": timeout, "models": models, "on_cell": on_cell}
        return _run(path, out / path.name, (parameters or {}).get(path, {}), **settings)

    with asyncio.Runner() as runner:
        finishing = _as_they_finish(paths, jobs, run)
        while result := _wait_for_next(runner, finishing):
            results.append(result)
            results.sort(key=lambda one: names.index(one.name))
            _write_results(out, results, quick)
            yield result


def _wait_for_next(runner, finishing):
    """Return the next Result, None after the last; raise KeyboardInterrupt if interrupted."""

    async def wait():
        with _sigterm_cancels(asyncio.current_task()):
            return await anext(finishing, None)

    try:
        return runner.run(wait())
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None


async def _as_they_finish(paths, jobs, run):
    """Yield the results of ``run(path)``, with so many jobs at a time.

    When it is cancelled, it cancels those that run, yields their results and then is cancelled.
    """
    waiting = list(reversed(paths))
    running = set()
    while waiting or running:
        while waiting and len(running) < jobs:
            running.add(asyncio.create_task(run(waiting.pop())))
        try:
            finished, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            for task in running:
                task.cancel()
            await asyncio.wait(running)
            for task in running:
                if not task.cancelled():  # before it had begun
                    yield task.result()
            raise
        for task in finished:
            yield task.result()


@contextmanager
def _sigterm_cancels(task):
    def cancel_once():
        if not task.cancelling():
            task.cancel()

    loop = asyncio.get_running_loop()
    with suppress(NotImplementedError):  # Windows has no SIGTERM to wait for
        loop.add_signal_handler(signal.SIGTERM, cancel_once)
    yield
    with suppress(NotImplementedError):
        loop.remove_signal_handler(signal.SIGTERM)


async def _run(path, output, parameters, **settings):
    start = time.monotonic()

    def result(error, records=()):
        status = "failed" if error else "ok"
        seconds = round(time.monotonic() - start, 1)
        return Result(path.stem, status, seconds, error, list(records), parameters)

    try:
        notebook = read_notebook(path)
        inject_parameters(notebook, parameters)
    except Exception as error:  # a file may hold anything: the other notebooks run on
        output.unlink(missing_ok=True)  # an earlier run's
        return result(Failure(_unreadable(error)))
    try:
        failure = await execute(notebook, path, **settings)
    except asyncio.CancelledError:
        failure = Failure("interrupted; later cells did not run")
    ended = result(failure, records_of(notebook))
    write_whole(output, nbformat.writes(notebook) + "\n")
    return ended


def _unreadable(error):
    reason = (str(error).splitlines() or [""])[0]
    if isinstance(error, NotImplementedError):
        return f"not run: {reason}"
    advice = "If JupyterLab opens it, save it there again"
    return f"not a readable notebook: {type(error).__name__}: {reason}. {advice}"


def _write_results(out, results, quick):
    rows = []
    kept = ("name", "status", "seconds", "parameters", "records")
    for result in results:
        row = {name: getattr(result, name) for name in kept}
        row["error"] = str(result.error) if result.error else None
        rows.append(row)
    run = {"quick": quick, "notebooks": rows}
    write_whole(out / "results.json", json.dumps(run, indent=2, ensure_ascii=False) + "\n")
