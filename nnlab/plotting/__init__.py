"""Plots: each draws on the Axes given, or on a new figure, and returns the Axes.

They are sized for a page 900 pixels wide; their colours (blue, orange, grey) stay apart for colour-blind readers.
"""

from nnlab.plotting.classification import (
    plot_calibration,
    plot_confusion_matrix,
    plot_mistakes,
    plot_precision_recall,
    plot_roc,
)
from nnlab.plotting.convolutions import plot_feature_maps, plot_filters
from nnlab.plotting.curves import plot_gan_losses, plot_history, plot_runs
from nnlab.plotting.images import animate_images, plot_images
from nnlab.plotting.latent import plot_codes
from nnlab.plotting.surfaces import plot_decision_regions, plot_loss_surface
from nnlab.plotting.texts import plot_texts

__all__ = [
    "animate_images",
    "plot_calibration",
    "plot_codes",
    "plot_confusion_matrix",
    "plot_decision_regions",
    "plot_feature_maps",
    "plot_filters",
    "plot_gan_losses",
    "plot_history",
    "plot_images",
    "plot_loss_surface",
    "plot_mistakes",
    "plot_precision_recall",
    "plot_roc",
    "plot_runs",
    "plot_texts",
]
