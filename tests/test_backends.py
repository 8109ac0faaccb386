"""TensorFlow, JAX and PyTorch below Keras: the same steps on each, no other one imported."""

import importlib.util
import json
import os
import subprocess
import sys

import pytest

INSTALLED = [name for name in ("tensorflow", "jax", "torch") if importlib.util.find_spec(name)]

STEPS = """
import json
import keras
import numpy as np
from nnlab.models import DCGAN, build_discriminator, build_generator
from nnlab.models import dcgan

rng = np.random.default_rng(0)
images = rng.uniform(-1, 1, (16, 28, 28, 1)).astype("float32")
fixed = rng.normal(size=(16, 6)).astype("float32")
# Each backend draws its own numbers.
dcgan.keras.random.normal = lambda shape, seed: keras.ops.convert_to_tensor(fixed)
generator = build_generator((28, 28, 1), 6, filters=(4, 3))
gan = DCGAN(generator, build_discriminator((28, 28, 1), filters=(3, 4)))
for variable in gan.weights:
    if "variance" not in variable.path:
        variable.assign(rng.normal(0, 0.1, variable.shape))
gan.compile(
    generator_optimizer=keras.optimizers.SGD(0.05),
    discriminator_optimizer=keras.optimizers.Adam(1e-3, beta_1=0.5),
)
history = gan.fit(images, batch_size=16, epochs=3, shuffle=False, verbose=0).history
print(json.dumps({"backend": keras.backend.backend(), **history}))
"""

# The same three steps, each with two gradients written by hand in TensorFlow.
BY_HAND = {
    "generator_loss": [0.7283973, 0.7275691, 0.7292603],
    "discriminator_loss": [1.3736414, 1.3718653, 1.3676571],
    "real_probability": [0.4875969, 0.4891443, 0.4907523],
    "fake_probability": [0.4826824, 0.4830821, 0.4822658],
}

EVERYTHING = """
import json, pkgutil, importlib, sys
import numpy as np
import nnlab
for info in pkgutil.walk_packages(nnlab.__path__, "nnlab."):
    importlib.import_module(info.name)
import keras
from nnlab.notebook import RunRecord
model = nnlab.models.build_mlp((4, 4, 1), 3, units=(5,))
model.compile("adam", "sparse_categorical_crossentropy")
model.fit(np.zeros((8, 4, 4, 1)), np.zeros(8), verbose=0)
record = RunRecord(notebook="", dataset="", seed=0, metrics={}).as_dict()
from nnlab.cli import _machine as machine
lines = dict(machine.hardware())
print(json.dumps({"modules": [*sys.modules], "record": record, "lines": lines}))
"""


def run_on(backend, program):
    environment = os.environ | {"KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("backend", INSTALLED)
def test_a_gan_takes_the_steps_that_are_written_by_hand_on_every_backend(backend):
    found = run_on(backend, STEPS)
    assert found.pop("backend") == backend
    assert found.keys() == BY_HAND.keys()
    for name, values in BY_HAND.items():
        assert found[name] == pytest.approx(values, abs=1e-5), name
        assert values[0] != pytest.approx(values[2], abs=1e-4), f"{name} did not change"


@pytest.mark.parametrize("backend", INSTALLED)
def test_no_backend_is_imported_that_was_not_chosen(backend):
    found = run_on(backend, EVERYTHING)
    # Where JAX is installed, both TensorFlow and Keras import it themselves, whatever the backend.
    assert not ({"tensorflow", "torch"} - {backend}) & {*found["modules"]}
    assert found["record"]["versions"].keys() == {"python", "numpy", "keras", backend}
    assert found["record"]["device"].endswith(("cores", "GPU"))
    assert found["lines"]["backend"] == backend
    assert found["lines"]["devices"]
