"""What `nnlab copy` prints: a helper with just the imports it needs, which runs alone."""

import ast

import pytest

from nnlab.cli._copying import copyable_source, find_helper, helpers_in

MODULE = '''
import math
import os.path
from dataclasses import dataclass, field
from functools import cache, wraps

from nnlab.other import sibling

LIMIT = 3


@cache
def area(radius, scale=math.pi):
    """Return it."""
    from fractions import Fraction
    return Fraction(scale * max(radius, 0) ** 2)


@dataclass(frozen=True)
class Pair:
    first: int
    rest: list = field(default_factory=list)

    @property
    def home(self):
        return [os.path.join(str(x), "a") for x in self.rest]

    def grow(self):
        return Pair(self.first + 1)


def alone():
    return 1


def limited(x):
    return min(x, LIMIT)


def friendly(x):
    return sibling(x)
'''


def copied_from_module(name):
    return copyable_source(helpers_in(MODULE, ast.parse(MODULE), "example")[name])


def execute(code):
    namespace = {"__name__": "copied"}
    exec(code, namespace)
    return namespace


def test_decorators_defaults_and_bodies_bring_their_imports_and_no_others():
    copied = copied_from_module("area")
    assert copied.startswith("import math\nfrom functools import cache\n\n\n@cache\ndef area(")
    assert execute(copied)["area"](1) == pytest.approx(3.14159, abs=1e-5)


def test_a_decorated_class_that_names_itself_runs_alone():
    copied = copied_from_module("Pair")
    assert copied.startswith(
        "import os.path\nfrom dataclasses import dataclass, field\n\n\n@dataclass"
    )
    pair = execute(copied)["Pair"](1, [2])
    assert pair.grow().first == 2
    assert pair.home == ["2/a"]


def test_a_helper_without_imports_is_printed_alone():
    assert copied_from_module("alone") == "def alone():\n    return 1"


@pytest.mark.parametrize(("name", "needed"), [("limited", "LIMIT"), ("friendly", "sibling")])
def test_what_leans_on_its_module_or_on_nnlab_is_refused(name, needed):
    with pytest.raises(
        ValueError, match=rf"{name} cannot be copied alone: it uses {needed} of nnlab"
    ):
        copied_from_module(name)


@pytest.mark.parametrize(
    "name", ["models.build_mlp", "nnlab.models.build_mlp", "models.mlp.build_mlp"]
)
def test_a_helper_is_found_under_each_of_its_names(name):
    helper = find_helper(name)
    assert helper.name == "build_mlp"
    assert helper.code.startswith("def build_mlp(")


def test_the_copied_mlp_builds_a_network_without_nnlab():
    copied = copyable_source(find_helper("models.build_mlp"))
    assert copied.startswith("import keras\nfrom keras import layers\n\n\ndef build_mlp(")
    assert "nnlab" not in copied
    assert execute(copied)["build_mlp"]((2, 2), 3).output_shape == (None, 3)


def test_a_loader_is_refused():
    with pytest.raises(ValueError, match="load_images cannot be copied alone"):
        copyable_source(find_helper("datasets.load_images"))


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("models.bild_mlp", r"did you mean models\.build_mlp"),
        ("build_mlp", r"did you mean models\.build_mlp\?"),
        ("plotting.build_mlp", r"did you mean models\.build_mlp\?"),
        ("xyzzy", r"known are .*models\.build_mlp, .*plotting\.plot_images"),
        ("cli.run", "belongs to the nnlab command"),
        ("datasets._files.locate", "no helper named"),
        ("", "no helper named ''"),
    ],
)
def test_an_unknown_name_is_refused_with_names_like_it(name, advice):
    with pytest.raises(ValueError, match=advice):
        find_helper(name)


def test_the_names_offered_can_be_copied():
    with pytest.raises(ValueError, match="known are") as error:
        find_helper("xyzzy")
    for name in str(error.value).split("known are ")[1].split(", "):
        assert copyable_source(find_helper(name))
