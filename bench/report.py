"""Writes the tables of README.md here, and draws the chart, from the results that were measured."""

import json
from pathlib import Path
from statistics import median

import matplotlib.pyplot as plt
import typer
from matplotlib.ticker import LogLocator, NullFormatter

HERE = Path(__file__).parent
BEGIN, END = "<!-- results: written by bench/report.py -->", "<!-- end of results -->"
NAMES = {
    "mlp": "MLP",
    "cnn": "CNN",
    "text": "text",
    "sampling": "text",
    "dcgan": "DCGAN",
    "streaming": "CNN from disk",
    "precision": "precision",
}
QUALITY = {
    "mlp": "test accuracy",
    "cnn": "test accuracy",
    "text": "held-out nats/character",
    "dcgan": "Fréchet distance",
}
TEXTS = {"text", "sampling"}  # characters, not images
COLORS = ["#0072B2", "#56B4E9", "#009E73", "#CC79A7"]  # nnlab's; a peer is orange


def trials_by_contestant(result):
    found = {}
    for trial in result["trials"]:
        found.setdefault(trial["contestant"], []).append(trial)
    return found


def round_seconds(trial):
    """Return the median seconds of a round; the first one, in which functions are compiled, is left out."""
    ends = [seconds for seconds, _ in trial["rounds"]]
    lengths = [after - before for before, after in zip([0, *ends], ends, strict=False)]
    return median(lengths[1:] or lengths)


def spread(values, form="{:,.0f}"):
    low, middle, high = (form.format(pick(values)) for pick in (min, median, max))
    return middle if len(values) == 1 else f"{middle} ({low}–{high})"


def throughput_table(result):
    """Return a table: examples per second, how they compare in each run, how near the matrix product's rate."""
    found = trials_by_contestant(result)
    rates = {
        name: [trial["examples"] / round_seconds(trial) for trial in trials]
        for name, trials in found.items()
    }
    first = next(iter(rates))
    flops = max(trial["flops"] for trial in result["trials"])
    unit = "characters/s" if TEXTS & {result["workload"], result["contest"]} else "images/s"
    title = f"**{NAMES[result['workload']]}, {result['contest']}**, {unit}"
    baseline = first.split(",")[0]
    lines = [
        f"| {title} | median (min–max) | {baseline} : it | of the matrix rate | peak memory |",
        "|" + " --- |" * 5,
    ]
    for name, values in rates.items():
        # an interrupted bench may leave the last run without its partner
        ratio = median(ours / theirs for ours, theirs in zip(rates[first], values, strict=False))
        share = f"{median(values) * flops / median(result['matrix_rate']):.0%}" if flops else "–"
        memory = median(trial["peak_mb"] for trial in found[name])
        lines.append(f"| {name} | {spread(values)} | {ratio:.2f}× | {share} | {memory:,.0f} MB |")
    return "\n".join(lines)


def seconds_table(result):
    found = trials_by_contestant(result)
    lines = ["| **start-up** | seconds, median (min–max) |", "| --- | --- |"]
    for name, trials in found.items():
        lines.append(f"| {name} | {spread([round_seconds(trial) for trial in trials], '{:.3f}')} |")
    return "\n".join(lines)


def quality_rows(result):
    """Return rows: what the peer reached in what time, and when each of ours was as good."""
    found = trials_by_contestant(result)
    *ours, peer = found
    best = max if "accuracy" in QUALITY[result["workload"]] else min
    runs = len(found[peer])
    reached = [best(quality for _, quality in trial["rounds"]) for trial in found[peer]]
    ends = [trial["rounds"][-1][0] for trial in found[peer]]
    if best is min:  # the time of its best round: it was let run on to know that it was the best
        ends = [
            next(s for s, q in trial["rounds"] if q == goal)
            for trial, goal in zip(found[peer], reached, strict=True)
        ]
    target = median(reached)
    rows = []
    for name in ours:
        times = [
            next((s for s, q in trial["rounds"] if best(q, target) == q), None)
            for trial in found[name]
        ]
        last = median(trial["rounds"][-1][1] for trial in found[name])
        when = "not reached" if None in times else f"{spread(times)} s"
        ratio = (
            "–"
            if None in times
            else f"1/{median(theirs / own for own, theirs in zip(times, ends, strict=True)):.1f}"
        )
        rows.append(
            f"| {NAMES[result['workload']]} | {peer}: {target:.4g} in {spread(ends)} s | "
            f"{name}: {last:.4g} at its end | {when} | {ratio} | {runs} |"
        )
    return rows


def draw(results, path):
    """Draw quality against wall time, one panel a workload."""
    figure, axes = plt.subplots(
        1, len(results), figsize=(3.6 * len(results), 4.6), layout="constrained", squeeze=False
    )
    for ax, result in zip(axes[0], results, strict=True):
        name = QUALITY[result["workload"]]
        found = trials_by_contestant(result)
        for (contestant, trials), color in zip(
            found.items(), [*COLORS[: len(found) - 1], "#D55E00"], strict=True
        ):
            for trial in trials:
                seconds, quality = zip(*trial["rounds"], strict=True)
                values = [100 * (1 - q) for q in quality] if "accuracy" in name else quality
                label = contestant if trial is trials[0] else None
                ax.plot(
                    seconds,
                    values,
                    color=color,
                    marker="o",
                    markersize=3,
                    linewidth=1.2,
                    label=label,
                )
        ax.set(
            xscale="log",
            yscale="log",
            xlabel="seconds of training",
            title=NAMES[result["workload"]],
        )
        ax.set_ylabel("wrong test images, %" if "accuracy" in name else name)
        ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        ax.xaxis.set_minor_formatter(NullFormatter())
        ax.xaxis.set_major_formatter("{x:g}")
        ax.yaxis.set_major_formatter("{x:g}")
        ax.yaxis.set_minor_formatter("{x:.2g}")
        ax.tick_params(axis="y", which="minor", labelsize=7)
        ax.grid(alpha=0.3, which="both")
        ax.legend(
            frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(0, -0.15)
        )  # below: lines are everywhere
    figure.savefig(path, dpi=110)
    plt.close(figure)


def replace_results(path, text):
    """Put a text between the two marks of a file."""
    before, rest = path.read_text(encoding="utf-8").split(BEGIN)
    path.write_text(f"{before}{BEGIN}\n{text}\n{END}{rest.split(END)[1]}", encoding="utf-8")


def main(results: Path = HERE / "results", readme: Path = HERE / "README.md"):
    found = {
        path.stem: json.loads(path.read_text(encoding="utf-8"))
        for path in sorted(results.glob("*.json"))
    }
    machine = next(iter(found.values()))["machine"]
    rate = median(rate for result in found.values() for rate in result["matrix_rate"])
    dates = sorted({result["date"] for result in found.values()})
    head = (
        f"{' to '.join(dict.fromkeys((dates[0], dates[-1])))}; {machine['processor']}, {machine['cores']} cores, "
        f"Python {machine['python']}, TensorFlow {machine['tensorflow']}, Keras {machine['keras']}, PyTorch "
        f"{machine['torch']}; float32 matrix product {rate / 1e9:.0f} billion operations per second."
    )
    quality = [found[f"{name}-quality"] for name in NAMES if f"{name}-quality" in found]
    rows = [row for result in quality for row in quality_rows(result)]
    titles = [
        "| | the peer's programme | ours | as good after | of its time | runs |",
        "|" + " --- |" * 6,
    ]
    parts = [head, "\n".join([*titles, *rows])]
    if quality:
        draw(quality, results / "quality.png")
        parts.append("![Quality against wall time, one panel a workload](results/quality.png)")
    rest = [result for name, result in found.items() if not name.endswith("-quality")]
    parts += [(seconds_table if r["workload"] == "startup" else throughput_table)(r) for r in rest]
    replace_results(readme, "\n\n".join(parts))


if __name__ == "__main__":
    typer.run(main)
