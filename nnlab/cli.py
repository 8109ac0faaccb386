"""The ``nnlab`` command: run notebooks, launch training, look after data sets, copy a helper, describe this machine."""

from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from nnlab import launching

app = typer.Typer(
    name="nnlab",
    no_args_is_help=True,
    add_completion=False,
    help="Run notebooks, launch training, look after data sets, copy a helper, describe this machine.",
)
data_app = typer.Typer(name="data", no_args_is_help=True, help="List, fetch and verify data sets.")
app.add_typer(data_app)


# ---- run -------------------------------------------------------------------------------------------------


@app.command()
def run(
    notebooks: Annotated[
        list[Path] | None,
        typer.Argument(metavar="NOTEBOOK", help="Files, or folders of them.", show_default="./notebooks/*.ipynb"),
    ] = None,
    quick: Annotated[bool, typer.Option("--quick/--full", help="A minute or less each, or as published.")] = False,
    out: Annotated[Path, typer.Option(help="Folder for notebooks, results and gallery.")] = Path("build/run"),
    timeout: Annotated[float, typer.Option(min=1, max=1e7, help="Seconds that one cell may take.")] = 1800,
    jobs: Annotated[int, typer.Option(min=1, help="Notebooks to run at a time.")] = 1,
):
    """Execute notebooks in fresh kernels and write a gallery of them; exit 1 if one fails."""
    from rich.console import Console

    from nnlab import execution, gallery
    from nnlab.execution._console import ProgressBars, report, summary

    try:
        paths = execution.find_notebooks(notebooks or (), out)
    except (FileNotFoundError, ValueError) as error:
        raise typer.BadParameter(str(error)) from error
    console, names = Console(highlight=False), [path.stem for path in paths]
    results, interrupted = [], True
    try:
        bars = ProgressBars(console)
        ran = execution.run_notebooks(paths, out, quick=quick, timeout=timeout, jobs=jobs, on_cell=bars.show)
        with suppress(KeyboardInterrupt), bars.progress:
            for result in ran:
                bars.hide(result.name)
                results.append(result)
                report(result, console)
            interrupted = False
        index = gallery.write_gallery(out) if results else None
    except OSError as error:  # a disk that is full, a folder that may not be written
        typer.echo(f"stopped: {error}", err=True)
        raise typer.Exit(1) from error
    if results:
        console.print(summary(sorted(results, key=lambda one: names.index(one.name))))
        console.print(f"Gallery: {index}", soft_wrap=True, markup=False)
    failed = any(result.error for result in results)
    raise typer.Exit(130 if interrupted else 1 if failed else 0)


# ---- launch ----------------------------------------------------------------------------------------------


app.command("launch", context_settings={"allow_interspersed_args": False})(launching.main)


# ---- data ------------------------------------------------------------------------------------------------


def known_datasets(names):
    """Return the data sets of these names; an unknown name is a usage error."""
    from nnlab.datasets._registry import DATASETS

    for name in names:
        if name not in DATASETS:
            raise typer.BadParameter(f"unknown data set {name!r}; known are {', '.join(DATASETS)}")
    return [DATASETS[name] for name in names]


def megabytes(dataset):
    size = sum(file.size for file in dataset.files)
    return f"{size / 1e6:.1f} MB" if size else "-"


@data_app.command("list")
def data_list():
    """Show size, licence and state: embedded, provided (by NNLAB_DATA), cached, absent, damaged."""
    from rich.console import Console
    from rich.table import Table

    from nnlab.datasets import _files, _registry

    table = Table(box=None, pad_edge=False)
    for column in ("name", "title", "kind", "size", "licence", "state"):
        table.add_column(column, no_wrap=column != "title", justify="right" if column == "size" else "left")
    for data in _registry.DATASETS.values():
        table.add_row(data.name, data.title, data.kind, megabytes(data), data.license, _files.state(data))
    Console().print(table)


@data_app.command("fetch")
def data_fetch(names: Annotated[list[str], typer.Argument(metavar="NAME")]):
    """Download data sets into the cache, unless they are there already."""
    from nnlab.datasets import _files

    failed = False
    for data in known_datasets(names):
        before = _files.state(data)
        try:
            paths = _files.locate(data)
        except (FileNotFoundError, ValueError) as error:
            failed = True
            typer.echo(f"{data.name}: {error}", err=True)
            continue
        where = f" in {paths[0].parent}" if paths else ""
        there = "fetched" if before in ("absent", "damaged") else f"already there ({before})"
        typer.echo(f"{data.name}: {there}{where}")
    raise typer.Exit(1 if failed else 0)


@data_app.command("verify")
def data_verify(names: Annotated[list[str] | None, typer.Argument(metavar="NAME")] = None):
    """Hash every file that is there, of all data sets or of those named; exit 1 if one is damaged."""
    from nnlab.datasets import _files, _registry

    bad = 0
    for data in known_datasets(names or _registry.DATASETS):
        if data.embedded:
            typer.echo(f"{data.name}: embedded, nothing to verify")
        for file in data.files:
            found = _files.copies(file)
            for state, path in found:
                problem = _files.damage(path, file)
                bad += problem is not None
                typer.echo(f"damaged  {path}\n         {problem}" if problem else f"ok       {path} ({state})")
            if not found:
                typer.echo(f"absent   {file.path}")
    raise typer.Exit(1 if bad else 0)


@data_app.command("where")
def data_where():
    """Show the folders that are searched, in order, and whether the network may be used."""
    from nnlab.datasets import _files

    for state, folder in _files.search_folders():
        role = "NNLAB_DATA" if state == "provided" else "cache"
        typer.echo(f"{role:11}{folder}{'' if folder.is_dir() else '  (does not exist)'}")
    typer.echo(f"{'network':11}{'never: NNLAB_OFFLINE is set' if _files.network_forbidden() else 'allowed'}")


# ---- copy ------------------------------------------------------------------------------------------------


@app.command()
def copy(name: Annotated[str, typer.Argument(metavar="HELPER", help="Such as models.build_mlp.")]):
    """Print a helper with just the imports it needs, to paste into your own code."""
    from nnlab import copying

    try:
        typer.echo(copying.copyable_source(*copying.find_helper(name)))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


# ---- info ------------------------------------------------------------------------------------------------


@app.command()
def info():
    """Describe this machine: versions, devices, why no GPU is seen, folders of data."""
    import nnlab
    from nnlab import machine
    from nnlab.startup import quiet_stderr

    def show(name, text):
        typer.echo(f"{name:11}{text}")

    show("nnlab", nnlab.__version__)
    for name, text in machine.software():
        show(name, text)
    data_where()
    try:
        with quiet_stderr():
            from nnlab.training import best_precision

            found = [*machine.hardware(), ("precision", f"{best_precision()} is fastest for large layers")]
    except (ImportError, OSError, ValueError, RuntimeError, AttributeError) as error:
        show("backend", f"cannot be loaded: {type(error).__name__}: {error}")
        raise typer.Exit(1) from error
    for name, text in found:
        show(name, text)
