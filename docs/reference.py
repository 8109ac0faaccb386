"""Pages made from code: the library, the commands, the environment variables."""

import ast
import importlib.util
import pkgutil
import re
from pathlib import Path

from results import ROOT

import nnlab

ABOUT = {  # environment variables; nnlab reads each but the last
    "NNLAB_DATA": "Folders with your own copies of data sets, divided by `:` (Windows: `;`). "
    "They are searched first and never written to.",
    "NNLAB_CACHE": "The folder that keeps downloads; else `data/` in a checkout, or a folder for "
    "caches in your home.",
    "NNLAB_OFFLINE": "`1`: nothing is downloaded, whatever asks for it.",
    "NNLAB_QUICK": "`1`: notebooks run quickly, and download nothing. `nnlab run --quick` sets it.",
    "NNLAB_MODELS": "The folder in which notebooks keep their trained models, each with a card; "
    "`nnlab run --models` sets it. Without it, none is kept.",
    "CUDA_VISIBLE_DEVICES": "The GPUs that may be used, by number; empty for none.",
    "KERAS_BACKEND": "What Keras computes with: `tensorflow`, `jax` or `torch`.",
}


def pages():
    """Return {file: text} of all pages that are made from code."""
    made = {"commands.md": commands()}
    entries = []
    for name in modules():
        made[f"api/{name}.md"] = module_page(name)
        entries.append(f"api/{name}")
    listed = "\n".join(["```{toctree}", ":maxdepth: 2", "", *entries, "```"])
    introduction = (ROOT / "docs" / "site" / "api.md").read_text("utf-8")
    made["api.md"] = introduction.replace("<!-- the modules -->", listed)
    return made


# ---- the library ---------------------------------------------------------------------------------


def modules():
    """Return the names of the public modules that nnlab's users import."""
    found = sorted(info.name for info in pkgutil.iter_modules(nnlab.__path__, "nnlab."))
    return [name for name in found if name != "nnlab.cli" and not name.startswith("nnlab._")]


def module_page(name):
    """Return a page with the docstrings of a module and of its public functions and classes.

    Sphinx reads them; here nothing is imported, which would start Keras.
    """
    lines = [f"# {name}", "", "```{eval-rst}", f".. automodule:: {name}", "   :members:"]
    if public_names(name):
        lines.append("   :imported-members:")
    return "\n".join([*lines, "```", ""])


def public_names(name):
    """Return ``__all__`` of a module, [] where it has none: then what it defines is public."""
    path = Path(importlib.util.find_spec(name).origin)
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return ast.literal_eval(node.value)
    return []


# ---- the commands --------------------------------------------------------------------------------


def commands():
    """Return a page with the help of each command, the variables and the targets of make."""
    from typer import Context
    from typer.main import get_command

    from nnlab.cli import app

    group = get_command(app)
    context = Context(group, info_name="nnlab")
    parts = ["# Commands and variables", *command_parts(group, context, "nnlab")]
    parts += ["## Environment variables", variables(), "## make", targets()]
    return "\n\n".join(parts) + "\n"


def command_parts(group, context, called):
    """Return the parts of the page for all commands of a group, and of groups inside it."""
    parts = []
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        inner = type(context)(command, info_name=name, parent=context)
        parts += [f"## {called} {name}", command.help.strip()]
        if hasattr(command, "list_commands"):
            parts += command_parts(command, inner, f"{called} {name}")
        else:
            parts.append(usage(command, inner))
            parts += parameters(command, inner)
    return parts


def usage(command, context):
    pieces = command.collect_usage_pieces(context)
    return "```text\n" + " ".join([context.command_path, *pieces]) + "\n```"


def parameters(command, context):
    """Return a table of the arguments and options of a command, in a list; [] if it has none."""
    rows = []
    for parameter in command.get_params(context):
        if parameter.name == "help":
            continue
        shown = "`, `".join([*parameter.opts, *parameter.secondary_opts])
        if parameter.param_type_name == "argument":
            shown = parameter.metavar or parameter.name.upper()
        cells = [f"`{shown}`", parameter.help or "", default_of(parameter)]
        rows.append(f"| {' | '.join(cells)} |")
    heads = ["| option | what it does | by default |", "| --- | --- | --- |"]
    return ["\n".join(heads + rows)] if rows else []


def default_of(parameter):
    """Return what holds where a parameter is not given, as text."""
    if isinstance(parameter.show_default, str):
        return f"`{parameter.show_default}`"
    if parameter.default in (None, ()) or parameter.required:
        return ""
    if parameter.secondary_opts:  # --quick/--full
        return f"`{(parameter.opts if parameter.default else parameter.secondary_opts)[0]}`"
    return f"`{parameter.default}`"


def variables():
    """Return a table of the environment variables: those that the code of nnlab reads."""
    read = variables_read()
    if unknown := read ^ {name for name in ABOUT if name != "KERAS_BACKEND"}:
        raise ValueError(f"{sorted(unknown)}: in nnlab's code or in ABOUT of {__file__}, not both")
    rows = [f"| `{name}` | {text} |" for name, text in ABOUT.items()]
    return "\n".join(["| variable | what it does |", "| --- | --- |", *rows])


def variables_read():
    """Return the environment variables that nnlab's own code reads by ``os.environ.get``."""
    names = set()
    for path in (ROOT / "nnlab").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "os.environ.get":
                names.add(ast.literal_eval(node.args[0]))
    return names


def targets():
    """Return a table of the targets of make, from the notes in the Makefile."""
    makefile = (ROOT / "Makefile").read_text("utf-8")
    found = re.findall(r"^([a-z]+):.*?## (.+)$", makefile, re.MULTILINE)
    rows = [f"| `make {name}` | {text} |" for name, text in found]
    return "\n".join(["| command | what it does |", "| --- | --- |", *rows])
