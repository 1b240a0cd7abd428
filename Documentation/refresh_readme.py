"""Writes the parts of README.md that come from elsewhere: the snippets, a run of the main job, and the figures; and the measured
column of the article on the LSTM family, and the studies in odyssey.md.

    python3 Documentation/refresh_readme.py            after `swift build -c release --product recurrent`
    python3 Documentation/refresh_readme.py --figures  leaves out the run of the main job
    python3 Documentation/refresh_readme.py --check    says what is out of date; runs nothing

The run of the main job is only shown again when the program is there; the check leaves it alone, because the figures of a
run belong to the machine that made it.
"""

import argparse
import json
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile

root = pathlib.Path(__file__).resolve().parent.parent
readme = root / "README.md"
studies = root / "Documentation/odyssey.md"
article = root / "Sources/Recurrent/Recurrent.docc/TheLSTMFamily.md"
program = root / ".build/release/recurrent"


def block(text, name, body):
    """The text with what stands between the marks of `name` replaced."""
    pattern = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end -->)", re.DOTALL)
    if not pattern.search(text):
        sys.exit(f"there are no marks for '{name}'")
    return pattern.sub(lambda match: match.group(1) + body + match.group(2), text)


def snippets(text):
    """The Swift blocks, each replaced by the snippet whose first declaration it shares."""
    files = [path.read_text() for path in sorted((root / "Snippets").glob("*.swift"))]

    def heading(code):
        return [line for line in code.splitlines() if line and not line.startswith("import")][0]

    by_heading = {heading(code): code for code in files}

    def replaced(match):
        return "```swift\n" + by_heading.get(heading(match.group(1)), match.group(1)) + "```\n"

    return re.sub(r"```swift\n(.*?)```\n", replaced, text, flags=re.DOTALL)


def fenced(text):
    return "```text\n" + text.strip("\n") + "\n```\n"


def run(text):
    """What the main job says and prints, with the lines that the README leaves out marked by dots."""
    with tempfile.TemporaryDirectory() as folder:
        job = subprocess.run(
            [program, "forecast", root / "Examples/data/sunspots.csv", "--horizon", "11"], cwd=folder,
            capture_output=True, text=True, check=True, env={"LANG": "C.UTF-8", "COLUMNS": "80"})
    talk = job.stderr.replace(str(root) + "/", "").splitlines()
    progress = [line for line in talk if line.startswith("training")]
    kept = [line for line in talk if not line.startswith("training")] + progress[:1] + ["…"]
    # A run that ends before its second line of progress has no other.
    kept += progress[-1:] if len(progress) > 1 else []
    return block(block(text, "talk", fenced("\n".join(kept))), "results", fenced(job.stdout))


def link(path, root=""):
    return f"[{path.name}]({root}Benchmarks/results/{path.name})"


def spread(values, digits=3):
    """The median of some runs, with the least and the greatest where there are several."""
    values = sorted(values)
    middle = f"{statistics.median(values):.{digits}f}"
    return middle if len(values) == 1 else f"{middle} ({values[0]:.{digits}f} to {values[-1]:.{digits}f})"


def table(head, rows):
    return "\n".join(["| " + " | ".join(row) + " |" for row in [head, ["---"] * len(head)] + rows]) + "\n"


def accuracy(path):
    """How good forecasts with default options are: each task with the median, least and greatest of its seeds."""
    data = json.loads(path.read_text())
    tasks = {}
    for run in data["runs"]:
        tasks.setdefault(run["task"], []).append(run)
    rows, others = [], []
    for task, runs in tasks.items():
        seeds = str(len(runs))
        if "model" in runs[0]:
            # Naive forecasts do not depend on a seed.
            rivals = [f"{runs[0][name]['mase']:.3f}" for name in ("naive", "seasonal_naive", "drift")]
            model = spread([run["model"]["mase"] for run in runs])
            rows.append([task, model, *rivals, spread([run["model"]["coverage_80"] for run in runs], 2), seeds])
        else:
            names = [name for name in ("mse", "mae", "owa", "smape", "mase", "coverage_80") if name in runs[0]]
            values = [f"{name} {spread([run[name] for run in runs])}" for name in names]
            others.append([task, ", ".join(values), seeds])
    text = (
        f"**Accuracy of the default forecaster** ({link(path)}), {data['cpu']}, {data['cores']} processors: the median over "
        "seeds,\nand the range where there are several.\n\n")
    if rows:
        head = ["Series and horizon", "MASE", "Naive", "Seasonal Naive", "Drift", "In the 80 % band", "Seeds"]
        text += table(head, rows) + "\n"
    if others:
        text += table(["Data set and horizon", "Scores on the test part", "Seeds"], others)
    return text.rstrip("\n") + "\n"


def protocol(path):
    """The speed protocol: the named points, the worst ratio first, and the means over the drawn ones."""
    data = json.loads(path.read_text())
    peers = [f"{name} {peer[name]}" for name, peer in data["peers"].items() if name in peer]
    text = (
        f"**Speed beside other libraries** ({link(path)}), {data['instruction_set']}, {data['cpu']}, {data['cores']} processors: "
        f"the time of the fastest of {', '.join(peers)}\nover ours, on the same threads, in interleaved rounds, the worst ratio "
        "first. A ratio above 1 means that this package is faster.\n\n"
        "![The ratio at every point](Documentation/speed.svg)\n\n")
    means = [
        f"{name}: {entry['geometric_mean']:.2f} (least {entry['least']:.2f})"
        for name, entry in data["summary"].items() if "geometric_mean" in entry]
    if means:
        text += (
            "Geometric mean over the points of [shapes.json](Benchmarks/shapes.json) that were drawn before anything was "
            "measured:\n" + "; ".join(means) + ".")
        beside = {name for point in data["points"] if point["name"].startswith("drawn") for name in point["forms"]}
        if beside != {name for point in data["points"] for name in point["forms"]}:
            text += f" They were measured beside\n{' and '.join(sorted(beside))} alone."
        text += "\n\n"
    errors = [(data["summary"].get(f"{kind}_error_over_best_peer"), name) for kind, name in
              (("rms", "Root mean square"), ("greatest", "Greatest"))]
    if all(entry for entry, _ in errors):
        text += "Error against float64 over that of the same peer, below 1 nearer than it. " + " ".join(
            f"{name}: {entry['median']:.2f} in\nthe median of {entry['points']} measurements, {entry['greatest']:.2f} at most, above 1 "
            f"in {entry['above_one']}." for entry, name in errors) + "\n\n"
    rows = []
    for point in data["points"]:
        # Every named point, and of the drawn ones those that are lost.
        if point["name"].startswith("drawn") and point["ratio"]["median"] >= 1:
            continue
        shape = ", ".join(str(point["point"][letter]) for letter in "TBIH")
        low, high = point["ratio"]["interval95"]
        rows.append([
            point["name"], shape, point["mode"], str(point["threads"]),
            f"{point['seconds']['ours']['median'] * 1000:.3f} ms", point["best_peer"],
            f"{point['ratio']['median']:.2f} ({low:.2f} to {high:.2f})", f"{100 * point['share_of_floor']:.0f} % {point['floor']}"])
    head = ["Point", "T, B, I, H", "What", "Threads", "This package", "Best peer", "Ratio (95 %)", "Of the floor"]
    return text + table(head, rows)


def survival(path):
    """Killed and resumed runs."""
    data = json.loads(path.read_text())
    return (
        f"**Survival** ({link(path)}): {data['runs']} runs were killed {data['kills']} times at random moments and resumed. "
        f"{data['identical']} of {data['runs']} ended\nwith the bits of an undisturbed run; {data['lost_checkpoints']} "
        "committed checkpoints were lost.\n")


def startup(path):
    """How soon the program answers."""
    data = json.loads(path.read_text())

    def time(name):
        return f"{data[name]['median_ms']:.0f} ms (90 %: {data[name]['p90_ms']:.0f} ms)"

    return (
        f"**Start** ({link(path)}), median of {data['runs']}: `--help` after {time('help')}, the first line of a run after "
        f"{time('first_output')}.\n")


# What the rows of the article's table are called among the catalogue's names.
MEMBERS = {
    "Standard (NP)": "lstm", "Vanilla": "lstm-peephole", "All gates see the cell before": "lstm-peephole-previous",
    "Wikipedia's peephole LSTM": "lstm-peephole-wikipedia", "NIG": "lstm-nig", "NFG": "lstm-nfg", "NOG": "lstm-nog",
    "NIAF": "lstm-niaf", "NOAF": "lstm-noaf", "CIFG, f = 1 − i": "lstm-cifg", "CIFG, i = 1 − f": "lstm-cifg-input",
    "FGR": "lstm-fgr", "1997": "lstm-1997", "Blocks with peepholes": "lstm-blocks", "Recurrent projection": "lstm-projected",
    "LSTMP": "lstm-projected-both", "Layer-norm LSTM": "lstm-layer-norm", "Zoneout": "lstm-zoneout",
    "Recurrent dropout without memory loss": "lstm-recurrent-dropout", "Variational dropout": "lstm-variational",
    "GRU, reset after": "gru", "GRU, reset before": "gru-reset-before", "Elman RNN": "rnn",
    "MGU": "mgu", "sLSTM, K heads": "slstm", "minLSTM": "min-lstm", "minGRU": "min-gru",
}


def costs(text):
    """The article's table with the measured cost of a training step, on one thread, where there is one."""
    path = root / "Benchmarks/results/lstm-family.json"
    if not path.exists():
        return text
    measured = json.loads(path.read_text())["runs"][0]["members"]
    lines = text.splitlines()
    for index, line in enumerate(lines):
        cells = line.split(" | ")
        name = MEMBERS.get(cells[0].removeprefix("| "))
        if len(cells) == 5 and name in measured:
            lines[index] = " | ".join(cells[:4] + [f"{measured[name]['training_ratio']:.2f} |"])
    return "\n".join(lines) + "\n"


def family(path):
    """What members of the family cost beside the standard LSTM."""
    data = json.loads(path.read_text())
    shape = data["runs"][0]["shape"]
    text = (
        f"**Cost of each member of the family** ({link(path)}), {data['cpu']}, {data['cores']} processors: time over that of the "
        f"standard LSTM,\nmedian of {data['runs'][0]['rounds']} interleaved rounds; T = {shape['time_steps']}, "
        f"B = {shape['batch']}, I = H = {shape['hidden']}. Load of the machine meanwhile: "
        + ", ".join(f"{max(run['load']):.1f}" for run in data["runs"]) + ".\n\n")
    head = ["Member", "Parameters"]
    for run in data["runs"]:
        head += [f"Training, {run['threads']} thread" + "s" * (run["threads"] > 1), "Forward"]
    rows = []
    for name in data["runs"][0]["members"]:
        row = [name, f"{data['runs'][0]['members'][name]['parameters']:,}"]
        for run in data["runs"]:
            row += [f"{run['members'][name][kind]:.2f}" for kind in ("training_ratio", "forward_ratio")]
        rows.append(row)
    return text + table(head, rows)


def long_lags(path):
    """The classic tasks of long time lags: seeds solved, and after how many sequences."""
    groups = {}
    for line in path.read_text().splitlines():
        run = json.loads(line)
        groups.setdefault((run["name"], run["cell"], run["hidden"], run["patience"]), []).append(run)
    rows = []
    for (name, cell, hidden, patience), runs in groups.items():
        solved = [run["solved_after_sequences"] for run in runs if run["solved_after_sequences"] is not None]
        after = f"{int(statistics.median(solved)):,}" if solved else f"not within {patience:,}"
        counts = [run["counts_to"] for run in runs if run["counts_to"] is not None]
        if counts:
            after += f"; right up to n = {', '.join(str(n) for n in sorted(counts))}"
        rows.append([name, cell, str(hidden), f"{len(solved)} of {len(runs)}", after])
    return (
        f"**Long time lags** ({link(path)}, curves in [Documentation/Figures](Documentation/Figures)): seeds from which a task was "
        "solved, and the median number of\nsequences that took.\n\n"
        + table(["Task", "Cell", "H", "Solved", "Sequences"], rows))


def moving_mnist(path):
    """Frames foretold."""
    data = json.loads(path.read_text())
    rows = [
        [name, f"{data[key]['mse']:.1f}", f"{data[key]['parameters']:,}" if "parameters" in data[key] else "–"]
        for name, key in [
            ("ConvLSTM", "conv_lstm"), ("fully connected LSTM", "fc_lstm"), ("copy of the last frame", "copy_last")]]
    return (
        f"**Moving MNIST** ({link(path)}), ten frames seen, ten foretold: squared error a frame of 64 × 64 pixels, summed, mean "
        "over 10,000 fixed test\nsequences. [The picture](Documentation/moving-mnist.svg).\n\n"
        + table(["Model", "MSE a frame", "Parameters"], rows))


def scores(found):
    """What a recipe came to, by its task: the figures that its field looks at."""
    def share(value):
        return f"{100 * value:.1f} %"

    task = found.get("task")
    if task == "language":
        text = found["texts"][0]
        adapted = found.get("loss_with_dynamic_evaluation")
        if text["characters"] - text["tokens"] in (0, 1):
            more = f", {adapted:.3f} with dynamic evaluation" if adapted else ""
            return f"{text['loss']:.3f} nats a character{more}"
        ngrams = found.get("kneser_ney_perplexity")
        return f"perplexity {text['perplexity']:.1f}" + (f"; Kneser-Ney 5-grams {ngrams:.1f}" if ngrams else "")
    if task == "tag":
        last = found["files"][-1]
        if "spans" in last:
            return f"span F1 {share(last['spans']['micro']['f1'])}"
        return f"accuracy {share(last['accuracy'])}"
    if task == "translate":
        if "bleu" in found:
            return f"BLEU {found['bleu']:.1f}"
        return f"{share(found['word_error_rate'])} of the phonemes wrong, {share(found['wrong_answers'])} of the words"
    if task == "transcribe":
        speakers = "mean_wer" in found
        return (f"word error rate {100 * found['mean_wer' if speakers else 'median_wer']:.2f} %, "
                + (f"mean of {found['runs']} speakers left out" if speakers else f"median of {found['runs']} seeds"))
    if task == "music":
        parts = [f"{name}: {found[name]['test']['loss']:.2f} nats a frame"
                 + (f", mean of {found[name]['runs']} seeds" if found[name]["runs"] > 1 else "")
                 for name in ("independent", "vanilla", "joint") if name in found]
        return "; ".join(parts)
    if task in ("classify-signals", "classify-clips"):
        return f"accuracy {share(found['accuracy'])}, macro F1 {share(found['macro_f1'])}, median of {found['runs']} seeds"
    if task == "tag-records":
        parts = [f"{name} {share(one['sensitivity'])} and {share(one['precision'])}" if one["precision"] is not None
                 else f"{name} {share(one['sensitivity'])}" for name, one in found["classes"].items()]
        return "sensitivity and precision of beats: " + ", ".join(parts)
    if "rmse_capped" in found:
        return (f"RMSE {found['rmse_capped']:.2f} with lives capped at {found['cap']:.0f}, {found['rmse']:.2f} uncapped, "
                f"median of {found['runs']} seeds")
    if task == "classify":
        parts = [
            ("" if name == "test" else name.replace("_", " ") + ": ") + "accuracy " + share(part["accuracy"])
            + (f", mean of {part['runs']} seeds" if part["runs"] > 1 else "")
            for name, part in found.items() if isinstance(part, dict) and "accuracy" in part]
        return "; ".join(parts)
    return None


def recipes(paths):
    """The recipes below Examples that say what their task came to."""
    rows = []
    for path in paths:
        data = json.loads(path.read_text()) if path.suffix == ".json" else None
        if not isinstance(data, dict) or "figures" not in data:
            continue
        result = scores(data["figures"])
        if result:
            command = next(word.rstrip(",") for word in data["command"].split() if word.startswith("Examples/"))
            minutes = f"{max(1, round(data['training_seconds'] / 60))} min"
            note = data.get("training_note")
            rows.append([f"[{path.stem}]({command})", data["data"].split(":")[0], result + f" ({link(path)})",
                         minutes + ("\\*" if note else "")])
    return (
        "**The recipes below [Examples](Examples/README.md)**, judged on the parts that the data sets give for it, or that "
        "their scripts hold out. \\*: in the background of\nother work; the file says how.\n\n"
        + table(["Recipe", "Data", "Figure", "Training"], rows))


def generation(path):
    """Tokens a second at batch 1, by the format of the weights."""
    rows = []
    for model in json.loads(path.read_text()):
        times = model["times_faster"]
        for name, ratio in times.items():
            weights = name.removeprefix("recurrent").strip() or "float32"
            rows.append([
                f"{model['layers']} × {model['hidden']}, {model['vocabulary']:,} tokens", weights,
                f"{model['tokens_per_second'][name]:,}", f"{ratio['torch']:.1f}", f"{ratio['onnxruntime']:.1f}"])
    return (
        f"**Generation** ({link(path)}): tokens a second one at a time on one thread, and how many times PyTorch's and ONNX Runtime's, "
        "whose weights are float32.\nThe weights are read anew for each token, so that fewer bits are faster.\n\n"
        + table(["Language model", "Weights", "Tokens/s", "× PyTorch", "× ONNX Runtime"], rows))


def ctc(path):
    """Temporal classification beside PyTorch's."""
    rows = [[f"{row['classes']:,}", str(row["batch"]), f"{row['times_faster']:.1f}",
             f"{row['mebibytes']['recurrent']:.1f} / {row['mebibytes']['torch']:.1f}"]
            for row in json.loads(path.read_text())["points"]]
    return (
        f"**CTC** ({link(path)}): loss and gradient of 150 frames and 40 labels on one thread, how many times PyTorch's speed, and MiB "
        "of memory of both.\n\n" + table(["Classes", "Batch", "× PyTorch", "Memory"], rows))


def sound(path):
    """Features and resampling beside other libraries."""
    rows = [[point["name"], f"{point['times_real_time']:,}", point["peer"], f"{point['ratio']:.2f}"]
            for point in sorted(json.loads(path.read_text())["points"], key=lambda point: point["ratio"])]
    return (
        f"**Sound** ({link(path)}): seconds of sound read in a second by one thread, and that beside a peer. What is slower stands first.\n\n"
        + table(["What", "× real time", "Peer", "Times its speed"], rows))


def rewards(paths):
    """What was learned without labels."""
    rows = []
    for path in paths:
        data = json.loads(path.read_text())
        found = data["figures"]
        if path.stem == "double_pole":
            names = {
                "cma": "CMA-ES", "lstm": "CMA-ES, an LSTM", "velocities": "CMA-ES", "neat": "NEAT", "neat_lstm": "NEAT with LSTM nodes",
                "memetic": "CMA-ES with gradient steps of the best", "gradient": "gradient steps from random starts"}
            for name, run in found.items():
                if isinstance(run, dict) and "mean_evaluations" in run:
                    rows.append([
                        f"[{run['environment']}]({data['command'].split()[0]}), {names[name]}",
                        f"{run['mean_evaluations']:,.0f} evaluations in the mean, {run['median_evaluations']:,.0f} in the median, "
                        f"{run['solved']} of {run['seeds']} seeds solved, {run['mean_seconds']:.1f} s each",
                        link(path)])
        else:
            run = found["runs"][0]
            rows.append([
                f"{run['environment']}, {run['algorithm']}, {run['cell']}",
                f"return {found['mean_return']:.1f} in the mean of {found['seeds']} seeds, {found['least_return']:.1f} the least; "
                f"{found['mean_steps']:,.0f} steps", link(path)])
    learner, population = (root / "Benchmarks/results" / name for name in ("policy_gradient.json", "population.json"))
    speed, steps = json.loads(learner.read_text()), json.loads(population.read_text())
    best = max(steps["rows"], key=lambda row: row["jax"])
    return (
        "**Without labels**: policies are judged on 100 episodes of each seed's own.\nRecurrent PPO learns from "
        f"{sum(speed['recurrent']) / len(speed['recurrent']):,.0f} steps a second on one thread, {speed['ratio']:.1f} times sb3-contrib's "
        f"({link(learner)}).\nA population of LSTM policies with 32 units takes {best['recurrent'] / 1e6:.1f} million steps a second on one "
        f"thread, {steps['ratio']:.1f} times JAX's `vmap` of `scan` ({link(population)}).\n\n"
        + table(["Task", "Figure", "File"], rows))


def study(path):
    """A study of cells: what each came to, and what the report says."""
    found = json.loads(path.read_text())
    data = found["figures"]
    tests = {test["variant"]: test for test in data["tests"] if test["sample"] != "best tenth"}
    rows = []
    for one in data["variants"]:
        confirmed, test = one.get("confirmed"), tests.get(one["variant"])
        rows.append([
            one["variant"], str(one["ended"]), str(one["diverged"]), f"{one['median']:.4g}", f"{one['best']['test']:.4g}",
            f"{one['best']['parameters']:,}",
            f"{confirmed['mean']:.4g} ± {confirmed['deviation']:.2g}" if confirmed else "–",
            f"{test['difference']:+.2g}, {'< 0.0001' if test['p_holm'] < 1e-4 else format(test['p_holm'], '.2g')}" if test else "–"])
    seeds = max(one["confirmed"]["seeds"] if "confirmed" in one else 0 for one in data["variants"])
    parts = [
        f"{found['data'].split(';')[0]} ({link(path, '../')}): {data['figure']}; "
        f"{found['training_seconds'] / 3600:.1f} hours of one processor.\n",
        table(["Cell", "Trials", "Diverged", "Median of the best tenth", "Best trial", "Its parameters",
               f"{seeds} seeds at its point", "From vanilla, p (Holm)"], rows)]
    alone = [one for one in data["importance"] if one["variant"] and one["figure"] == "error"]
    if alone:
        settings = [["learning_rate"], ["hidden"], ["noise"], ["momentum"], ["hidden", "learning_rate"]]
        shares = [{tuple(sorted(term["settings"])): term["share"] for term in one["shares"]} for one in alone]
        parts.append("What explains the variation of each cell alone:\n")
        parts.append(table(
            ["Cell", "Learning rate", "Hidden size", "Noise", "Momentum", "Rate with size"],
            [[one["variant"]] + [f"{100 * share[tuple(setting)]:.2g} %" for setting in settings]
             for one, share in zip(alone, shares)]))
    for section in data["says"]:
        parts.append(f"*{section['title']}*\n\n" + "\n".join("- " + line for line in section["sentences"]) + "\n")
    return "\n".join(parts)


def scaled(path):
    """Settings of small networks on large ones."""
    data = json.loads(path.read_text())["figures"]
    small, large = data["small"], data["large"]["confirmed"]
    point = small["best"]["point"]
    text = (
        f"The best of {small['ended']} networks of 20 to 40 units has {point['hidden']} of them, a learning rate of "
        f"{point['learning_rate']:.2g}, a momentum of {point['momentum']:.3g} and noise of {point['noise']:.2g}; its test figure is "
        f"{small['best']['test']:.3f}. With the same settings networks of 200 units come to {large['mean']:.3f} ± "
        f"{large['deviation']:.2g} ({large['seeds']} seeds)")
    whole = data.get("whole_search", {}).get("confirmed")
    if whole:
        text += (f"; the best point of the search over all sizes, {data['whole_search']['best']['point']['hidden']} units, comes to "
                 f"{whole['mean']:.3f} ± {whole['deviation']:.2g}")
    return text + f" ({link(path, '../')}).\n"


def told(text):
    """The page on the studies, with those that were recorded."""
    for name, show in {"odyssey_music": study, "odyssey_same": study, "odyssey_scale": scaled, "odyssey_digits": study, "odyssey_vowels": study}.items():
        path = root / f"Benchmarks/results/{name}.json"
        if path.exists():
            text = block(text, name, show(path))
    return text


def noise(path):
    """Accuracy under noise."""
    data = json.loads(path.read_text())["figures"]
    names = {"lstm": "LSTM", "gru": "GRU", "rnn": "simple RNN"}
    rows = [[names[cell]] + [f"{100 * value:.1f}" for value in values]
            for cell, values in data["accuracy_under_noise"].items()]
    return (
        f"**Noise** ({link(path)}): percent right of the Japanese vowels with noise added to the test, its size in deviations of each "
        "channel, mean of three seeds.\nHere the three cells differ by less than a seed does.\n\n"
        + table(["Cell"] + [f"{level:g}" for level in data["noise"]], rows))


def figures(text):
    known = {
        "forecast_accuracy.json": accuracy, "speed.json": protocol, "lstm-family.json": family, "generation.json": generation,
        "ctc.json": ctc, "audio.json": sound, "long_lag.jsonl": long_lags, "moving-mnist.json": moving_mnist, "noise.json": noise,
        "startup.json": startup, "survival.json": survival}
    paths = sorted((root / "Benchmarks/results").glob("*.json*"))
    parts = [show(root / "Benchmarks/results" / name) for name, show in known.items()]
    acting = [path for path in paths if path.stem.startswith("policy_") or path.stem == "double_pole"]
    acting = [path for path in acting if path.stem != "policy_gradient"]
    parts.append(rewards(acting))
    paths = [path for path in paths if path not in acting]
    parts.append(recipes(paths))
    parts.append(
        "**The nine cells of *LSTM: A Search Space Odyssey*** on chorales, spoken digits and vowels, and what became of the paper's\n"
        "findings: [the studies](Documentation/odyssey.md).\n")
    paths = [path for path in paths if not path.stem.startswith("odyssey_")]
    others = ["- " + link(path) for path in paths if path.name not in known and link(path) not in "".join(parts)]
    if others:
        parts.append("Also measured:\n\n" + "\n".join(others) + "\n")
    return block(text, "figures", "\n".join(parts))


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
wanted = parser.add_mutually_exclusive_group()
wanted.add_argument("--figures", action="store_true", help="leave out the run of the main job")
wanted.add_argument("--check", action="store_true", help="say what is out of date; run and write nothing")
options = parser.parse_args()

before = readme.read_text()
after = figures(snippets(before))
article_before = article.read_text()
article_after = costs(article_before)
studies_before = studies.read_text()
studies_after = told(studies_before)
if options.check:
    if after != before or article_after != article_before or studies_after != studies_before:
        sys.exit("README.md is out of date: run python3 Documentation/refresh_readme.py")
    print("README.md is up to date")
else:
    if options.figures:
        print("the output of the program stays as it is")
    elif program.exists():
        after = run(after)
    else:
        print("the program is not built; its output in the README stays as it is")
    readme.write_text(after)
    article.write_text(article_after)
    studies.write_text(studies_after)
