"""The speed protocol: this package beside PyTorch, ONNX Runtime, JAX and TensorFlow, in interleaved rounds.

    python3 Benchmarks/peers/run.py                       everything; about two hours, written point by point
    python3 Benchmarks/peers/run.py --resume              goes on where a run ended or was killed
    python3 Benchmarks/peers/run.py --rounds 7 --seconds 0.1     everything in half an hour, with wider intervals
    python3 Benchmarks/peers/run.py --quick --only layer single stream-128 --threads 1
    python3 Benchmarks/peers/run.py --report              table and chart from the results that are there

The first call makes a virtual environment below .build with the peers from PyPI; one that cannot be installed is left out and
the report says so. This script itself needs the standard library alone.

For each point of shapes.json, mode and number of threads: correctness first, every side against float64; then rounds in
which every side takes its turn on the same processors, the order turning by one each round. A side's time in a round is the
median of its passes. Peers that take half as long again as the fastest in a trial are timed in that trial and not in the
rounds. In the same rounds are measured: multiply-adds alone, reading from as much memory as the weights of a step take, the
load of the machine, and the processor time that neither side used; a round in which that was more than 0.3 processors is
left out where enough others remain.
"""
import argparse
import json
import math
import os
import pathlib
import platform
import random
import select
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(HERE.parent))
sys.path.insert(0, str(HERE))
import chart  # noqa: E402
from draw_shapes import PATH as SHAPES  # noqa: E402
from draw_shapes import words  # noqa: E402

PEERS = {
    "torch": ["torch==2.13.0"], "onnxruntime": ["onnx", "onnxruntime"], "jax": ["jax"], "tensorflow": ["tensorflow-cpu"],
}
# How much slower than the fastest a peer may be in the trial and still take part in the rounds.
SLOW = 1.5
FOREIGN = 0.3


# MARK: Both sides


class Failure(Exception):
    """A side that cannot go on."""


class Side:
    """A process that answers one line for one line, on given processors."""

    def __init__(self, name, command, processors, environment=None):
        self.name = name

        def bind():
            if processors and hasattr(os, "sched_setaffinity"):
                os.sched_setaffinity(0, processors)

        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, bufsize=1,
            preexec_fn=bind, env={**os.environ, **(environment or {})})
        self.greeting = self.line(300)
        if not self.greeting.startswith("ready"):
            raise Failure(f"{name} does not start")

    def line(self, limit):
        ready, _, _ = select.select([self.process.stdout], [], [], limit)
        line = self.process.stdout.readline() if ready else ""
        if not line:
            self.process.kill()
            raise Failure(f"{self.name} {'ended' if ready else 'took too long'}")
        return line.strip()

    def ask(self, text, limit=1800):
        try:
            self.process.stdin.write(text + "\n")
            self.process.stdin.flush()
        except OSError as failure:
            raise Failure(f"{self.name} is gone") from failure
        return self.line(limit)

    def processor_seconds(self):
        """What the process has used of processors so far."""
        try:
            fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
            return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        except (OSError, IndexError, ValueError):
            return 0.0

    def close(self):
        self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()


class Ours(Side):
    def load(self, text, _path):
        answer = self.checked(f"load {text}").split()
        self.operations, self.bytes_each_step = float(answer[1]), float(answer[2])

    def checked(self, text):
        answer = self.ask(text)
        if answer.startswith("error"):
            raise Failure(answer)
        return answer

    def times(self, mode, seconds, samples):
        return [float(value) for value in self.checked(f"time {mode} {seconds} {samples}").split()]

    def number(self, text):
        return float(self.checked(text))


class Peer(Side):
    def load(self, text, path):
        return self.checked(f"load {path} {text}")

    def checked(self, text):
        answer = json.loads(self.ask(text))
        if isinstance(answer, dict) and ("error" in answer or "unsupported" in answer):
            raise Failure(answer.get("unsupported") or answer["error"])
        return answer

    def times(self, mode, seconds, samples):
        answer = self.checked(f"time {mode} {seconds} {samples}")
        self.form = answer["form"]
        return answer["times"]


# MARK: Setting up


def install(folder, wanted):
    """A virtual environment with those of the peers that can be had; what came of each."""
    python = folder / "bin/python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    found = {}
    for name in wanted:
        
        def probe():
            return subprocess.run(
                [python, "-c", f"import importlib.util as u, sys; sys.exit(u.find_spec('{name}') is None)"]
            ).returncode == 0

        if not probe():
            print(f"installing {name}", file=sys.stderr)
            done = subprocess.run(
                [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "numpy", *PEERS[name]],
                stdout=sys.stderr)
            found[name] = "cannot be installed here" if done.returncode or not probe() else "ready"
        else:
            found[name] = "ready"
    return python, found


def build(options):
    if options.program:
        return pathlib.Path(options.program)
    package = ["swift", "build", "-c", "release", "--package-path", str(ROOT), "--product", "recurrent"]
    subprocess.run(package, check=True, stdout=sys.stderr)
    shown = subprocess.run(package + ["--show-bin-path"], check=True, capture_output=True, text=True)
    return pathlib.Path(shown.stdout.strip()) / "recurrent"


def processor_name():
    try:
        for line in open("/proc/cpuinfo"):
            if line.startswith("model name"):
                return " ".join(line.split(":", 1)[1].split())
    except OSError:
        pass
    return platform.processor()


def allowed():
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def start(options, program, python, found, threads, report):
    """Our side and every peer, on the same processors."""
    processors = None
    if hasattr(os, "sched_getaffinity"):
        # The first processor has the interrupts more often than others.
        processors = set(sorted(os.sched_getaffinity(0))[-threads:])
    ours = Ours("ours", [str(program), "bench-worker", "--threads", str(threads)], processors)
    report["instruction_set"] = ours.greeting.split()[1]
    peers = {}
    for name in options.peers:
        if found.get(name) != "ready":
            continue
        command = [str(python), str(HERE / f"{name}_peer.py"), str(threads)]
        try:
            peers[name] = Peer(name, command + ([] if options.quick else ["compile"]), processors)
            report["peers"][name] = {"state": "ready", **peers[name].checked("version")}
        except Failure as failure:
            report["peers"][name] = {"state": str(failure)}
    return ours, peers


# MARK: Numbers


def quantile(values, q):
    values = sorted(values)
    at = q * (len(values) - 1)
    low = int(at)
    high = min(low + 1, len(values) - 1)
    return values[low] + (values[high] - values[low]) * (at - low)


def summary(values):
    return {"median": statistics.median(values), "p10": quantile(values, 0.1), "p90": quantile(values, 0.9),
            "min": min(values)}


def interval(ratios):
    """95 % of the medians of resampled rounds."""
    generator = random.Random(1)
    medians = [statistics.median(generator.choices(ratios, k=len(ratios))) for _ in range(2000)]
    return [quantile(medians, 0.025), quantile(medians, 0.975)]


def geometric_mean(values):
    return math.exp(statistics.fmean(math.log(value) for value in values)) if values else None


class Machine:
    """Processor seconds that the machine used, stolen ones included."""

    def __init__(self):
        self.reset([])

    def busy(self):
        try:
            fields = [int(field) for field in open("/proc/stat").readline().split()[1:9]]
        except (OSError, ValueError):
            return None
        # All but idle and waiting.
        return (sum(fields) - fields[3] - fields[4]) / os.sysconf("SC_CLK_TCK")

    def reset(self, sides):
        self.start, self.before = time.monotonic(), self.busy()
        self.own = sum(side.processor_seconds() for side in sides) + time.process_time()

    def foreign(self, sides):
        """Processors that neither this script nor a side kept busy since `reset`."""
        after, own = self.busy(), sum(side.processor_seconds() for side in sides) + time.process_time()
        if after is None or self.before is None:
            return 0.0
        return max(0.0, (after - self.before - (own - self.own)) / max(1e-9, time.monotonic() - self.start))


# MARK: One point


def correctness(ours, peers, text, folder, wants_all):
    """Loads a point everywhere; the errors of every side against float64, and why a peer is left out."""
    path, exact = os.path.join(folder, "numbers.safetensors"), os.path.join(folder, "exact.npz")
    ours.load(text, path)
    ours.checked(f"dump {path}")
    able, left_out, errors = {}, {}, {}
    for name, peer in peers.items():
        try:
            peer.load(text, path)
            able[name] = peer
        except Failure as failure:
            left_out[name] = str(failure)
    if "torch" in able:
        errors["ours"] = able["torch"].checked(f"exact {exact}")
        for name, peer in able.items():
            try:
                errors[name] = peer.checked(f"check {exact}")
            except Failure as failure:
                left_out[name] = str(failure)
    for file in (path, exact):
        if os.path.exists(file):
            os.remove(file)
    return {name: peer for name, peer in able.items() if name not in left_out}, left_out, errors


def worst(errors, mode, kind):
    """The largest error of what a mode computes."""
    values = [value[kind] for name, value in errors.items() if name.startswith("d.") == (mode == "train")]
    return max(values) if values else None


def measure(options, ours, able, left_out, errors, point, mode, threads):
    seconds, samples = options.seconds, 20
    left_out, trial, forms, peers = dict(left_out), {}, {}, {}
    for name, peer in able.items():
        try:
            # The first call makes the network and may compile it.
            peer.times(mode, 1e-3, 1)
            trial[name] = min(peer.times(mode, seconds, samples))
            forms[name], peers[name] = peer.form, peer
        except Failure as failure:
            left_out[name] = str(failure)
    ours_trial = min(ours.times(mode, seconds, samples))
    if not peers:
        return None
    fastest = min(trial.values())
    peers = {name: peer for name, peer in peers.items() if trial[name] <= SLOW * fastest}
    sides = {"ours": ours, **peers}
    # As many rounds as asked for, unless a single pass takes so long that five must do.
    pace = sum(max(seconds, trial.get(name, ours_trial)) for name in sides)
    rounds = max(5, min(options.rounds, int(options.patience / pace)))
    machine, kept = Machine(), []
    for number in range(rounds):
        order = list(sides)
        order = order[number % len(order):] + order[:number % len(order)]
        machine.reset(sides.values())
        entry = {"peak": ours.number("peak"), "reads": ours.number(f"read {int(ours.bytes_each_step)}"), "medians": {}}
        for name in order:
            # Threads of a peer spin for a while after their work; they must not take a processor from the next side.
            time.sleep(0.01 if threads == 1 else 0.3)
            entry["medians"][name] = statistics.median(sides[name].times(mode, seconds, samples))
        entry["foreign"], entry["load"] = machine.foreign(sides.values()), os.getloadavg()[0]
        kept.append(entry)
    calm = [entry for entry in kept if entry["foreign"] <= FOREIGN]
    used = calm if len(calm) >= min(5, rounds) else kept
    medians = {name: [entry["medians"][name] for entry in used] for name in sides}
    best = min(peers, key=lambda name: statistics.median(medians[name]))
    ratios = {
        name: [peer / own for own, peer in zip(medians["ours"], medians[name])] for name in peers}
    time_of = statistics.median(medians["ours"])
    reads = 2 if mode == "train" else 1
    operations = ours.operations * (3 if mode == "train" else 1)
    peak = statistics.median(entry["peak"] for entry in used)
    reading = point["T"] * reads * ours.bytes_each_step / statistics.median(entry["reads"] for entry in used)
    floor = max(operations / peak, reading)
    error = {kind: {name: worst(values, mode, kind) for name, values in errors.items()} for kind in ("greatest", "rms")}
    result = {
        "name": point["name"], "point": point, "mode": mode, "threads": threads,
        "best_peer": best, "form": forms[best],
        "ratio": {**summary(ratios[best]), "interval95": interval(ratios[best])},
        "ratio_of_minima": min(medians[best]) / min(medians["ours"]),
        "ratios": {name: {**summary(values), "interval95": interval(values)} for name, values in ratios.items()},
        "seconds": {name: summary(values) for name, values in medians.items()},
        "slow_peers": {name: value for name, value in trial.items() if name not in peers}, "forms": forms,
        "left_out": left_out,
        "gflops": operations / time_of / 1e9, "peak_gflops": peak / 1e9,
        "share_of_peak": operations / time_of / peak, "share_of_floor": floor / time_of,
        "floor": "reading" if reading > operations / peak else "compute",
        "microseconds_a_step": time_of / point["T"] * 1e6,
        "error": error, "errors": errors,
        "error_over_peer": {
            kind: values["ours"] / values[best] if values.get("ours") is not None and values.get(best) else None
            for kind, values in error.items()},
        "rounds": len(used), "rounds_left_out": len(kept) - len(used),
        "foreign_processors": statistics.median(entry["foreign"] for entry in used),
        "load": statistics.median(entry["load"] for entry in used),
    }
    if mode == "step":
        names = ["p50", "p99", "p99.9", "maximum"]
        count = 2000 if options.quick else 100_000
        result["latency"] = {"steps": count, "ours": dict(zip(names, map(float, ours.checked(f"latency {count}").split())))}
        result["latency"][best] = dict(zip(names, peers[best].checked(f"latency {count}")))
    return result


# MARK: The whole


def summarise(report):
    """Losing points first, and the means over the drawn points."""
    report["points"].sort(key=lambda result: result["ratio"]["median"])
    report["summary"] = {}
    for mode in ("forward", "train"):
        for threads in sorted({result["threads"] for result in report["points"]}):
            values = [
                result["ratio"]["median"] for result in report["points"]
                if result["mode"] == mode and result["threads"] == threads and result["name"].startswith("drawn")]
            if values:
                report["summary"][f"{mode}, {threads} thread{'s' * (threads > 1)}"] = {
                    "points": len(values), "geometric_mean": geometric_mean(values), "least": min(values),
                    "below_one": sum(value < 1 for value in values)}
    for kind in ("greatest", "rms"):
        errors = [result["error_over_peer"][kind] for result in report["points"] if result["error_over_peer"][kind]]
        if errors:
            report["summary"][f"{kind}_error_over_best_peer"] = {
                "points": len(errors), "median": statistics.median(errors), "greatest": max(errors),
                "above_one": sum(value > 1 for value in errors)}


def write(report, path):
    """Whole or not at all: a kill during the writing loses nothing."""
    summarise(report)
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".tmp")
    beside.write_text(json.dumps(report, indent=1) + "\n")
    os.replace(beside, path)


def line(result):
    ratio, low_high = result["ratio"]["median"], result["ratio"]["interval95"]
    return (
        f"{result['name']:15} {result['mode']:8} {result['threads']}  {ratio:6.2f} × {result['best_peer']:12} "
        f"[{low_high[0]:.2f}, {low_high[1]:.2f}]  {result['seconds']['ours']['median'] * 1e3:10.3f} ms "
        f"{result['gflops']:7.1f} GFLOP/s, {100 * result['share_of_floor']:3.0f} % of the {result['floor']} floor"
        + (f", error {error:.1f} ×" if (error := result["error_over_peer"]["rms"]) else ""))


def show(report, options):
    print("\nThe worst ratio first; above 1 this package is faster than the best peer.\n")
    for result in report["points"]:
        print(line(result))
    for name, entry in report["summary"].items():
        if "geometric_mean" in entry:
            print(f"\n{name}: geometric mean {entry['geometric_mean']:.2f} over {entry['points']} drawn points, "
                  f"least {entry['least']:.2f}, {entry['below_one']} below 1", end="")
        else:
            print(f"\n{name.split('_')[0]} error against float64 over the best peer's: median {entry['median']:.2f}, "
                  f"greatest {entry['greatest']:.2f}, above 1 at {entry['above_one']} of {entry['points']}", end="")
    print()
    for name, peer in report["peers"].items():
        if peer["state"] != "ready":
            print(f"{name}: {peer['state']}")
    pathlib.Path(options.chart).write_text(chart.svg(report))


def arguments():
    parser = argparse.ArgumentParser(description="The speed protocol; see the head of this file.")
    parser.add_argument("--quick", action="store_true", help="few short rounds, nothing compiled: to try things out")
    parser.add_argument("--only", nargs="*", help="names of points, or 'named' and 'drawn'")
    parser.add_argument("--modes", nargs="*", default=["forward", "train", "step"])
    parser.add_argument("--threads", type=int, nargs="*", default=[1, 2])
    parser.add_argument("--peers", nargs="*", default=list(PEERS), choices=list(PEERS))
    parser.add_argument("--rounds", type=int, help="15; 5 with --quick")
    parser.add_argument("--seconds", type=float, help="a side's time in a round: 0.3; 0.05 with --quick")
    parser.add_argument("--patience", type=float, help="seconds for the rounds of a point: 90; 5 with --quick")
    parser.add_argument("--resume", action="store_true", help="keep the points that are in the results")
    parser.add_argument("--report", action="store_true", help="measure nothing; table and chart from the results")
    parser.add_argument("--out", default=str(HERE.parent / "results/speed.json"))
    parser.add_argument("--chart", default=str(ROOT / "Documentation/speed.svg"))
    parser.add_argument("--program", help="the program `recurrent`; by default it is built")
    parser.add_argument("--venv", default=str(ROOT / ".build/peers-venv"), help="the environment of the peers")
    options = parser.parse_args()
    options.rounds = options.rounds or (5 if options.quick else 15)
    options.seconds = options.seconds or (0.05 if options.quick else 0.3)
    options.patience = options.patience or (5 if options.quick else 90)
    return options


def chosen(options):
    shapes = json.loads(SHAPES.read_text())
    points = shapes["named"] + shapes["drawn"]
    known = {point["name"] for point in points} | {"named", "drawn"}
    for name in options.only or []:
        if name not in known:
            sys.exit(f"there is no point '{name}'; known: {', '.join(sorted(known))}")
    if options.only:
        groups = {point["name"]: "drawn" if point["name"].startswith("drawn") else "named" for point in points}
        points = [point for point in points if {point["name"], groups[point["name"]]} & set(options.only)]
    return points


def main():
    options = arguments()
    path = pathlib.Path(options.out)
    report = {
        "date": time.strftime("%Y-%m-%d"), "cpu": processor_name(), "cores": os.cpu_count(),
        "system": platform.system() + " " + platform.release(),
        "command": " ".join(["python3 Benchmarks/peers/run.py"] + sys.argv[1:]),
        "rounds": options.rounds, "seconds_a_round": options.seconds, "peers": {}, "points": []}
    if (options.resume or options.report) and path.exists():
        before = json.loads(path.read_text())
        if options.report:
            summarise(before)
            return show(before, options)
        report = {**before, **report, "points": before["points"], "peers": before["peers"]}
    points = chosen(options)
    python, found = install(pathlib.Path(options.venv), options.peers)
    program = build(options)
    for name, state in found.items():
        report["peers"][name] = {"state": state}
    report["peers"]["benchdnn"] = {
        "state": "not obtainable: neither PyPI nor Debian has oneDNN's benchmark; PyTorch and TensorFlow call oneDNN"}
    done = {(result["name"], result["mode"], result["threads"]) for result in report["points"]}
    for threads in options.threads:
        if not 1 <= threads <= allowed():
            print(f"{threads} threads: {allowed()} processors may be used here", file=sys.stderr)
            continue
        ours = None
        for point in points:
            modes = ["step"] if point.get("stream") else ["forward", "train"]
            modes = [m for m in modes if m in options.modes and (point["name"], m, threads) not in done]
            # A streaming step has too little work to share.
            if not modes or (point.get("stream") and threads > 1):
                continue
            try:
                if ours is None:
                    ours, peers = start(options, program, python, found, threads, report)
                with tempfile.TemporaryDirectory() as folder:
                    able, left_out, errors = correctness(ours, peers, words(point), folder, modes)
                for mode in modes:
                    result = measure(options, ours, able, left_out, errors, point, mode, threads)
                    if result is None:
                        print(f"{point['name']} {mode}: no peer has it", file=sys.stderr)
                        continue
                    report["points"].append(result)
                    print(line(result), flush=True)
                    write(report, path)
            except Failure as failure:
                print(f"{point['name']}, {threads} threads: {failure}", file=sys.stderr)
                if ours is not None:
                    for side in [ours, *peers.values()]:
                        side.close()
                    ours = None
        if ours is not None:
            for side in [ours, *peers.values()]:
                side.close()
    write(report, path)
    show(report, options)


if __name__ == "__main__":
    main()
