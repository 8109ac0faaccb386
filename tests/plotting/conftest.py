"""Figures are closed after each test; what several files look at is found here."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from nnlab import plotting

NAMES = ("coat", "_unknown_", "$5 to $6")


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


@pytest.fixture
def images():
    return np.random.default_rng(0).integers(0, 256, (7, 8, 6, 1), dtype=np.uint8)


@pytest.fixture
def texts():
    """Return a function that lists the texts drawn inside Axes."""
    return lambda ax: [text.get_text() for text in ax.texts]


@pytest.fixture
def legend():
    """Return a function that lists the names in the legend of Axes."""
    return lambda ax: [text.get_text() for text in ax.get_legend().get_texts()]


@pytest.fixture
def names():
    """Return three names of classes, two of which Matplotlib would treat in a way of its own."""
    return NAMES


@pytest.fixture
def calls():
    """Return small arguments for every plot: function → dict; four examples of three classes."""
    y_true = np.array([0, 1, 2, 1])
    points = np.array([[0, 0], [1, 2], [2, 1], [3, 3]])
    images = np.random.default_rng(0).integers(0, 256, (4, 6, 5), dtype=np.uint8)
    answers = {
        "y_true": y_true,
        "probabilities": np.array(
            [[0.8, 0.1, 0.1], [0.2, 0.7, 0.1], [0.6, 0.3, 0.1], [0.5, 0.4, 0.1]]
        ),
    }
    named = {**answers, "class_names": NAMES}
    path = np.array([[0.5, 0.5], [0, 0]])
    runs = np.array([[2, 1]])
    plane = {"loss": np.hypot, "x_range": (-1, 1), "y_range": (-1, 1)}
    return {
        plotting.animate_images: {"frames": images[None], "captions": ["first"], "columns": 2},
        plotting.plot_boxes: {"image": images[0], "boxes": [[1, 1, 4, 3]], "captions": ["0.9"]},
        plotting.plot_calibration: answers,
        plotting.plot_confusion_matrix: {
            "y_true": y_true,
            "y_pred": y_true[::-1],
            "class_names": NAMES,
        },
        plotting.plot_decision_regions: {
            "classify": lambda x: x[:, 0] > 1,
            "x": points,
            "y_true": y_true,
        },
        plotting.plot_diagram: {
            "boxes": {name: (place, 0) for place, name in enumerate(NAMES[:2])},
            "arrows": [(*NAMES[:2], "then")],
        },
        plotting.plot_feature_maps: {"maps": images},
        plotting.plot_filters: {"kernel": np.ones((3, 3, 1, 2))},
        plotting.plot_gan_losses: {"history": {"generator_loss": [1], "discriminator_loss": [1]}},
        plotting.plot_history: {"history": {"$a$": [1, 2]}, "metric": "$a$"},
        plotting.plot_images: {"images": images, "labels": [*NAMES, "bag"]},
        plotting.plot_latent_codes: {"codes": points, "y_true": y_true, "class_names": NAMES},
        plotting.plot_loss_surface: {**plane, "paths": dict.fromkeys(NAMES, path)},
        plotting.plot_mistakes: {"images": images, **named},
        plotting.plot_network: {"sizes": (9, 4, 1)},
        plotting.plot_outlines: {"image": images[0], "labels": images[0] > 9},
        plotting.plot_precision_recall: named,
        plotting.plot_roc: named,
        plotting.plot_runs: {"runs": dict.fromkeys(NAMES, runs), "metric": "$a$"},
        plotting.plot_texts: {"texts": dict.fromkeys(NAMES, "for $5, not $6")},
    }
