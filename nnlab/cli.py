"""The ``nnlab`` command: run notebooks, look after data sets, copy a helper, describe this machine."""

import typer

app = typer.Typer(name="nnlab", no_args_is_help=True, add_completion=False, help=__doc__)
data_app = typer.Typer(name="data", no_args_is_help=True, help="List, fetch and verify data sets.")
app.add_typer(data_app)


# ---- run -------------------------------------------------------------------------------------------------


# ---- data ------------------------------------------------------------------------------------------------


# ---- copy ------------------------------------------------------------------------------------------------


# ---- info ------------------------------------------------------------------------------------------------
