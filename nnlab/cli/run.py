"""``nnlab run``: execute notebooks."""

from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from nnlab.cli._extras import needs_extra


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
    from rich.console import Console

    with needs_extra("run"):
        from nnlab.cli import _gallery, _notebooks
    from nnlab.cli._console import ProgressBars, report, summary

    try:
        paths = _notebooks.find_notebooks(notebooks or (), out)
    except (FileNotFoundError, ValueError) as error:
        raise typer.BadParameter(str(error)) from error
    console, names = Console(highlight=False), [path.stem for path in paths]
    results, interrupted = [], True
    try:
        bars = ProgressBars(console)
        ran = _notebooks.run_notebooks(
            paths, out, quick=quick, timeout=timeout, jobs=jobs, on_cell=bars.show
        )
        with suppress(KeyboardInterrupt), bars.progress:
            for result in ran:
                bars.hide(result.name)
                results.append(result)
                report(result, console)
            interrupted = False
        index = _gallery.write_gallery(out) if results else None
    except OSError as error:  # a disk that is full, a folder that may not be written
        typer.echo(f"stopped: {error}", err=True)
        raise typer.Exit(1) from error
    if results:
        console.print(summary(sorted(results, key=lambda one: names.index(one.name))))
        console.print(f"Gallery: {index}", soft_wrap=True, markup=False)
    failed = any(result.error for result in results)
    raise typer.Exit(130 if interrupted else 1 if failed else 0)
