"""What a terminal shows of notebooks: a bar while one runs, a line when it ended, then a table."""

import textwrap
from contextlib import suppress

from rich import progress
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from nnlab.cli._comparison import compare, read_run
from nnlab.cli._gallery import write_gallery
from nnlab.cli._notebooks import run_notebooks
from nnlab.cli._parameters import text_of
from nnlab.cli._records import metrics_of


def run_and_show(paths, out, earlier=None, **settings):
    """Run notebooks, show how they end and write their gallery; return the exit code.

    paths, out, settings: as of ``run_notebooks``.
    earlier: (name, what ``read_run`` has read) of a run to compare this one with, or None.
    """
    console = Console(highlight=False)
    bars = ProgressBars(console)
    for line in without_settings(settings["parameters"]):
        console.print(line, soft_wrap=True, markup=False)
    before = models_in(settings["models"])
    results = []
    interrupted = True
    with suppress(KeyboardInterrupt), bars.progress:
        for result in run_notebooks(paths, out, on_cell=bars.show, **settings):
            bars.hide(result.name)
            results.append(result)
            report(result, console)
        interrupted = False
    if results:
        comparison = earlier and (earlier[0], compare(earlier[1], read_run(out)))
        index = write_gallery(out, paths, comparison)
        names = [path.stem for path in paths]
        console.print(summary(sorted(results, key=lambda one: names.index(one.name))))
        if settings.get("quick"):
            console.print(
                "A quick run: its metrics show that all works, not what a full run reaches."
            )
        if comparison:
            console.print(changes(*comparison))
        for path in sorted(models_in(settings["models"]) - before):
            console.print(f"Model: {path[0]}", soft_wrap=True, markup=False)
        console.print(f"Gallery: {index}", soft_wrap=True, markup=False)
    if interrupted:
        return 130
    return 1 if any(result.error for result in results) else 0


def without_settings(parameters):
    """Return a line for each parameter that some of the notebooks do not have among their settings.

    parameters: path → name → value.
    """
    names = {}  # in the order in which they were given
    for chosen in parameters.values():
        names |= chosen
    lines = []
    for name in names:
        lacking = [path.stem for path, chosen in parameters.items() if name not in chosen]
        if lacking:
            lines.append(f"{name} is not set in {', '.join(lacking)}: no such setting.")
    return lines


def models_in(folder):
    """Return (path, time of writing) of each model in a folder; none where there is no folder."""
    paths = folder.glob("*.keras") if folder else ()
    return {(path, path.stat().st_mtime_ns) for path in paths}


class ProgressBars:
    """A bar for each notebook that runs, where the console is a terminal."""

    def __init__(self, console):
        self.progress = progress.Progress(
            "{task.description}",
            progress.BarColumn(),
            "{task.fields[cell]}",
            progress.TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self.by_name = {}

    def show(self, path, done, total):
        name = path.stem
        if name not in self.by_name:
            self.by_name[name] = self.progress.add_task(escape(name), total=total, cell="")
        cell = f"cell {done + 1} of {total}"
        self.progress.update(self.by_name[name], completed=done, cell=cell)

    def hide(self, name):
        if name in self.by_name:  # a file that is no notebook never had one
            self.progress.remove_task(self.by_name.pop(name))


def report(result, console):
    """Print one line on a notebook and, where a cell failed, its source and what it said."""
    if result.error:
        _report_failure(result, console)
        return
    line = f"{result.name}: ok in {result.seconds:.1f} s"
    if result.parameters:
        line += f" with {text_of(result.parameters)}"
    if metrics := _metrics(result):
        line += f", {metrics}"
    console.print(Text(line, "green"), soft_wrap=True)


def _report_failure(result, console):
    error = result.error
    where = f" in cell {error.cell} of {error.cells}" if error.cell else ""
    line = f"{result.name}: failed after {result.seconds:.1f} s{where}: {error.message}"
    console.print(Text(line, "bold red"), soft_wrap=True)
    for part in (error.source, error.traceback):
        if part:
            console.print(Text("\n" + textwrap.indent(part, "    ")), soft_wrap=True)


def summary(results):
    """Return a table with a line for each notebook."""
    table = Table("notebook", "status", "metrics", box=None, pad_edge=False)
    table.add_column("time", justify="right", no_wrap=True)
    for result in results:
        status = Text(result.status, "red" if result.error else "green")
        seconds = f"{result.seconds:.1f} s"
        table.add_row(Text(result.name), status, Text(_metrics(result)), seconds)
    return table


def changes(name, rows):
    """Return a table of what changed since the run of this name."""
    table = Table(title=Text(f"Compared with {name}"), box=None, pad_edge=False)
    table.title_justify = "left"
    for header in ("notebook", "what"):
        table.add_column(header)
    for header in ("before", "now", "change"):
        table.add_column(header, justify="right")
    for row in rows:
        table.add_row(*map(Text, row))
    return table


def _metrics(result):
    return "; ".join(f"{name} {value}" for name, value in metrics_of(result.records).items())
