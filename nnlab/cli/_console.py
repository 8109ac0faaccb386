"""What a terminal shows of notebooks: a bar while one runs, a line when it ended, a table in the end."""

import textwrap

from rich import progress
from rich.markup import escape
from rich.table import Table
from rich.text import Text


class ProgressBars:
    """A bar for each notebook that runs, where the console is a terminal."""

    def __init__(self, console):
        columns = (
            "{task.description}",
            progress.BarColumn(),
            "{task.fields[cell]}",
            progress.TimeElapsedColumn(),
        )
        self.progress = progress.Progress(
            *columns, console=console, transient=True, disable=not console.is_terminal
        )
        self.by_name = {}

    def show(self, path, done, total):
        if path.stem not in self.by_name:
            self.by_name[path.stem] = self.progress.add_task(
                escape(path.stem), total=total, cell=""
            )
        self.progress.update(
            self.by_name[path.stem], completed=done, cell=f"cell {done + 1} of {total}"
        )

    def hide(self, name):
        if name in self.by_name:  # a file that is no notebook never had one
            self.progress.remove_task(self.by_name.pop(name))


def metrics(result):
    pairs = [pair for record in result.records for pair in record.get("metrics", {}).items()]
    return ", ".join(
        f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}"
        for name, value in pairs
    )


def report(result, console):
    """Print one line on a notebook and, where a cell failed, its source and what it said."""
    error = result.error
    if not error:
        line = f"{result.name}: ok in {result.seconds:.1f} s" + f", {metrics(result)}" * bool(
            result.records
        )
        console.print(Text(line, "green"), soft_wrap=True)
        return
    where = f" in cell {error.cell} of {error.cells}" if error.cell else ""
    line = f"{result.name}: failed after {result.seconds:.1f} s{where}: {error.message}"
    console.print(Text(line, "bold red"), soft_wrap=True)
    for part in filter(None, (error.source, error.traceback)):
        console.print(Text("\n" + textwrap.indent(part, "    ")), soft_wrap=True)


def summary(results):
    table = Table("notebook", "status", "metrics", box=None, pad_edge=False)
    table.add_column("time", justify="right", no_wrap=True)
    for result in results:
        status = Text(result.status, "red" if result.error else "green")
        table.add_row(Text(result.name), status, Text(metrics(result)), f"{result.seconds:.1f} s")
    return table
