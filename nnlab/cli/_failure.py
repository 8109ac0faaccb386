"""What went wrong in a notebook, and what helps."""

import re
from dataclasses import dataclass

ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")  # the colours of a terminal
MAX_ERROR = 20_000  # characters of an error's message, and of each part of its traceback
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
        parts = (where + self.message, self.source, self.traceback)
        return "\n\n".join(part for part in parts if part)


def message_of(name, text):
    """Return one text for an error's name and message, with advice where the memory was full."""
    message = ANSI.sub("", f"{name}: {text[:MAX_ERROR]}")
    if MEMORY_IS_FULL.search(message):
        message += (
            "\nThe memory is full: halve BATCH_SIZE in the settings, "
            "or close other notebooks that hold some."
        )
    return message


def traceback_of(cell, lines=30):
    """Return the end of the traceback that a cell has shown, without a terminal's colours."""
    shown = []
    for output in cell.outputs:
        if output.output_type == "error":
            shown += output.traceback
    return "\n".join(ANSI.sub("", "\n".join(shown)).splitlines()[-lines:])
