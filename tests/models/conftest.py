"""What the tests of several networks share."""

import numpy as np
import pytest

from nnlab import models

SMALL = {
    "Transformer": {"width": 8, "heads": 2, "units": 12},
    "RecurrentTranslator": {"width": 8, "units": 12},
}


@pytest.fixture
def build_translator(helper):
    """Return a function that builds a small one for ids below 11, none of its weights even."""

    def build(kind, **settings):
        network = helper(getattr(models, kind))(11, **SMALL[kind] | settings)
        rng = np.random.default_rng(0)
        network.set_weights([rng.normal(0, 0.4, each.shape) for each in network.get_weights()])
        return network

    return build
