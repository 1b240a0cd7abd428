"""Kills training runs at random moments, resumes them, and compares the results bit by bit with an undisturbed run.

    python3 Benchmarks/survival/kill.py [--runs 200] [--seed 1] [--program PATH] [--out results/survival.json]

Every run saves a checkpoint each 0.05 s and is killed by SIGKILL at a moment drawn evenly over its length; about every
other resume is killed too. Then it is resumed to its end. Where the kill came before the run was begun, resume has to
say so, and a new run has to be possible in the same folder; such a run does not count among the --runs. SIGKILL does not
test a loss of power: what the system had taken over is written all the same.

Standard library only; `swift build -c release` makes the program.
"""
import argparse
import hashlib
import itertools
import json
import math
import os
import pathlib
import random
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

import machine

ROOT = pathlib.Path(__file__).resolve().parents[2]
COMPARED = ["model.safetensors", "config.json", "context.csv", "forecast.csv", "forecast.svg"]


def table(path):
    with open(path, "w") as file:
        file.write("month,sales\n")
        for index in range(60):
            value = 100 + 10 * math.sin(index * math.pi / 6) + 0.3 * index + index * index % 7
            file.write(f"{2000 + index // 12}-{index % 12 + 1:02d}-01,{value:.2f}\n")


def bits(folder):
    return {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in COMPARED}


def committed(folder):
    """The step of the checkpoint that was last made valid."""
    try:
        return int(json.loads((folder / "training" / "last").read_text())["checkpoint"].removeprefix("step-"))
    except (OSError, ValueError):
        return None


class Trial:
    def __init__(self, options, place, length, generator):
        self.program, self.place, self.length, self.generator = options.program, place, length, generator
        self.start = ["forecast", "sales.csv", "--horizon", "3", "--epochs", str(options.epochs)]
        self.options = ["--save-every", "0.05", "--quiet", "--threads", str(options.threads)]
        self.steps = options.epochs  # the table is so short that a pass over it is one step
        self.counts = dict.fromkeys(
            ["kills", "kills_of_resumes", "kills_before_the_run_was_begun", "kills_within_a_save",
             "ended_before_the_kill", "resumes", "lost_checkpoints", "damaged_checkpoints"], 0)
        self.failures = []

    def call(self, arguments, **others):
        return subprocess.run(
            [self.program, *arguments, *self.options], cwd=self.place, stdin=subprocess.DEVNULL, capture_output=True,
            text=True, **others)

    def disturbed(self, arguments, folder, length):
        """Starts the program and kills it within so many seconds; returns whether it was still running."""
        process = subprocess.Popen(
            [self.program, *arguments, *self.options], cwd=self.place, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            process.wait(timeout=self.generator.uniform(0, length))
            self.counts["ended_before_the_kill"] += 1
            return False
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
        self.counts["kills"] += 1
        training = folder / "training"
        if training.is_dir() and any(name.startswith("tmp-") for name in os.listdir(training)):
            self.counts["kills_within_a_save"] += 1
        return True

    def fail(self, number, text):
        self.failures.append({"run": number, "what": text})
        print(f"run {number}: {text}", file=sys.stderr)

    def run(self, number, expected):
        folder = self.place / f"run{number}"
        while True:
            began = time.monotonic()
            if self.disturbed([*self.start, "--out", folder.name], folder, self.length):
                break
            # How long a run takes changes with the other work on the machine.
            self.length = 1.05 * (time.monotonic() - began)
            shutil.rmtree(folder)
        for disturbances in itertools.count():
            if not (folder / "training" / "session.json").exists():
                self.counts["kills_before_the_run_was_begun"] += 1
                said = self.call(["resume", folder.name])
                if said.returncode != 4 or "there is no training to go on with" not in said.stderr:
                    self.fail(number, f"resume of nothing said {said.returncode}: {said.stderr}")
                again = self.call([*self.start, "--out", folder.name, "--force"])
                if again.returncode != 0:
                    self.fail(number, f"a new run in the folder failed: {again.stderr}")
                    return False
                break
            step = committed(folder)
            # Some resumes are killed too, at most three in a row, within the time that they have left.
            if disturbances < 3 and self.generator.random() < 0.5:
                left = 1 - (step or 0) / self.steps
                if self.disturbed(["resume", folder.name], folder, self.length * left):
                    self.counts["kills_of_resumes"] += 1
                continue
            self.options.remove("--quiet")
            done = self.call(["resume", folder.name])
            self.options.append("--quiet")
            self.counts["resumes"] += 1
            if done.returncode != 0:
                self.fail(number, f"resume failed with {done.returncode}: {done.stderr}")
                return False
            if "is damaged" in done.stderr or "does not fit" in done.stderr:
                self.counts["damaged_checkpoints"] += 1
            found = re.search(r"Going on after step (\d+) of", done.stderr)
            # A checkpoint counts from the moment it has its name; the pointer `last` may be one behind.
            if found is None or int(found[1]) < (step or 0):
                self.counts["lost_checkpoints"] += 1
                self.fail(number, f"checkpoint {step} was lost: {done.stderr}")
            break
        result = bits(folder)
        for name in COMPARED:
            if result[name] != expected[name]:
                self.fail(number, f"{name} differs")
        shutil.rmtree(folder)
        return result == expected


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--program", default=str(ROOT / ".build" / "release" / "recurrent"))
    parser.add_argument("--folder", help="where to work; default: a new folder among the temporary ones")
    parser.add_argument("--out", default=str(ROOT / "Benchmarks" / "results" / "survival.json"))
    options = parser.parse_args()
    options.program = os.path.abspath(options.program)
    place = pathlib.Path(tempfile.mkdtemp(prefix="survival-", dir=options.folder))
    about = machine.describe(options.program, place)
    try:
        table(place / "sales.csv")
        started = time.monotonic()
        trial = Trial(options, place, 0, random.Random(options.seed))
        lengths = []
        expected = None
        for attempt in range(3):
            began = time.monotonic()
            done = trial.call([*trial.start, "--out", f"undisturbed{attempt}"])
            lengths.append(time.monotonic() - began)
            if done.returncode != 0:
                sys.exit(f"the undisturbed run failed: {done.stderr}")
            found = bits(place / f"undisturbed{attempt}")
            if expected not in (None, found):
                sys.exit("two undisturbed runs differ")
            expected = found
        # A run that ended before its kill is repeated, so that the very end is hit as well.
        trial.length = statistics.median(lengths)
        identical = 0
        number = 0
        while trial.counts["resumes"] < options.runs and len(trial.failures) < 10:
            identical += trial.run(number, expected)
            number += 1
            if number % 20 == 0:
                print(f"{number} runs, {identical} identical, {trial.counts}", file=sys.stderr, flush=True)
        result = {
            **about, "command": "python3 Benchmarks/survival/kill.py "
            f"--runs {options.runs} --seed {options.seed} --epochs {options.epochs} --threads {options.threads}",
            "call": " ".join(["recurrent", *trial.start, "--out", "run", *trial.options]),
            "compared": COMPARED, "seconds_of_an_undisturbed_run": round(statistics.median(lengths), 3),
            "runs": number, "identical": identical, **trial.counts, "failures": trial.failures,
            "seconds": round(time.monotonic() - started, 1),
        }
        pathlib.Path(options.out).write_text(json.dumps(result, indent=2) + "\n")
        print(json.dumps({key: result[key] for key in ["runs", "identical", *trial.counts]}))
        sys.exit(0 if identical == number and not trial.failures else 1)
    finally:
        shutil.rmtree(place, ignore_errors=True)


if __name__ == "__main__":
    main()
