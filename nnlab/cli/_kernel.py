"""One notebook in one kernel, bounded in time and in what it shows."""

import asyncio
import os
import re
import signal
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import nbformat
from ipykernel.kernelspec import get_kernel_dict
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError
from nbformat.v4 import new_output

ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
MAX_OUTPUT = (
    20_000_000  # characters that one cell may show; a notebook with more is of no use to anyone
)
MAX_ERROR = 20_000  # characters of an error's message, and of each part of its traceback
TOO_MUCH = (
    f"showed more than {MAX_OUTPUT:,} characters and was stopped; the rest is dropped: print less"
)
MEMORY_IS_FULL = re.compile(
    "ResourceExhausted|RESOURCE_EXHAUSTED|OutOfMemory|MemoryError|CUDA out of memory"
)


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
        return "\n\n".join(
            part for part in (where + self.message, self.source, self.traceback) if part
        )


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


class _ThisPython(KernelSpecManager):
    """Offers one kernel, the running interpreter, whatever kernels this user has installed."""

    def get_kernel_spec(self, kernel_name):
        return KernelSpec(**get_kernel_dict(extra_arguments=["--log-level=40"]))


class _BoundedClient(NotebookClient):
    """Keeps MAX_OUTPUT characters of what a cell shows; if more come, drops them and interrupts the cell."""

    shown, cell_shown, timed_out, group, interrupting = 0, None, False, None, None

    def process_message(self, msg, cell, cell_index):
        kind, content = msg["msg_type"], msg["content"]
        if cell is not self.cell_shown or (kind == "clear_output" and not self.flooded):
            self.shown, self.cell_shown = 0, cell
        if kind in ("stream", "display_data", "execute_result", "update_display_data"):
            if not self.flooded:
                self.count(content, is_new=kind != "update_display_data")
                if self.flooded:
                    self.interrupting = asyncio.ensure_future(self.interrupt())
            if self.flooded:
                return None
        elif kind == "error":
            content["evalue"] = content["evalue"][:MAX_ERROR]
            content["traceback"] = [part[:MAX_ERROR] for part in content["traceback"][-100:]]
        return super().process_message(msg, cell, cell_index)

    async def interrupt(self):
        await asyncio.sleep(
            0.2
        )  # if the cell is ending, an interrupt could swallow the kernel's reply
        await self.km.interrupt_kernel()

    def count(self, content, is_new):
        """Add what a message shows; all places of one display show the newest, in the place of what was there."""
        display = (content.get("transient") or {}).get("display_id")
        places, before = self.displays.get(display, (0, 0))
        characters = _characters(content)
        self.shown += (places + is_new) * characters - places * before
        if display:
            self.displays[display] = places + is_new, characters

    def note_timeout(self, cell, cell_index, execute_reply):
        """A hook of nbclient: it is called for a cell tagged raises-exception, too."""
        content = execute_reply["content"]
        self.timed_out = content["ename"] == "TimeoutError" and not content["evalue"]

    @property
    def flooded(self):
        return self.shown > MAX_OUTPUT


def _characters(content):
    """Return how many characters a message holds, in however many pieces."""
    if isinstance(content, dict | list):
        return sum(map(_characters, content.values() if isinstance(content, dict) else content))
    return len(content) if isinstance(content, str) else 8


async def execute(notebook, path, quick, timeout, on_cell):
    """Run every cell in a fresh kernel, which has ended when this returns; return a Failure or None."""
    task = asyncio.current_task()
    manager = AsyncKernelManager(kernel_spec_manager=_ThisPython())
    client = _BoundedClient(
        notebook,
        km=manager,
        timeout=timeout,
        startup_timeout=120,
        iopub_timeout=10,
        interrupt_on_timeout=True,  # the traceback then shows where the time went
        error_on_timeout={"ename": "TimeoutError", "evalue": "", "traceback": []},
        record_timing=False,
        store_widget_state=False,
    )
    client.on_cell_error, client.displays = client.note_timeout, {}
    with tempfile.TemporaryFile() as log:
        try:
            return await _run_cells(client, path, quick, timeout, on_cell, log)
        finally:
            if client.interrupting:
                client.interrupting.cancel()
            if await manager.is_alive():
                await manager.shutdown_kernel(now=task.cancelling() > 0)
            elif client.group and hasattr(os, "killpg"):
                with suppress(
                    ProcessLookupError, PermissionError
                ):  # what a kernel that died had started
                    os.killpg(client.group, signal.SIGKILL)
            await manager.cleanup_resources()
            if client.kc:
                client.kc.stop_channels()
            for cell in code_cells(notebook):
                cell.outputs = _merge_streams(cell.outputs)


async def _run_cells(client, path, quick, timeout, on_cell, log):
    """Start the kernel and run the cells in order until one fails; return a Failure or None."""
    cells = code_cells(client.nb)
    done, cell = 0, None
    try:
        # What the kernel's process writes itself (a C++ library's last words) is kept for a failure's report.
        await client.async_start_new_kernel(
            cwd=str(path.resolve().parent), env=_environment(quick), stdout=log, stderr=log
        )
        client.group = client.km.provisioner.pid  # a kernel begins a group of processes
        await client.async_start_new_kernel_client()
        for index, each in enumerate(client.nb.cells):
            if each.cell_type != "code":
                continue
            done, cell = done + 1, each
            if on_cell:
                on_cell(path, done - 1, len(cells))
            await client.async_execute_cell(
                each, index, execution_count=client.code_cells_executed + 1
            )
            if client.flooded:  # it had ended before it could be interrupted
                return Failure(TOO_MUCH, done, len(cells), each.source)
            if client.timed_out:
                return Failure(_still_running(timeout), done, len(cells), each.source)
    except CellExecutionError as error:
        if client.flooded:
            return Failure(TOO_MUCH, done, len(cells), cell.source, _traceback(cell))
        return Failure(_message(error, timeout), done, len(cells), cell.source, _traceback(cell))
    except (
        RuntimeError
    ) as error:  # DeadKernelError, and what jupyter_client raises when none starts
        if asyncio.current_task().cancelling():
            raise asyncio.CancelledError from error
        log.seek(0)
        last_words = ANSI.sub("", log.read().decode(errors="replace"))[-2000:].strip()
        message = "the kernel died: out of memory, or a crash below Python?"
        if not isinstance(error, DeadKernelError):
            message = f"the kernel did not start: {error}"
        return Failure(message, done or None, len(cells), cell.source if cell else "", last_words)
    except (ValueError, TypeError, KeyError, AttributeError, nbformat.ValidationError) as error:
        # Text that is no Unicode, an output of a wrong form, a message that the notebook has forged.
        message = f"{type(error).__name__}: {str(error)[:MAX_ERROR]}"
        return Failure(message, done or None, len(cells), cell.source if cell else "")
    return None


def _merge_streams(outputs):
    """Return outputs with all that was written to a stream as one, and of a progress bar its last line.

    nbclient can do this, too, but in a time that grows with the square of a line's length.
    """
    places = [index for index, output in enumerate(outputs) if output.output_type == "stream"]
    streams = []
    for name in ("stdout", "stderr"):
        text = "".join(outputs[index].text for index in places if outputs[index].name == name)
        lines = [line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n")]
        streams += [new_output("stream", name=name, text="\n".join(lines))] if text else []
    others = [output for output in outputs if output.output_type != "stream"]
    first = places[0] if places else 0
    return others[:first] + streams + others[first:]


def _environment(quick):
    """Return the kernel's environment variables; quick mode is NNLAB_QUICK=1, full mode is its absence."""
    environment = {"TF_CPP_MIN_LOG_LEVEL": "3", "PYDEVD_DISABLE_FILE_VALIDATION": "1"} | os.environ
    for name in ("MPLBACKEND", "NNLAB_QUICK"):  # without the first, ipykernel draws figures inline
        environment.pop(name, None)
    folders = {"NNLAB_DATA": os.environ.get("NNLAB_DATA", "").split(os.pathsep)}
    folders["NNLAB_CACHE"] = [os.environ.get("NNLAB_CACHE", "")]
    for name, parts in folders.items():  # made absolute: a kernel works in the notebook's folder
        environment[name] = os.pathsep.join(
            str(Path(part).expanduser().resolve()) for part in parts if part.strip()
        )
    return environment | ({"NNLAB_QUICK": "1"} if quick else {})


def _message(error, timeout):
    if error.ename == "TimeoutError" and not error.evalue:
        return _still_running(timeout)
    message = ANSI.sub("", f"{error.ename}: {error.evalue[:MAX_ERROR]}")
    if MEMORY_IS_FULL.search(message):
        message += "\nThe memory is full: halve BATCH_SIZE in the settings, or close other notebooks that hold some."
    return message


def _still_running(timeout):
    return f"TimeoutError: still running after {timeout:g} s; allow more with --timeout, or try --quick"


def _traceback(cell, lines=30):
    """Return the end of the traceback a cell has shown, without terminal colours."""
    shown = ["\n".join(out.traceback) for out in cell.outputs if out.output_type == "error"]
    return "\n".join(ANSI.sub("", "\n".join(shown)).splitlines()[-lines:])
