"""A look at a folder of images before training: what Keras would misread, or silently leave out."""

import contextlib
import os
import warnings
from pathlib import Path

from PIL import Image, UnidentifiedImageError

READ_BY_KERAS = (".bmp", ".gif", ".jpeg", ".jpg", ".png")
PICTURES = (*READ_BY_KERAS, ".avif", ".heic", ".heif", ".jfif", ".jpe", ".tif", ".tiff", ".webp")
LEFT_BY_SYSTEMS = (".DS_Store", "Thumbs.db", "desktop.ini")  # in any folder that somebody looked at
EXIF_ORIENTATION = 0x0112


def check_image_folder(folder, class_names=None):
    """Return the names of the classes in a folder of images, a tuple, if nothing is wrong in there.

    `keras.utils.image_dataset_from_directory` takes each sub-folder for a class and counts them in
    the order of their names. A class that is missing in one of two folders shifts the labels behind
    it, so give both the same names::

        class_names = check_image_folder("train")
        check_image_folder("val", class_names)
        train = image_dataset_from_directory("train", class_names=class_names)
        val = image_dataset_from_directory("val", class_names=class_names)

    Every image is decoded once: about a millisecond for a small one.

    folder: the folder that holds one sub-folder of BMP, GIF, JPEG or PNG files for each class.
    class_names: the classes that have to be there, in the order of their labels; None: those that
        are there.

    Raises FileNotFoundError for a folder that is not there, and ValueError with the number of
    problems and the first ten: classes that are missing, empty or not in class_names; files that
    are no picture, broken, of a kind or in a place that Keras leaves out, in a hidden folder, of 16
    bits a channel, turned by EXIF, or so large that they look like an attack.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise FileNotFoundError(
            f"{folder} is no folder: name one that holds a sub-folder of images for each class."
        )
    found = sorted(path.name for path in folder.iterdir() if path.is_dir())
    found = [name for name in found if not name.startswith(".")]
    names = tuple(found if class_names is None else class_names)
    files = _files_in(folder)
    problems = _class_problems(found, names, files)
    for path in files:
        if problem := _file_problem(folder / path, path.parts):
            problems.append(f"{path.as_posix()}: {problem}")
    if problems:
        listed = [f"  {problem}" for problem in problems[:10]]
        if len(problems) > 10:
            listed.append(f"  and {len(problems) - 10:,} more")
        count = "1 problem" if len(problems) == 1 else f"{len(problems):,} problems"
        raise ValueError("\n".join([f"{folder} has {count}:", *listed]))
    return names


def _files_in(folder):
    """Return the paths of all files, and of links that Keras does not follow, in order."""
    found = []
    classes = [path for path in folder.iterdir() if path.is_symlink() and path.is_dir()]
    for top in (folder, *classes):  # Keras follows a link that is a class, and none deeper
        for inner, folders, files in os.walk(top):
            found += [Path(inner, name) for name in files]
            if Path(inner) != folder:
                links = [Path(inner, name) for name in folders]
                found += [path for path in links if path.is_symlink()]
    return sorted(path.relative_to(folder) for path in found)


def _class_problems(found, names, files):
    """Return what is wrong with the sub-folders that were found, beside the names expected."""
    if not found:
        return ["no sub-folder: expected one for each class, with its images"]
    filled = {path.parts[0] for path in files if path.suffix.lower() in READ_BY_KERAS}
    twice = sorted({name for name in names if names.count(name) > 1})
    problems = [f"{name}: twice in class_names" for name in twice]
    for name in sorted({*names, *found}):
        if name not in found:
            problems.append(f"{name}: this class is missing: expected a sub-folder of that name")
        elif name not in names:
            problems.append(f"{name}: not in class_names, so Keras leaves it out: add or remove it")
        elif name not in filled:
            problems.append(f"{name}: this class has no images: fill the sub-folder or remove it")
    return problems


def _file_problem(path, parts):
    """Return what is wrong with a file, or None; parts: of its path inside the folder."""
    ending = path.suffix.lower()
    hidden = any(part.startswith(".") for part in parts[:-1])
    if path.is_dir():
        return "a link to a folder, which Keras does not follow: put the folder itself there"
    if path.name in LEFT_BY_SYSTEMS:
        return None
    if hidden or len(parts) == 1:  # only what looks like an image is missed there
        where = "in a hidden folder: move or remove it" if hidden else "in no class's sub-folder"
        return where if ending in PICTURES else None
    if ending in READ_BY_KERAS:
        return _picture_problem(path)
    if ending in PICTURES or _kind(path):
        return (
            f"left out by Keras, which reads {' '.join(READ_BY_KERAS)}: convert it, or rename it "
            "if it is such a file"
        )
    return "no picture: remove it"


def _picture_problem(path):
    """Return what is wrong with a file that Keras reads, or None."""
    try:
        with _opened(path) as image:
            if image.format == "PNG":
                image.verify()  # the checksums, which load() does not compare
        with _opened(path) as image:
            image.draft(None, (1, 1))  # decodes a JPEG in small, which tells as much
            image.load()
            turned = _orientation(image) in range(2, 9)
    except UnidentifiedImageError:
        kind = _kind(path) or "no picture"
        return f"inside it is {kind}, not BMP, GIF, JPEG or PNG: convert, replace or remove it"
    except Exception as error:  # a broken image makes Pillow raise a dozen kinds
        return f"broken ({error}): replace or remove it"
    if image.format == "PNG" and _bits(path) == 16:
        return "16 bits a channel, of which Keras keeps the upper 8: scale to 0..255 and save again"
    if image.format == "BMP" and image.mode not in ("L", "RGB", "RGBA"):
        return "a BMP with a palette, which TensorFlow misreads or refuses: save it as PNG"
    if image.format == "BMP" and (problem := _bmp_problem(path)):
        return f"a BMP {problem}, which TensorFlow does not read: save it as PNG"
    if turned:
        return "turned by EXIF, which Keras ignores: save what PIL.ImageOps.exif_transpose returns"
    return None


@contextlib.contextmanager
def _opened(path):
    """Yield the image in a file of a kind that Keras reads; a decompression bomb is an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of EXIF data, for example, which Keras does not read
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        with Image.open(path, formats=("BMP", "GIF", "JPEG", "PNG")) as image:
            yield image


def _orientation(image):
    """Return how EXIF says that an image is turned, 1 to 8; 1, not at all, if it is unreadable."""
    with contextlib.suppress(Exception):
        return image.getexif().get(EXIF_ORIENTATION, 1)
    return 1


def _bits(path):
    """Return the bits a channel of a PNG file, from its header; Pillow hides them for colours."""
    with path.open("rb") as file:
        return file.read(25)[24]


def _bmp_problem(path):
    """Return what in the header of a BMP file is more than TensorFlow knows of, or None."""
    with path.open("rb") as file:
        head = file.read(30)
    begin, width, height = (
        int.from_bytes(head[place : place + 4], "little", signed=True) for place in (10, 18, 22)
    )
    bits = int.from_bytes(head[28:30], "little")  # of a pixel
    if bits not in (8, 24, 32):
        return f"with {bits} bits a pixel"
    row = -(-width * bits // 32) * 4  # bytes
    if path.stat().st_size != begin + row * abs(height):
        return "with more than a header and pixels in it"
    return None


def _kind(path):
    """Return what Pillow calls the kind of picture in a file, whatever its ending, or None."""
    with contextlib.suppress(Exception), Image.open(path) as image:
        return image.format
    return None
