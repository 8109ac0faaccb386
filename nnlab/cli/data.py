"""``nnlab data``: list, fetch, verify, where."""

from typing import Annotated

import typer

data_app = typer.Typer(name="data", no_args_is_help=True, help="List, fetch and verify data sets.")


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
        table.add_column(
            column, no_wrap=column != "title", justify="right" if column == "size" else "left"
        )
    for data in _registry.DATASETS.values():
        table.add_row(
            data.name, data.title, data.kind, megabytes(data), data.license, _files.state(data)
        )
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
                typer.echo(
                    f"damaged  {path}\n         {problem}"
                    if problem
                    else f"ok       {path} ({state})"
                )
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
    typer.echo(
        f"{'network':11}{'never: NNLAB_OFFLINE is set' if _files.network_forbidden() else 'allowed'}"
    )
