"""``nnlab run``: execute notebooks."""

from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer


def run(
    notebooks: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="NOTEBOOK",
            help="Files, or folders of them.",
            show_default="./notebooks/*.ipynb",
        ),
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick/--full", help="A minute or less each, or as published.")
    ] = False,
    out: Annotated[Path, typer.Option(help="Folder for notebooks, results and gallery.")] = Path(
        "build/run"
    ),
    timeout: Annotated[
        float, typer.Option(min=1, max=1e7, help="Seconds that one cell may take.")
    ] = 1800,
    jobs: Annotated[int, typer.Option(min=1, help="Notebooks to run at a time.")] = 1,
):
    """Execute notebooks in fresh kernels and write a gallery of them; exit 1 if one fails."""
    try:
        from nnlab.cli import _gallery, _notebooks  # noqa: F401
    except ModuleNotFoundError as error:
        typer.echo(f'nnlab run needs {error.name}: pip install "nnlab[run]"', err=True)
        raise typer.Exit(1) from error

    try:
        paths = _notebooks.find_notebooks(notebooks or (), out)
    except (FileNotFoundError, ValueError) as error:
        raise typer.BadParameter(str(error)) from error
    try:
        code = _run_and_show(paths, out, quick=quick, timeout=timeout, jobs=jobs)
    except OSError as error:  # a disk that is full, a folder that may not be written
        typer.echo(f"stopped: {error}", err=True)
        code = 1
    raise typer.Exit(code)


def _run_and_show(paths, out, **settings):
    """Run notebooks, show how they end and write the gallery; return the exit code."""
    from rich.console import Console

    from nnlab.cli._console import ProgressBars, report, summary
    from nnlab.cli._gallery import write_gallery
    from nnlab.cli._notebooks import run_notebooks

    console = Console(highlight=False)
    bars = ProgressBars(console)
    results = []
    interrupted = True
    with suppress(KeyboardInterrupt), bars.progress:
        for result in run_notebooks(paths, out, on_cell=bars.show, **settings):
            bars.hide(result.name)
            results.append(result)
            report(result, console)
        interrupted = False
    if results:
        index = write_gallery(out, paths)
        names = [path.stem for path in paths]
        console.print(summary(sorted(results, key=lambda one: names.index(one.name))))
        console.print(f"Gallery: {index}", soft_wrap=True, markup=False)
    if interrupted:
        return 130
    return 1 if any(result.error for result in results) else 0
