"""Keep a trained model as a file, with a card beside it that says what it is."""

import hashlib
import os
from datetime import date
from pathlib import Path

CARD = """\
# {name}

{parameters:,} parameters, trained by `{notebook}` of nnlab on {today}, with seed {seed}.
{quick}
```python
import keras

model = keras.saving.load_model("{file}")
```

* **Goes in**: {inputs}
* **Comes out**: {outputs}
{classes}
## Result

| | |
| --- | ---: |
{metrics}

## Data

{data}: {source}

Licence of the data: {license}. Mind it when you pass the model on.

## Made with

{versions}, on {device}, in {seconds:.0f} s.

SHA-256 of `{file}`: `{sha256}`
"""
QUICK = """
**From a quick run**: a little training on part of the data. It shows that all works, no more.
"""


def keep_model(model, name, *, data, record, inputs, outputs, folder=None):
    """Write a trained model and its card, ``name.keras`` and ``name.md``, into a folder.

    Each file is there whole or not at all, and a card never stands beside another model than its
    own: it holds the hash of its file.

    model: a Keras model.
    name: of the two files, such as ``mnist_mlp``; letters, digits, ``_``, ``-`` and ``.``.
    data: what it was trained on, with ``name``, ``source``, ``license`` and maybe ``class_names``.
    record: the ``nnlab.notebook.RunRecord`` of the run.
    inputs, outputs: what goes in and what comes out, in a few words of Markdown.
    folder: by default the one named by NNLAB_MODELS, which ``nnlab run --models FOLDER`` sets. If
        there is none, nothing is written.

    Raises ValueError for another name.
    """
    folder = folder or os.environ.get("NNLAB_MODELS")
    plain = name.replace("_", "").replace("-", "").replace(".", "")
    if not (plain.isascii() and plain.isalnum()) or name.startswith("."):
        raise ValueError(f"expected a name such as 'mnist_mlp', got {name!r}")
    if not folder:
        return
    folder = Path(folder).expanduser()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.keras"
    card = folder / f"{name}.md"
    part = folder / f".{name}.part.keras"  # Keras wants this ending
    card_part = folder / f".{name}.part.md"
    try:
        model.save(part)
        text = _card(model, path.name, part, data, record, inputs, outputs)
        card_part.write_text(text, encoding="utf-8", newline="\n")
        card.unlink(missing_ok=True)  # an earlier model's
        part.replace(path)
        card_part.replace(card)
    finally:
        part.unlink(missing_ok=True)
        card_part.unlink(missing_ok=True)


def _card(model, file, path, data, record, inputs, outputs):
    """Return a model's card in Markdown; file is the name that the file at path will have."""
    facts = record.as_dict()
    classes = getattr(data, "class_names", ())
    rows = [f"| {metric['name']} | {metric['value']:.4g} |" for metric in facts["metrics"]]
    versions = [f"{library} {version}" for library, version in facts["versions"].items()]
    return CARD.format(
        name=file.removesuffix(".keras"),
        parameters=model.count_params(),
        notebook=facts["notebook"],
        today=date.today().isoformat(),
        seed=facts["seed"],
        quick=QUICK if os.environ.get("NNLAB_QUICK") == "1" else "",
        file=file,
        inputs=inputs,
        outputs=outputs,
        classes=f"* **Classes**, in order: {', '.join(classes)}\n" if classes else "",
        metrics="\n".join(rows),
        data=data.name,
        source=data.source,
        license=data.license,
        versions=", ".join(versions),
        device=facts["device"],
        seconds=facts["seconds"],
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
    )
