"""What every result says about the machine and the versions."""
import datetime
import os
import platform
import subprocess


def first_line(command):
    try:
        lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    except (OSError, subprocess.CalledProcessError):
        return None
    return lines[0] if lines else None


def cpu():
    try:
        with open("/proc/cpuinfo") as file:
            return next(line.split(":", 1)[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor()


def describe(program, folder):
    return {
        "date": datetime.date.today().isoformat(), "cpu": cpu(), "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.release()}",
        "file_system": first_line(["stat", "-f", "-c", "%T", folder]),
        "versions": {
            "recurrent": first_line([program, "--version"]), "swift": first_line(["swift", "--version"]),
            "python": platform.python_version(),
        },
        "load_before": list(os.getloadavg()),
    }
