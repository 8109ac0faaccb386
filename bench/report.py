"""Writes the tables of README.md here, and draws the chart, from the results that were measured."""

import json
from pathlib import Path
from statistics import median

import matplotlib.pyplot as plt
import typer
from matplotlib.ticker import LogLocator, NullFormatter

HERE = Path(__file__).parent
BEGIN = "<!-- results: written by bench/report.py -->"
END = "<!-- end of results -->"
NAMES = {
    "mlp": "MLP",
    "cnn": "CNN",
    "text": "text",
    "sampling": "text",
    "levers": "a leaner GRU",
    "dcgan": "DCGAN",
    "unet": "U-Net",
    "detector": "detector",
    "translation": "Transformer",
    "transfer": "SqueezeNet's features",
    "streaming": "CNN from disk",
    "processes": "processes",
    "precision": "precision",
    "serving": "serving",
    "startup": "start-up",
    "loaders": "loading",
}
QUALITY = {
    "mlp": "test accuracy",
    "cnn": "test accuracy",
    "text": "held-out nats/character",
    "dcgan": "Fréchet distance",
}
UNITS = {  # of a workload or contest; others count images
    "text": "characters/s",
    "sampling": "characters/s",
    "levers": "characters/s",
    "translation": "tokens/s",
    "transfer": "photos/s",
    "detector": "photos/s",
}
COLORS = ["#0072B2", "#56B4E9", "#009E73", "#CC79A7"]  # nnlab's
PEER = "#D55E00"


def trials_by_contestant(result):
    found = {}
    for trial in result["trials"]:
        found.setdefault(trial["contestant"], []).append(trial)
    return found


def round_seconds(trial):
    """Return the median seconds of a round; the first, in which functions are compiled, is out."""
    ends = [seconds for seconds, _ in trial["rounds"]]
    lengths = [after - before for before, after in zip([0, *ends], ends, strict=False)]
    return median(lengths[1:] or lengths)


def spread(values, form="{:,.0f}"):
    low, middle, high = (form.format(pick(values)) for pick in (min, median, max))
    return middle if len(values) == 1 else f"{middle} ({low}–{high})"


def throughput_table(result):
    """Return a table: examples per second, the ratio in each run, the share of the matrix rate."""
    found = trials_by_contestant(result)
    rates = {}
    for name, trials in found.items():
        rates[name] = [trial["examples"] / round_seconds(trial) for trial in trials]
    first = next(iter(rates))
    flops = max(trial["flops"] for trial in result["trials"])
    unit = UNITS.get(result["workload"], UNITS.get(result["contest"], "images/s"))
    title = f"**{NAMES[result['workload']]}, {result['contest']}**, {unit}"
    baseline = first.split(",")[0]
    lines = [
        f"| {title} | median (min–max) | {baseline} : it | of the matrix rate | peak memory |",
        "|" + " --- |" * 5,
    ]
    for name, values in rates.items():
        ratio = median(ours / theirs for ours, theirs in zip(rates[first], values, strict=True))
        share = f"{median(values) * flops / median(result['matrix_rate']):.0%}" if flops else "–"
        memory = median(trial["peak_mb"] for trial in found[name])
        lines.append(f"| {name} | {spread(values)} | {ratio:.2f}× | {share} | {memory:,.0f} MB |")
    return "\n".join(lines)


def seconds_table(result):
    found = trials_by_contestant(result)
    title = NAMES[result["workload"]]
    if result["contest"] not in (result["workload"], "seconds"):
        title += f", {result['contest'].replace('-', ' ')}"
    lines = [f"| **{title}** | seconds, median (min–max) |", "| --- | --- |"]
    for name, trials in found.items():
        lines.append(f"| {name} | {spread([round_seconds(trial) for trial in trials], '{:.3f}')} |")
    return "\n".join(lines)


def load_table(result):
    """Return a table: answers a second, the ratio in each run, how long an answer takes."""
    found = trials_by_contestant(result)
    lines = [
        "| **serving, load** | answers/s, median (min–max) | nnlab : it | p50 | p95 | p99, ms "
        "| server's memory |",
        "|" + " --- |" * 7,
    ]
    for name, trials in found.items():
        rates = answer_rates(trials)
        ours = answer_rates(found[f"nnlab serve, {name.split(', ')[1]}"])
        ratio = median(first / second for first, second in zip(ours, rates, strict=True))
        cells = [name, spread(rates), f"{ratio:.1f}×"]
        cells += [f"{median_of(trials, share):.1f}" for share in ("p50", "p95", "p99")]
        cells.append(f"{median_of(trials, 'memory_mb'):,.0f} MB")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def faults_table(result):
    """Return a table: how long one client waits beside others, and what those are answered."""
    lines = [
        "| **serving, faults**: one client beside | p50 | p99, ms | the others' answers "
        "| server's memory |",
        "|" + " --- |" * 5,
    ]
    for name, trials in trials_by_contestant(result).items():
        answers = {}
        for trial in trials:
            for status, count in trial["statuses"].items():
                answers[status] = answers.get(status, 0) + count
        said = [f"{status}: {count:,}" for status, count in sorted(answers.items())]
        cells = [name, *(f"{median_of(trials, share):.1f}" for share in ("p50", "p99"))]
        cells += [", ".join(said).replace("None", "none yet") or "–"]
        cells.append(f"{median_of(trials, 'memory_mb'):,.0f} MB")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def answer_rates(trials):
    return [trial["examples"] / trial["rounds"][-1][0] for trial in trials]


def median_of(trials, fact):
    return median(trial[fact] for trial in trials)


def first_as_good(trial, target, best):
    """Return the seconds after which a trial was as good as the target, None where it never was.

    best: min or max, whichever of two qualities is better.
    """
    for seconds, quality in trial["rounds"]:
        if best(quality, target) == quality:
            return seconds
    return None


def quality_rows(result):
    """Return rows: what the peer reached in what time, and when each of ours was as good."""
    found = trials_by_contestant(result)
    *ours, peer = found
    best = max if "accuracy" in QUALITY[result["workload"]] else min
    reached = []
    ends = []
    for trial in found[peer]:
        goal = best(quality for _, quality in trial["rounds"])
        reached.append(goal)
        if best is max:
            ends.append(trial["rounds"][-1][0])
        else:  # the time of its best round: it was let run on to know that it was the best
            ends.append(first_as_good(trial, goal, best))
    target = median(reached)
    name_of_peer = f"{peer}: {target:.4g} in {spread(ends)} s"
    rows = []
    for name in ours:
        times = [first_as_good(trial, target, best) for trial in found[name]]
        last = median(trial["rounds"][-1][1] for trial in found[name])
        when = "not reached"
        share = "–"
        if None not in times:
            when = f"{spread(times)} s"
            ratios = [theirs / own for own, theirs in zip(times, ends, strict=True)]
            share = f"1/{median(ratios):.1f}"
        workload = NAMES[result["workload"]]
        result_of_ours = f"{name}: {last:.4g} at its end"
        cells = [workload, name_of_peer, result_of_ours, when, share, str(len(ends))]
        rows.append(f"| {' | '.join(cells)} |")
    return rows


def draw(results, path):
    """Draw quality against wall time, one panel a workload."""
    size = (3.6 * len(results), 4.6)
    figure, axes = plt.subplots(1, len(results), figsize=size, layout="constrained", squeeze=False)
    for ax, result in zip(axes[0], results, strict=True):
        draw_lines(ax, result)
        ax.set(xscale="log", yscale="log", title=NAMES[result["workload"]])
        ax.set_xlabel("seconds of training")
        ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        ax.xaxis.set_minor_formatter(NullFormatter())
        ax.xaxis.set_major_formatter("{x:g}")
        ax.yaxis.set_major_formatter("{x:g}")
        ax.yaxis.set_minor_formatter("{x:.2g}")
        low, high = ax.get_ylim()
        if high > 10 * low:
            ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            ax.yaxis.set_minor_formatter(NullFormatter())
        ax.tick_params(axis="y", which="minor", labelsize=7)
        ax.grid(alpha=0.3, which="both")
        # below: lines are everywhere
        ax.legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(0, -0.15))
    figure.savefig(path, dpi=110)
    plt.close(figure)


def draw_lines(ax, result):
    """Draw a line for each trial, one colour a contestant."""
    name = QUALITY[result["workload"]]
    found = trials_by_contestant(result)
    colors = [*COLORS[: len(found) - 1], PEER]
    for (contestant, trials), color in zip(found.items(), colors, strict=True):
        for trial in trials:
            seconds, values = zip(*trial["rounds"], strict=True)
            if "accuracy" in name:
                values = [100 * (1 - accuracy) for accuracy in values]
            label = contestant if trial is trials[0] else None
            style = {"marker": "o", "markersize": 3, "linewidth": 1.2}
            ax.plot(seconds, values, color=color, label=label, **style)
    ax.set_ylabel("wrong test images, %" if "accuracy" in name else name)


def replace_results(path, text):
    """Put a text between the two marks of a file."""
    before, rest = path.read_text(encoding="utf-8").split(BEGIN)
    path.write_text(f"{before}{BEGIN}\n{text}\n{END}{rest.split(END)[1]}", encoding="utf-8")


def head(found):
    """Return when and where the results were measured."""
    machine = next(iter(found.values()))["machine"]
    rates = []
    for result in found.values():
        rates += result["matrix_rate"]
    dates = sorted({result["date"] for result in found.values()})
    period = " to ".join(dict.fromkeys((dates[0], dates[-1])))
    return (
        f"{period}; {machine['processor']}, {machine['cores']} cores, "
        f"Python {machine['python']}, TensorFlow {machine['tensorflow']}, "
        f"Keras {machine['keras']}, PyTorch {machine['torch']}; "
        f"float32 matrix product {median(rates) / 1e9:.0f} billion operations per second."
    )


def highlights(found):
    """Return the results in a few sentences, as a Markdown list."""
    items = []
    for name in NAMES:
        if result := found.get(f"{name}-quality"):
            items.append(fastest_to_quality(result))
    beside = []
    for key, result in found.items():
        if "throughput" in key and "PyTorch" in str(trials_by_contestant(result)):
            beside.append(f"{title_of(result)} {spread_of_ratios(result, 'PyTorch')}")
    if beside:
        items.append(
            f"The same network in nnlab, times as fast as in PyTorch by hand: {'; '.join(beside)}."
        )
    if result := found.get("sampling-sampling"):
        ratios = spread_of_ratios(result, "tutorial's loop", ours="nnlab, the same network")
        items.append(f"Text is written {ratios} times as fast as by the tutorial's loop.")
    for name in ("tutorial", "notebook-03"):
        if result := found.get(f"levers-{name}"):
            changes = ("inputs looked up", "gradients summed", "both")
            gains = [spread_of_ratios(result, "Keras' GRU", ours=ours) for ours in changes]
            items.append(
                f"A GRU of {result['trials'][0]['units']:,} units would train {gains[0]} times as "
                f"fast as Keras' with its inputs looked up in a table, {gains[1]} times with the "
                f"gradients of its recurrent weights summed in one product, {gains[2]} with both."
            )
    if result := found.get("processes-speed"):
        gains = [
            spread_of_ratios(result, f"{name}, 1 process", ours=f"{name}, 2 processes")
            for name in ("nnlab", "PyTorch")
        ]
        ahead = spread_of_ratios(result, "nnlab, 2 processes", ours="PyTorch, 2 processes")
        items.append(
            f"Two processes on two cores train {gains[0]} times as fast as one on one core by "
            f"`nnlab launch`, {gains[1]} times by PyTorch, whose two are {ahead} times as fast."
        )
    if result := found.get("streaming-memory"):
        few, many = (peak_memory(result, f"stream_records, {times}×") for times in (1, 20))
        less, more = (peak_memory(result, f"in memory, {times}×") for times in (1, 20))
        items.append(
            "With 20 times the images, memory grows "
            f"from {few:,.0f} to {many:,.0f} MB from record files on a disk, "
            f"and from {less:,.0f} to {more:,.0f} MB in memory."
        )
    if result := found.get("serving-load"):
        ours, theirs = (
            median_of(trials_by_contestant(result)[f"{name}, 1 client"], "p50")
            for name in ("nnlab serve", "Keras in FastAPI")
        )
        items.append(
            f"A digit is answered within {ours:.1f} ms by `nnlab serve`, "
            f"within {theirs:.0f} ms by Keras in FastAPI (medians, one client)."
        )
    if result := found.get("serving-memory"):
        items.append(steadiness(result["trials"][0]))
    return "\n".join(f"* {item}" for item in items)


def steadiness(trial):
    """Return in a sentence how a server's memory changes while it is asked."""
    seconds, _ = trial["rounds"][-1]
    memory = trial["memory_mb"]
    return (
        f"While eight clients ask `nnlab serve` for {seconds / 60:.0f} minutes "
        f"({trial['examples']:,} answers), its memory is {memory[0]:,} MB at the beginning, "
        f"{memory[-1]:,} MB at the end, {max(memory):,} MB at most."
    )


def fastest_to_quality(result):
    """Return in a sentence which of our contestants is as good as the peer in the least time."""
    shares = {}
    for row in quality_rows(result):
        workload, peer, ours, _, share, _ = (cell.strip() for cell in row.strip("| ").split("|"))
        if share != "–":
            shares[float(share.removeprefix("1/"))] = (peer, ours, share)
    if not shares:
        return f"**{workload}**: nnlab is never as good as its peer."
    peer, ours, share = shares[max(shares)]
    their_name, _, reached = peer.partition(": ")
    theirs = f"{in_brackets(their_name)[:-1]}: {reached.split(' in ')[0]})"
    mine = in_brackets(ours.partition(": ")[0])
    return f"**{workload}**: {mine} is as good as {theirs} after {share} of its time."


def in_brackets(name):
    """Return "nnlab, 2 epochs" as "nnlab (2 epochs)"."""
    first, _, rest = name.partition(", ")
    return f"{first} ({rest})"


def title_of(result):
    name = NAMES[result["workload"]]
    kind = result["contest"].removeprefix("throughput").strip("-")
    return f"**{name}** ({kind})" if kind else f"**{name}**"


def spread_of_ratios(result, peer, ours="nnlab"):
    """Return how many times as fast ours is as the contestants whose names begin so, as text."""
    found = trials_by_contestant(result)
    rates = {}
    for name, trials in found.items():
        rates[name] = [trial["examples"] / round_seconds(trial) for trial in trials]
    ratios = []
    for name, values in rates.items():
        if name.startswith(peer):
            ratios.append(median(a / b for a, b in zip(rates[ours], values, strict=True)))
    ends = dict.fromkeys(f"{pick(ratios):.1f}" for pick in (min, max))
    return " to ".join(ends)


def peak_memory(result, name):
    return median(trial["peak_mb"] for trial in trials_by_contestant(result)[name])


def text_of(found):
    """Return all that stands between the two marks of README.md."""
    quality = [found[f"{name}-quality"] for name in NAMES if f"{name}-quality" in found]
    rows = [
        "| | the peer's programme | ours | as good after | of its time | runs |",
        "|" + " --- |" * 6,
    ]
    for result in quality:
        rows += quality_rows(result)
    parts = [head(found), highlights(found), "\n".join(rows)]
    if quality:
        parts.append("![Quality against wall time, one panel a workload](results/quality.png)")
    for name, result in found.items():
        if not name.endswith(("-quality", "serving-memory")):
            table = TABLES.get(name, TABLES.get(result["workload"], throughput_table))
            parts.append(table(result))
    return "\n\n".join(parts)


TABLES = {
    "startup": seconds_table,
    "loaders": seconds_table,
    "serving-load": load_table,
    "serving-faults": faults_table,
}


def read_results(folder=HERE / "results"):
    """Return the results by the names of their files, without a last run that is unfinished."""
    found = {}
    for path in sorted(folder.glob("*.json")):
        result = json.loads(path.read_text(encoding="utf-8"))
        runs = min(map(len, trials_by_contestant(result).values()))
        result["trials"] = [trial for trial in result["trials"] if trial["run"] < runs]
        found[path.stem] = result
    return found


def main(results: Path = HERE / "results", readme: Path = HERE / "README.md"):
    found = read_results(results)
    quality = [found[f"{name}-quality"] for name in NAMES if f"{name}-quality" in found]
    if quality:
        draw(quality, results / "quality.png")
    replace_results(readme, text_of(found))


if __name__ == "__main__":
    typer.run(main)
