import functools

import numpy as np
import pytest

from nnlab import plotting


def test_history_draws_training_and_validation_against_epochs_from_1(helper):
    ax = helper(plotting.plot_history)({"loss": [3.0, 2.0, 1.5], "val_loss": [3.5, 2.5, 2.0]})
    assert [line.get_label() for line in ax.lines] == ["training", "validation"]
    np.testing.assert_array_equal(ax.lines[0].get_xdata(), [1, 2, 3])
    np.testing.assert_array_equal(ax.lines[1].get_ydata(), [3.5, 2.5, 2.0])
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("epoch", "loss")


def test_history_without_validation_draws_one_line(helper):
    assert len(helper(plotting.plot_history)({"accuracy": [0.5, 0.6]}, "accuracy").lines) == 1


def test_a_validation_metric_is_drawn_as_validation(helper, legend):
    history = {"loss": [3.0, 2.0], "val_loss": [3.5, 2.5]}
    ax = helper(plotting.plot_history)(history, "val_loss")
    both = helper(plotting.plot_history)(history)
    assert legend(ax) == ["validation"]
    np.testing.assert_array_equal(ax.lines[0].get_xydata(), both.lines[1].get_xydata())
    assert ax.lines[0].get_color() == both.lines[1].get_color()
    assert ax.get_ylabel() == "loss"


@functools.cache
def fit(validation_freq, epochs):
    """Return the history of a fit that validates now and then, and the epochs when it did."""
    import keras

    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(loss="mse")
    x = np.zeros((1, 1))
    validated = []
    seen = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: "val_loss" in logs and validated.append(epoch + 1)
    )
    history = model.fit(
        x,
        x,
        epochs=epochs,
        validation_data=(x, x),
        validation_freq=validation_freq,
        callbacks=[seen],
        verbose=0,
    )
    return history.history, validated


@pytest.mark.parametrize(("every", "epochs"), [(2, 4), (2, 5), (5, 5)])
def test_validations_stand_at_their_epochs_where_they_are_not_in_every_one(helper, every, epochs):
    history, validated = fit(every, epochs)
    for metric, line in (("loss", 1), ("val_loss", 0)):
        ax = helper(plotting.plot_history)(history, metric, validation_freq=every)
        assert ax.lines[line].get_xdata().tolist() == validated


@pytest.mark.parametrize("chosen", [[1, 5], (5, 1, 9), np.array([1, 5])])
def test_validations_stand_at_the_epochs_that_were_chosen(helper, chosen):
    history, validated = fit.__wrapped__([1, 5], 5)  # what is cached must be hashable
    assert validated == [1, 5]
    ax = helper(plotting.plot_history)(history, validation_freq=chosen)
    assert ax.lines[1].get_xdata().tolist() == validated
    with pytest.raises(ValueError, match="cannot place 2 validations among 5 epochs"):
        helper(plotting.plot_history)(history, validation_freq=[1, 2, 5])


def test_lengths_tell_how_often_there_was_a_validation_or_one_is_asked(helper):
    plot = helper(plotting.plot_history)
    ax = plot({"loss": [5, 4, 3, 2, 1], "val_loss": [4, 2]})
    assert ax.lines[1].get_xdata().tolist() == [2, 4]
    once = {"loss": [5, 4, 3, 2, 1], "val_loss": [3]}
    with pytest.raises(ValueError, match=r"cannot place 1 validations among 5 .* \[3, 4, 5\]"):
        plot(once)
    assert plot(once, validation_freq=4).lines[1].get_xdata().tolist() == [4]
    with pytest.raises(ValueError, match="pass validation_freq"):
        plot(once, validation_freq=2)


def test_a_loss_that_became_nan_is_a_gap(helper):
    ax = helper(plotting.plot_history)({"loss": [3.0, np.nan, 1.0], "val_loss": [2.0] * 3})
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), [3, np.nan, 1])
    ax.figure.canvas.draw()


def test_an_unknown_metric_is_refused_with_the_known_ones(helper):
    with pytest.raises(ValueError, match="no metric 'acc' in this history, only loss, accuracy"):
        helper(plotting.plot_history)({"loss": [1.0], "accuracy": [0.5]}, "acc")


@pytest.mark.parametrize(
    ("plot", "history", "message"),
    [
        (plotting.plot_history, {"loss": []}, "no epoch in this history of 'loss'"),
        (plotting.plot_history, {}, "no metric 'loss'"),
        (plotting.plot_gan_losses, {"loss": [1.0]}, "no metric 'generator_loss' .* only loss"),
        (
            plotting.plot_gan_losses,
            {"generator_loss": [1.0], "discriminator_loss": []},
            "no epoch in this history of 'discriminator_loss'",
        ),
        (plotting.plot_runs, {}, "got 0: draw some"),
        (plotting.plot_runs, {"Adam": []}, r"the runs of 'Adam' .* got shapes \[\]"),
        (plotting.plot_runs, {"Adam": [[]]}, r"got shapes \[\(0,\)\]"),
        (plotting.plot_runs, {"Adam": [1.0, 2.0]}, "put a single run into a list"),
        (plotting.plot_runs, {"Adam": [[1.0, 2.0], [1.0]]}, "cut them to the shortest"),
    ],
)
def test_curves_without_numbers_or_of_unlike_length_are_refused(helper, plot, history, message):
    with pytest.raises(ValueError, match=message):
        helper(plot)(history)


def test_gan_losses_are_drawn_beside_those_of_guessing(helper):
    ax = helper(plotting.plot_gan_losses)(
        {"generator_loss": [1.0, 2.0], "discriminator_loss": [1.2, 0.8]}
    )
    curves = {line.get_label(): list(line.get_ydata()) for line in ax.lines}
    assert (curves["generator"], curves["discriminator"]) == ([1.0, 2.0], [1.2, 0.8])
    levels = [line.get_ydata()[0] for line in ax.lines if line.get_label().startswith("_")]
    assert levels == pytest.approx([np.log(2), 2 * np.log(2)])


def test_runs_are_drawn_as_their_mean_within_their_range(helper, legend):
    runs = {"Adam": [[3.0, 2.0], [5.0, 1.0]], "SGD": [[4.0, 4.0], [4.0, 3.0]]}
    ax = helper(plotting.plot_runs)(runs, "validation loss")
    np.testing.assert_array_equal(ax.get_lines()[0].get_xydata(), [[1, 4.0], [2, 1.5]])
    np.testing.assert_array_equal(ax.get_lines()[1].get_xydata(), [[1, 4.0], [2, 3.5]])
    band = ax.collections[0].get_paths()[0].vertices
    assert set(map(tuple, band)) == {(1, 3), (1, 5), (2, 1), (2, 2)}
    assert ax.get_ylabel() == "validation loss"
    assert legend(ax) == ["Adam", "SGD"]
