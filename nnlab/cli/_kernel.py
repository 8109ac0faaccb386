"""One notebook in one kernel, bounded in time and in what it shows."""

import asyncio
import itertools
import os
import signal
import tempfile
from contextlib import suppress
from pathlib import Path

from ipykernel.kernelspec import get_kernel_dict
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError
from nbformat.v4 import new_output

from nnlab.cli._failure import ANSI, MAX_ERROR, Failure, message_of, traceback_of

MAX_OUTPUT = 20_000_000  # characters that one cell may show; more are of no use to anyone
TOO_MUCH = (
    f"showed more than {MAX_OUTPUT:,} characters and was stopped; the rest is dropped: print less"
)
SHOWS = ("stream", "display_data", "execute_result", "update_display_data")
STILL_RUNNING = "still running"  # what nbclient calls the error of a cell that took too long
KERNEL_OPTIONS = ["--log-level=40", "--ext=nnlab.cli._in_turn"]


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


async def execute(notebook, path, *, quick, timeout, models, on_cell):
    """Run every cell in a fresh kernel, which has ended when this returns a Failure or None.

    notebook: what is run; its cells get their outputs.
    path: of its file; the kernel works in that folder.
    quick: whether the notebook is to run in a minute or less.
    timeout: seconds that one cell may take.
    models: a folder for the models that the notebook keeps, or None.
    on_cell: called with (path, code cells done, code cells) as each code cell starts, or None.
    """
    manager = AsyncKernelManager(kernel_spec_manager=_ThisPython())
    client = _BoundedClient(notebook, manager, timeout)
    with tempfile.TemporaryFile() as log:
        try:
            await _start_kernel(client, path, _environment(quick, models), log)
            return await _run_cells(client, path, on_cell)
        except Exception as error:  # whatever stops one notebook is its result: the others run on
            return _failure(client, error, log)
        finally:
            await _end_kernel(client, manager)
            for cell in code_cells(notebook):
                cell.outputs = merge_streams(cell.outputs)


class _ThisPython(KernelSpecManager):
    """Offers one kernel, the running interpreter, whatever kernels this user has installed."""

    def get_kernel_spec(self, kernel_name):
        return KernelSpec(**get_kernel_dict(extra_arguments=KERNEL_OPTIONS))


class _BoundedClient(NotebookClient):
    """Keeps at most MAX_OUTPUT characters of what a cell shows, and gives up on more."""

    def __init__(self, notebook, manager, timeout):
        super().__init__(
            notebook,
            km=manager,
            timeout_func=lambda cell: timeout,  # nbclient's own timeout takes whole seconds only
            startup_timeout=120,
            iopub_timeout=10,
            interrupt_on_timeout=True,  # the traceback then shows where the time went
            error_on_timeout={"ename": STILL_RUNNING, "evalue": "", "traceback": []},
            record_timing=False,
            store_widget_state=False,
        )
        self.seconds = timeout  # that a cell may take
        self.cell = None  # the code cell that runs
        self.number = 0  # which one it is, from 1
        self.group = None  # the kernel and what it has started: a group of processes
        self.shown = 0  # characters that the cell shows now
        self.displays = {}  # a display's id → how many places show it, characters in each
        self.flooded = False  # whether a cell showed too much
        self.timed_out = False
        self.on_cell_execute = self.begin_cell
        self.on_cell_error = self.note_timeout

    def begin_cell(self, cell, cell_index):
        self.cell = cell
        self.shown = 0

    def note_timeout(self, cell, cell_index, execute_reply):
        """Notice a timeout; nbclient calls this for a cell tagged raises-exception, too."""
        self.timed_out = execute_reply["content"]["ename"] == STILL_RUNNING

    def process_message(self, msg, cell, cell_index):
        kind = msg["msg_type"]
        content = msg["content"]
        if kind in SHOWS:
            self.shown += self.growth(content, is_new=kind != "update_display_data")
            if self.shown > MAX_OUTPUT:
                self.flooded = True
                self.task_poll_for_reply.cancel()  # nbclient then raises DeadKernelError
                return None
        elif kind == "clear_output":
            self.shown = 0
        elif kind == "error":
            content["evalue"] = content["evalue"][:MAX_ERROR]
            content["traceback"] = [part[:MAX_ERROR] for part in content["traceback"][-100:]]
        return super().process_message(msg, cell, cell_index)

    def growth(self, content, *, is_new):
        """Return how many characters a message adds to what is shown.

        All places of one display show what came last, instead of what they showed before.
        """
        size = _characters(content)
        display = (content.get("transient") or {}).get("display_id")
        if display is None:
            return size
        places, size_before = self.displays.get(display, (0, 0))
        self.displays[display] = (places + is_new, size)
        return (places + is_new) * size - places * size_before

    def failed(self, message, traceback=""):
        """Return the Failure of the cell that runs."""
        source = self.cell.source if self.cell else ""
        return Failure(message, self.number or None, len(code_cells(self.nb)), source, traceback)


def _characters(content):
    """Return how many characters a message holds, in however many pieces."""
    if isinstance(content, dict):
        return sum(map(_characters, content.values()))
    if isinstance(content, list):
        return sum(map(_characters, content))
    return len(content) if isinstance(content, str) else 8


async def _start_kernel(client, path, environment, log):
    """Start a kernel in the notebook's folder.

    What its process writes itself (a C++ library's last words) goes to ``log``.
    """
    await client.async_start_new_kernel(
        cwd=str(path.resolve().parent), env=environment, stdout=log, stderr=log
    )
    client.group = client.km.provisioner.pid
    await client.async_start_new_kernel_client()


async def _run_cells(client, path, on_cell):
    """Run the cells in order; return the Failure of one that met a limit, else None."""
    total = len(code_cells(client.nb))
    for index, cell in enumerate(client.nb.cells):
        if cell.cell_type != "code":
            continue
        if on_cell:
            on_cell(path, client.number, total)
        client.number += 1
        count = client.code_cells_executed + 1
        await client.async_execute_cell(cell, index, execution_count=count)
        if client.flooded or client.timed_out:  # and yet it ended, or it may raise what it likes
            return client.failed(_limit_met(client))
    return None


async def _end_kernel(client, manager):
    """End the kernel; if it has died, end what it had started."""
    if await manager.is_alive():
        at_once = client.flooded or asyncio.current_task().cancelling() > 0
        await manager.shutdown_kernel(now=at_once)
    elif client.group and hasattr(os, "killpg"):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(client.group, signal.SIGKILL)
    await manager.cleanup_resources()
    if client.kc:
        client.kc.stop_channels()


def _failure(client, error, log):
    """Return what stopped a notebook: a limit, its own code, or the death of its kernel."""
    if client.flooded:
        return client.failed(_limit_met(client))
    if isinstance(error, CellExecutionError):
        late = client.timed_out
        message = _limit_met(client) if late else message_of(error.ename, error.evalue)
        return client.failed(message, traceback_of(client.cell))
    if isinstance(error, RuntimeError):  # it died, or else jupyter_client could not start it
        if asyncio.current_task().cancelling():
            raise asyncio.CancelledError from error
        message = "the kernel died: out of memory, or a crash below Python?"
        if not isinstance(error, DeadKernelError):
            message = f"the kernel did not start: {error}"
        log.seek(0)
        last_words = ANSI.sub("", log.read().decode(errors="replace"))
        return client.failed(message, last_words[-2000:].strip())
    # Text that is no Unicode, an output of a wrong form, a message that the notebook has forged.
    return client.failed(f"{type(error).__name__}: {str(error)[:MAX_ERROR]}")


def _limit_met(client):
    if client.flooded:
        return TOO_MUCH
    advice = "allow more with --timeout, or try --quick"
    return f"TimeoutError: still running after {client.seconds:g} s; {advice}"


def merge_streams(outputs):
    """Return outputs in their order, with neighbours of one stream joined.

    Of a line that was written over (a progress bar), its last state is kept. nbclient can do this,
    too, but it moves text before figures, and its time grows with the square of a line's length.
    """
    merged = []
    for stream, neighbours in itertools.groupby(outputs, lambda output: output.get("name")):
        if stream is None:
            merged += neighbours
            continue
        text = "".join(output.text for output in neighbours)
        lines = [line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n")]
        merged.append(new_output("stream", name=stream, text="\n".join(lines)))
    return merged


def _environment(quick, models):
    """Return the kernel's environment variables; a quick run has NNLAB_QUICK=1, a full one none."""
    environment = {"TF_CPP_MIN_LOG_LEVEL": "3", "PYDEVD_DISABLE_FILE_VALIDATION": "1"} | os.environ
    for name in ("MPLBACKEND", "NNLAB_QUICK"):  # without the first, ipykernel draws figures inline
        environment.pop(name, None)
    data = os.environ.get("NNLAB_DATA", "").split(os.pathsep)
    environment["NNLAB_DATA"] = os.pathsep.join(map(_absolute, filter(str.strip, data)))
    environment["NNLAB_CACHE"] = _absolute(os.environ.get("NNLAB_CACHE", ""))
    environment["NNLAB_MODELS"] = _absolute(str(models or os.environ.get("NNLAB_MODELS", "")))
    if quick:
        environment["NNLAB_QUICK"] = "1"
    return environment


def _absolute(folder):
    """Return a folder's full path, for a kernel works in another folder; "" for none."""
    return str(Path(folder).expanduser().resolve()) if folder.strip() else ""
