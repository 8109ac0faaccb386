"""The front page: a card for each notebook, with a figure, what it teaches, its result and time."""

import base64
import io
import json

from PIL import Image
from results import ROOT, ROW, duration, record_of, result_of

DECADES = {
    "0": "Foundations",
    "1": "Images",
    "2": "Sequences",
    "3": "Generating",
    "4": "Deciding",
    "5": "Trust",
    "6": "Production",
}
PAGES = (
    "using",
    "data",
    "training",
    "On a cluster <examples/cluster/README>",
    "On large servers <examples/serving/README>",
    "How fast <bench/README>",
    "help",
)
REFERENCE = ("commands", "api", "glossary")
MORE = ("The data folder <data/README>", "CONTRIBUTING", "CHANGELOG")
SIZE = (800, 450)  # pixels of a card's picture


def front_page(path, lessons, solutions, target):
    """Return the text of the front page with the cards, and the lists that make the menu."""
    cards = []
    lists = []
    for digit, decade in DECADES.items():
        chosen = [path for path in lessons if path.name.startswith(digit)]
        if chosen:
            cards += [f"## {decade}", "", ":::::{grid} 1 2 3 3", ":gutter: 3", ""]
            cards += [card(path, target) for path in chosen]
            cards += [":::::", ""]
            lists.append(menu(decade, [f"notebooks/{path.stem}" for path in chosen]))
    lists.append(menu("Solutions", [f"notebooks/solutions/{path.stem}" for path in solutions]))
    lists += [menu("Using nnlab", PAGES), menu("Reference", REFERENCE), menu("More", MORE)]
    text = path.read_text("utf-8").replace("<!-- the cards -->", "\n".join(cards))
    return text.replace("<!-- the lists -->", "\n".join(lists))


def menu(caption, pages):
    lines = ["```{toctree}", f":caption: {caption}", ":hidden:", "", *pages, "```", ""]
    return "\n".join(lines)


def card(path, target):
    """Return a notebook's card, in MyST; its picture is written into a folder of the target."""
    title = title_of(path)
    record = record_of(path)
    place = target / "thumbnails" / f"{path.stem}.png"
    place.parent.mkdir(exist_ok=True)
    thumbnail(path).save(place)
    return "\n".join(
        [
            f"::::{{grid-item-card}} {title}",
            f":link: notebooks/{path.stem}",
            ":link-type: doc",
            f":img-top: thumbnails/{path.stem}.png",
            f":img-alt: A figure of {title}",
            "",
            lesson_of(path),
            "",
            ":::{card-footer}",
            f"{result_of(record)} · {duration(record['seconds'])}".replace(
                " · ", " ·\N{NO-BREAK SPACE}"
            ),
            ":::",
            "::::",
            "",
        ]
    )


def title_of(path):
    """Return the first heading of a notebook."""
    first = "".join(json.loads(path.read_text("utf-8"))["cells"][0]["source"])
    return first.partition("\n")[0].lstrip("# ")


def lesson_of(path):
    """Return what a notebook teaches, as the table of the README says."""
    for _, name, lesson in ROW.findall((ROOT / "README.md").read_text("utf-8")):
        if name == path.stem:
            return lesson[0].upper() + lesson[1:] + "."
    raise ValueError(f"README.md has no row for {path.name}: add one to the table of notebooks")


def thumbnail(path):
    """Return the figure tagged so, else the first one, small and on white; of a GIF the last frame.

    A moving picture would draw the eye from everything else on the front page.
    """
    cells = json.loads(path.read_text("utf-8"))["cells"]
    cells.sort(key=lambda cell: "thumbnail" not in cell["metadata"].get("tags", []))
    for cell in cells:
        for output in cell.get("outputs", []):
            for kind in ("image/gif", "image/png"):
                if data := output.get("data", {}).get(kind):
                    return shrunk(Image.open(io.BytesIO(base64.b64decode("".join(data)))))
    raise ValueError(f"{path} shows no figure: run it in full")


def shrunk(picture):
    """Return the last frame of a picture, in the middle of a white ground of ``SIZE``."""
    picture.seek(getattr(picture, "n_frames", 1) - 1)
    frame = picture.convert("RGBA")
    frame.thumbnail(SIZE, Image.Resampling.LANCZOS)
    ground = Image.new("RGB", SIZE, "white")
    corner = ((SIZE[0] - frame.width) // 2, (SIZE[1] - frame.height) // 2)
    ground.paste(frame, corner, frame)
    return ground
