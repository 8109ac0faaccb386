"""``nnlab data``: list, fetch, verify, where."""

from typing import Annotated

import typer

data_app = typer.Typer(name="data", no_args_is_help=True, help="List, fetch and verify data sets.")


def collections():
    """Return {kind: {name: `Dataset`}}."""
    from nnlab.datasets import audio, boxes, images, masks, pairs, reviews, series, texts, weights

    return {
        "image": images.DATASETS,
        "box": boxes.DATASETS,
        "mask": masks.DATASETS,
        "text": texts.DATASETS,
        "review": reviews.DATASETS,
        "pair": pairs.DATASETS,
        "series": series.DATASETS,
        "audio": audio.DATASETS,
        "net": weights.DATASETS,
    }


def datasets_called(names):
    """Return the data sets of these names, all where there are none; an unknown one is an error."""
    known = {}
    for collection in collections().values():
        known |= collection
    for name in names:
        if name not in known:
            raise typer.BadParameter(f"unknown data set {name!r}; known are {', '.join(known)}")
    return [known[name] for name in names or known]


def download_size(dataset):
    """Return how much has to be downloaded, as text; "-" of what comes with nnlab."""
    size = sum(file.download_bytes for file in dataset.files)
    if not size:
        return "-"
    return f"{size / 1e6:.1f} MB" if size >= 1e5 else f"{size / 1e3:.0f} kB"


@data_app.command("list")
def data_list():
    """Show size, licence and state: embedded, provided (by NNLAB_DATA), cached, absent, damaged."""
    from rich.console import Console
    from rich.table import Table

    from nnlab.datasets import _files

    table = Table(box=None, pad_edge=False)
    table.add_column("name", no_wrap=True)
    table.add_column("title")
    table.add_column("kind", no_wrap=True)
    table.add_column("size", no_wrap=True, justify="right")
    table.add_column("licence", no_wrap=True)
    table.add_column("state", no_wrap=True)
    for kind, collection in collections().items():
        for data in collection.values():
            size = download_size(data)
            table.add_row(data.name, data.title, kind, size, data.license, _files.state(data))
    Console().print(table)


@data_app.command("fetch")
def data_fetch(names: Annotated[list[str], typer.Argument(metavar="NAME")]):
    """Download data sets into the cache, unless they are there already."""
    from nnlab.datasets import _files

    failed = False
    for data in datasets_called(names):
        before = _files.state(data)
        try:
            found = _files.obtain(data)
        except (FileNotFoundError, ValueError) as error:
            failed = True
            typer.echo(f"{data.name}: {error}", err=True)
            continue
        where = f" in {found[0][0].parent}" if found else ""
        there = "fetched" if before in ("absent", "damaged") else f"already there ({before})"
        typer.echo(f"{data.name}: {there}{where}")
    raise typer.Exit(1 if failed else 0)


@data_app.command("verify")
def data_verify(names: Annotated[list[str] | None, typer.Argument(metavar="NAME")] = None):
    """Hash all files that are there, of the data sets named or of all; exit 1 if one is damaged."""
    from nnlab.datasets import _files

    bad = 0
    for data in datasets_called(names or []):
        if data.embedded:
            typer.echo(f"{data.name}: embedded, nothing to verify")
        for file in data.files:
            found = _files.inspect(file)
            for state, path, problem in found:
                if problem:
                    bad += 1
                    typer.echo(f"damaged  {path}\n         {problem}")
                else:
                    typer.echo(f"ok       {path} ({state})")
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
    network = "allowed"
    if quick := _files.quick_run():
        network = f"only for `nnlab data fetch`: {quick}"
    if forbidden := _files.network_forbidden():
        network = f"never: {forbidden}"
    typer.echo(f"{'network':11}{network}")
