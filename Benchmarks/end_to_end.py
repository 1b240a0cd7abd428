"""Whole runs beside PyTorch: an epoch of a character model and one of the default forecaster, and the vocabulary softmax.

    python3 end_to_end.py --peer-python PYTHON [--data ../shared/data] [--threads 2] [--rounds 8] [--share 1]
                          [--tasks characters forecast softmax] [--out results/end_to_end.json]

Both sides start from the same weights. An epoch is cut into rounds that alternate between the two, so that both see the
same machine; its time is the sum of its rounds, and with --share below 1 only that part of the epoch is run and reported
(nothing is extrapolated). The start is measured on processes of their own, from before the process exists to the end of
its first update, alternating. Uses the standard library only; the peer runs under --peer-python, which must have torch and
safetensors.
"""
import argparse
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile
import time

from worker import HERE, Worker, cpu_name

PEER = str(HERE / "peers" / "end_to_end.py")


def first_update(command, task):
    """Seconds from before the process starts to the end of its first update."""
    start = time.monotonic()
    done = subprocess.run(command + [task, "steps 1"], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{command} failed: {done.stderr}")
    return float(done.stdout.splitlines()[-1].split()[1]) - start


def run_steps(worker, count):
    words = worker.ask(f"steps {count}").split()
    return float(words[0]), [float(word) for word in words[2:]]


def largest_difference(ours, theirs):
    return max(abs(a - b) / max(abs(b), 1e-6) for a, b in zip(ours, theirs))


def epoch(name, task, peer_task, same, same_peer, options, commands, equal_steps):
    ours_command, peer_command = commands
    starts = {"ours": [], "torch": []}
    for _ in range(options.starts):
        starts["ours"].append(first_update(ours_command, task))
        starts["torch"].append(first_update(peer_command, peer_task))

    # The same arithmetic: the losses of the first updates from the same weights, without randomness.
    pair = [Worker(ours_command), Worker(peer_command)]
    for worker, line in zip(pair, [same, same_peer]):
        worker.ask(line)
    losses = [run_steps(worker, equal_steps)[1] for worker in pair]
    for worker in pair:
        worker.close()
    equality = {
        "updates": equal_steps, "first": [losses[0][0], losses[1][0]], "last": [losses[0][-1], losses[1][-1]],
        "largest_relative_difference": largest_difference(*losses),
        "largest_relative_difference_of_the_first_ten_losses": largest_difference(losses[0][:10], losses[1][:10]),
    }

    ours, peer = Worker(ours_command), Worker(peer_command)
    whole = int(ours.ask(task))
    peer.ask(peer_task)
    count = max(options.rounds, int(whole * options.share))
    times = {"ours": [], "torch": []}
    load = []
    done = 0
    for index in range(options.rounds):
        part = (index + 1) * count // options.rounds - done
        done += part
        load.append(os.getloadavg()[0])
        order = [("ours", ours), ("torch", peer)]
        for side, worker in order if index % 2 == 0 else reversed(order):
            times[side].append(run_steps(worker, part)[0])
    memory = {"ours": int(ours.ask("usage")), "torch": int(peer.ask("usage"))}
    profile = ours.ask("profile")
    ours.close()
    peer.close()
    ratios = [b / a for a, b in zip(times["ours"], times["torch"])]
    result = {
        "task": name, "updates": count, "updates_of_an_epoch": whole, "is_whole_epoch": count == whole,
        "seconds": {side: sum(values) for side, values in times.items()},
        "ratio": sum(times["torch"]) / sum(times["ours"]),
        "ratio_of_rounds": {"median": statistics.median(ratios), "min": min(ratios), "max": max(ratios)},
        "peak_memory_bytes": memory, "memory_share": memory["ours"] / memory["torch"],
        "seconds_to_first_update": {side: statistics.median(values) for side, values in starts.items()},
        "start_share": statistics.median(starts["ours"]) / statistics.median(starts["torch"]),
        "same_arithmetic": equality, "load": statistics.median(load), "step_profile": json.loads(profile),
    }
    print(
        f"{name}: {count} of {whole} updates in {result['seconds']['ours']:.1f} s, torch {result['seconds']['torch']:.1f} s, "
        f"ratio {result['ratio']:.2f}; memory {memory['ours'] / 2**20:.0f} and {memory['torch'] / 2**20:.0f} MiB; first update "
        f"after {result['seconds_to_first_update']['ours']:.2f} and {result['seconds_to_first_update']['torch']:.2f} s; losses "
        f"differ by {equality['largest_relative_difference']:.1e} over {equality['updates']} updates", flush=True)
    return result


def softmax(options, commands, sizes=(700, 10_000, 650)):
    ours, peer = (Worker(command) for command in commands)
    line = f"softmax {' '.join(map(str, sizes))} 0.5"
    times = {"ours": [], "torch": []}
    peaks, ratios = [], []
    for worker in [ours, peer]:
        worker.ask(line)
    for index in range(options.rounds):
        peaks.append(float(ours.ask("peak")))
        medians = {}
        order = [("ours", ours), ("torch", peer)]
        for side, worker in order if index % 2 == 0 else reversed(order):
            values = list(map(float, worker.ask(line).split()))
            times[side] += values
            medians[side] = statistics.median(values)
        ratios.append(medians["torch"] / medians["ours"])
    memory = {"ours": int(ours.ask("usage")), "torch": int(peer.ask("usage"))}
    ours.close()
    peer.close()
    operations = 6 * sizes[0] * sizes[1] * sizes[2]
    result = {
        "task": "vocabulary softmax, forward and backward", "N": sizes[0], "V": sizes[1], "H": sizes[2],
        "seconds": {side: {"median": statistics.median(v), "min": min(v)} for side, v in times.items()},
        "ratio": {"median": statistics.median(ratios), "min": min(ratios), "max": max(ratios)},
        "gflops": operations / statistics.median(times["ours"]) / 1e9,
        "gflops_of_minimum": operations / min(times["ours"]) / 1e9, "peak_gflops": statistics.median(peaks),
        "peak_memory_bytes": memory,
    }
    print(
        f"softmax N={sizes[0]} V={sizes[1]} H={sizes[2]}: {result['gflops']:.0f} of {result['peak_gflops']:.0f} GFLOP/s, "
        f"ratio {result['ratio']['median']:.2f} [{min(ratios):.2f}, {max(ratios):.2f}]; memory {memory['ours'] / 2**20:.0f} "
        f"and {memory['torch'] / 2**20:.0f} MiB", flush=True)
    return result


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--peer-python", default=sys.executable)
    parser.add_argument("--data", default=str(HERE.parent.parent / "shared" / "data"))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--starts", type=int, default=5)
    parser.add_argument("--share", type=float, default=1, help="the part of an epoch that is run")
    parser.add_argument("--equal-steps", type=int, default=20)
    parser.add_argument("--tasks", nargs="*", default=["characters", "forecast", "softmax"])
    parser.add_argument("--out", default=str(HERE / "results" / "end_to_end.json"))
    parser.add_argument("--scratch-path", help="where to build; by default below Benchmarks")
    options = parser.parse_args()

    package = ["swift", "build", "-c", "release", "--package-path", str(HERE), "--product", "EndToEnd"]
    if options.scratch_path:
        package += ["--scratch-path", options.scratch_path]
    subprocess.run(package, check=True, stdout=sys.stderr)
    folder = subprocess.run(package + ["--show-bin-path"], check=True, capture_output=True, text=True).stdout.strip()
    threads = str(options.threads)
    commands = [os.path.join(folder, "EndToEnd"), threads], [options.peer_python, PEER, threads]
    data = pathlib.Path(options.data)
    text, series = data / "tinyshakespeare" / "input.txt", data / "etth1" / "ETTh1.csv"

    peer = Worker(commands[1])
    versions = json.loads(peer.ask("version"))
    peer.close()
    report = {
        "date": time.strftime("%Y-%m-%d"), "cpu": cpu_name(), "cores": os.cpu_count(), "threads": options.threads,
        "system": platform.system() + " " + platform.release(), "peer": versions,
        "command": f"python3 Benchmarks/end_to_end.py --threads {options.threads} --rounds {options.rounds} "
        f"--share {options.share:g}", "tasks": [],
    }
    with tempfile.TemporaryDirectory() as temporary:
        weights = os.path.join(temporary, "weights.safetensors")
        plans = {name: os.path.join(temporary, name + ".safetensors") for name in ["plain", "thinned"]}
        if "characters" in options.tasks:
            ours = Worker(commands[0])
            ours.ask(f"characters {text}")
            ours.ask(f"weights {weights}")
            ours.close()
            line = f"characters {text}"
            report["tasks"].append(
                epoch("character model", line, f"{line} {weights}", line, f"{line} {weights}", options, commands,
                      options.equal_steps))
        if "forecast" in options.tasks:
            ours = Worker(commands[0])
            steps = int(ours.ask(f"forecast {series}"))
            ours.ask(f"plan {plans['thinned']} {steps}")
            ours.ask(f"forecast {series} 0")
            ours.ask(f"plan {plans['plain']} {options.equal_steps}")
            ours.close()
            report["tasks"].append(
                epoch("default forecaster", f"forecast {series}", f"forecast {plans['thinned']}", f"forecast {series} 0",
                      f"forecast {plans['plain']}", options, commands, options.equal_steps))
        if "softmax" in options.tasks:
            report["tasks"].append(softmax(options, commands))
    pathlib.Path(options.out).parent.mkdir(parents=True, exist_ok=True)
    pathlib.Path(options.out).write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
