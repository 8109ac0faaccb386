"""Files from elsewhere: model files that lie or run code are refused; nothing here unpacks them."""

import ast
import contextlib
import json
import re
import shutil
import tempfile
import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest

import nnlab
from nnlab.models import build_mlp

ROOT = Path(__file__).parents[1]
PACKAGE = Path(nnlab.__file__).parent
# What makes objects of bytes, or files of an archive's members.
UNSAFE = {
    "pickle",
    "dill",
    "joblib",
    "cloudpickle",
    "marshal",
    "shelve",
    "tarfile",
    "zipfile",
    "eval",
    "exec",
}
SWITCHES = {
    "allow_pickle",
    "safe_mode",
    "enable_unsafe_deserialization",
    "unpack_archive",
    "extractall",
}


def assert_same_weights(model, loaded):
    for kept, found in zip(model.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_array_equal(kept, found)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A model, and a file of which it can be loaded."""
    path = tmp_path_factory.mktemp("whole") / "model.keras"
    model = build_mlp((4, 4, 1), 3, units=(5,))
    model.save(path)
    assert_same_weights(model, keras.saving.load_model(path))
    return model, path


@pytest.fixture
def saved(whole, tmp_path):
    """The model, and a copy of the file."""
    model, path = whole
    shutil.copy(path, tmp_path)
    return model, tmp_path / path.name


def members(path):
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def write(path, contents):
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in contents.items():
            archive.writestr(name, content)


@pytest.mark.parametrize("share", np.linspace(0.02, 0.98, 13))
def test_a_model_file_with_one_wrong_byte_never_gives_wrong_weights_in_silence(saved, share):
    model, path = saved
    content = bytearray(path.read_bytes())
    content[int(share * len(content))] ^= 0x10
    path.write_bytes(content)
    try:
        loaded = keras.saving.load_model(path)
    except (ValueError, OSError, KeyError, zipfile.BadZipFile, TypeError):
        return
    except UserWarning as warning:
        assert "Skipping" in str(warning)  # Keras says what it leaves out
        return
    assert_same_weights(model, loaded)


def test_half_a_model_file_is_refused(saved):
    path = saved[1]
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises((ValueError, OSError, zipfile.BadZipFile)):
        keras.saving.load_model(path)


def test_code_in_a_model_file_is_refused(tmp_path):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Lambda(lambda x: x)])
    model.save(tmp_path / "model.keras")
    with pytest.raises(ValueError, match="unsafe"):
        keras.saving.load_model(tmp_path / "model.keras")


@pytest.mark.parametrize("kind", ["class", "function"])
@pytest.mark.parametrize(
    ("module", "name"), [("os", "system"), ("builtins", "eval"), ("subprocess", "Popen")]
)
def test_a_model_file_that_names_a_function_of_python_is_refused(saved, module, name, kind):
    path = saved[1]
    contents = members(path)
    config = json.loads(contents["config.json"])
    if kind == "class":  # in the place of a layer
        config["config"]["layers"][1] |= {
            "module": module,
            "class_name": name,
            "registered_name": name,
            "config": {},
        }
    else:  # as a layer's activation
        named = {
            "module": module,
            "class_name": "function",
            "config": name,
            "registered_name": "function",
        }
        config["config"]["layers"][2]["config"]["activation"] = named
    write(path, contents | {"config.json": json.dumps(config)})
    # it is not even looked up
    with pytest.raises(TypeError, match=f"Could not locate {kind} '{name}'"):
        keras.saving.load_model(path)


def test_members_of_a_model_file_that_lead_outside_write_nothing_there(
    saved, tmp_path, monkeypatch
):
    path = saved[1]
    link = zipfile.ZipInfo("assets/link")
    link.external_attr = 0o120777 << 16
    # what leads three folders up stays within those that are looked at
    unpacked = path.parent / "deep" / "er"
    unpacked.mkdir(parents=True)
    monkeypatch.setattr(tempfile, "tempdir", str(unpacked))  # Keras unpacks in a folder in it
    path = path.rename(unpacked / path.name)
    (tmp_path / "linked").mkdir()
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("assets/../../../outside.txt", "x")
        archive.writestr(f"{tmp_path}/absolute.txt", "x")
        archive.writestr(link, str(tmp_path / "linked"))
        archive.writestr("assets/link/through.txt", "x")

    def outside():
        return {each for each in tmp_path.rglob("*") if unpacked not in each.parents}

    before = outside()
    with pytest.warns(UserWarning, match="Skipping"), contextlib.suppress(ValueError, OSError):
        keras.saving.load_model(path)
    assert outside() == before


def sources():
    """Yield the path and the code of everything that is published."""
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(PACKAGE).as_posix()
        yield pytest.param(name, path.read_text(encoding="utf-8"), id=name)
    for path in sorted((ROOT / "notebooks").rglob("*.ipynb")):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
        name = path.relative_to(ROOT).as_posix()
        yield pytest.param(name, "\n".join(map(without_magic, code)), id=name)


def without_magic(cell):
    """Return what is Python in a cell: also a program that it writes to a file."""
    first, _, rest = cell.partition("\n")
    if not first.startswith("%%"):
        return cell
    return rest if re.fullmatch(r"%%writefile .*\.py", first) else ""


def unsafe_names(source):
    """Return what is unsafe of the modules that code imports, and of what it calls and switches."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {alias.name for alias in node.names} | {(node.module or "").split(".")[0]}
        elif isinstance(node, ast.Call):
            called = {getattr(node.func, "id", ""), getattr(node.func, "attr", "")}
            names |= called & (SWITCHES | {"eval", "exec"})
            names |= {keyword.arg for keyword in node.keywords if keyword.arg}
    return names & (UNSAFE | SWITCHES)


@pytest.mark.parametrize(("name", "source"), [*sources()])
def test_nothing_unpacks_objects_or_archives_or_turns_a_protection_off(name, source):
    """One file may read the members of archives, bounded and in place."""
    allowed = {"tarfile", "zipfile"} if name == "datasets/_formats.py" else set()
    assert not unsafe_names(source) - allowed


def test_the_file_that_reads_archives_never_writes_a_member_to_disk():
    source = (PACKAGE / "datasets" / "_formats.py").read_text(encoding="utf-8")
    called = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute):
            called.add(node.attr)
        if isinstance(node, ast.Call):
            called |= {getattr(node.func, "id", "")}
    assert "extractfile" in called  # the check sees what is called
    assert not called & {"extract", "extractall", "_extract_member", "makefile", "unpack_archive"}
    assert not called & {"write", "writelines", "write_bytes", "write_text", "mkdir", "symlink_to"}


def test_the_check_notices_what_it_is_there_for():
    assert unsafe_names("from zipfile import ZipFile") == {"zipfile"}
    assert unsafe_names("from shutil import unpack_archive") == {"unpack_archive"}
    assert unsafe_names("archive.extractall('.')") == {"extractall"}
    assert unsafe_names("np.load(path, allow_pickle=True)") == {"allow_pickle"}
    assert unsafe_names("import pickle.x as p; eval('1')") == {"pickle", "eval"}
    assert unsafe_names("import numpy as np; np.load(path)") == set()
    written = without_magic("%%writefile --append train.py\nimport pickle")
    assert unsafe_names(written) == {"pickle"}
