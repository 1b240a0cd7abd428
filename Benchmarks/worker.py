"""What drivers of line protocols share: programs and how they are built, a process that answers one line to a line, and the
processor's name."""
import pathlib
import platform
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent


class Worker:
    """A process that says `ready …` first and then answers every line with one line."""

    def __init__(self, command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.greeting = self.process.stdout.readline().split()
        if not self.greeting or self.greeting[0] != "ready":
            sys.exit(f"{command[0]} did not start")

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer or answer.startswith("error"):
            sys.exit(f"'{line}' failed: {answer}")
        return answer.strip()

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def build(product, scratch=None):
    """The path of a program of this package, built for release."""
    command = ["swift", "build", "-c", "release", "--package-path", str(HERE), "--product", product]
    if scratch:
        command += ["--scratch-path", scratch]
    subprocess.run(command, check=True, stdout=sys.stderr)
    folder = subprocess.run(command + ["--show-bin-path"], check=True, capture_output=True, text=True)
    return f"{folder.stdout.strip()}/{product}"


def cpu_name():
    try:
        for line in open("/proc/cpuinfo"):
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor()
