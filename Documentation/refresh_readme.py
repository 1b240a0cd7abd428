"""Writes the parts of README.md that come from elsewhere: the snippets, a run of the main job, and the figures.

    python3 Documentation/refresh_readme.py            after `swift build -c release --product recurrent`
    python3 Documentation/refresh_readme.py --check    says what is out of date; runs nothing

The run of the main job is only shown again when the program is there; the check leaves it alone, because the figures of a
run belong to the machine that made it.
"""

import json
import pathlib
import re
import subprocess
import sys
import tempfile

root = pathlib.Path(__file__).resolve().parent.parent
readme = root / "README.md"
program = root / ".build/release/recurrent"


def block(text, name, body):
    """The text with what stands between the marks of `name` replaced."""
    pattern = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end -->)", re.DOTALL)
    if not pattern.search(text):
        sys.exit(f"README.md has no marks for '{name}'")
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
    kept = [line for line in talk if not line.startswith("training")] + progress[:1] + ["…"] + progress[-1:]
    return block(block(text, "talk", fenced("\n".join(kept))), "results", fenced(job.stdout))


def speed(path):
    data = json.loads(path.read_text())
    peer = "PyTorch " + data["peer"]["torch"]
    lines = [
        f"**One LSTM layer, {data['instruction_set']}, {data['cpu']}, {data['cores']} processors**, against {peer} on the same",
        "threads, interleaved; the worst ratio first. A ratio above 1 means that this package is faster. The machine had other",
        f"work ([{path.name}](Benchmarks/results/{path.name}) has the load of each point).",
        "",
        "| T, B, I, H | What | Threads | This package | PyTorch | Ratio: median | 10 % to 90 % of rounds |",
        "|---|---|---|---|---|---|---|",
    ]
    for point in sorted(data["points"], key=lambda point: point["ratio"]["median"]):
        shape = ", ".join(str(point["shape"][letter]) for letter in "TBIH")
        ours, torch = (point["seconds"][side]["median"] * 1000 for side in ("ours", "torch"))
        ratio = point["ratio"]
        lines.append(
            f"| {shape} | {point['mode']} | {point['threads']} | {ours:.2f} ms | {torch:.2f} ms | "
            f"{ratio['median']:.2f} | {ratio['p10']:.2f} to {ratio['p90']:.2f} |")
    return "\n".join(lines) + "\n"


def figures(text):
    parts, others = [], []
    for path in sorted((root / "Benchmarks/results").glob("*.json")):
        if path.name == "lstm_step.json":
            parts.append(speed(path))
        else:
            others.append(f"- [{path.name}](Benchmarks/results/{path.name})")
    if others:
        parts.append("Also measured:\n\n" + "\n".join(others) + "\n")
    return block(text, "figures", "\n".join(parts))


before = readme.read_text()
after = figures(snippets(before))
if "--check" in sys.argv[1:]:
    if after != before:
        sys.exit("README.md is out of date: run python3 Documentation/refresh_readme.py")
    print("README.md is up to date")
else:
    if program.exists():
        after = run(after)
    else:
        print("the program is not built; its output in the README stays as it is")
    readme.write_text(after)
