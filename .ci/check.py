"""Looks at what a run left behind: check.py forecast JSON MODEL | safetensors MODEL | tests LOG. Ends with 1 if it is wrong."""

import json
import math
import pathlib
import re
import sys


def require(condition, message):
    if not condition:
        sys.exit("check failed: " + message)


def forecast(path, model):
    result = json.loads(pathlib.Path(path).read_text())
    require(result["task"] == "forecast", "the task is not forecast")
    require(result["frequency"] == "yearly", f"the frequency is {result['frequency']}")
    require(result["season"] == 11, f"the season is {result['season']}")
    require(result["model"] == model, f"the model is in {result['model']}")
    (series,) = result["series"]
    require(series["timestamps"] == [str(year) for year in range(2009, 2020)], "the years are not 2009 to 2019")
    levels = [f"0.{digit}" for digit in range(1, 10)]
    require(list(series["quantiles"]) == levels, "the levels are not 0.1 to 0.9")
    columns = [series["quantiles"][level] for level in levels]
    for column in columns + [series["mean"]]:
        require(len(column) == 11 and all(math.isfinite(value) for value in column), "a column is not 11 numbers")
    for row in zip(*columns):
        require(list(row) == sorted(row), "quantiles cross")
    scores = result["backtest"]
    for method in ["model", "naive", "seasonal_naive", "drift"]:
        for name in ["mae", "rmse", "mase", "smape", "rmsse"]:
            require(math.isfinite(scores[method][name]), f"{method} has no {name}")
    require(0 <= scores["model"]["coverage_80"] <= 1, "the coverage is no share")
    rivals = {name: scores[name]["mase"] for name in ["naive", "seasonal_naive", "drift"]}
    require(scores["model"]["mase"] < min(rivals.values()), f"the model is not better than {rivals}")
    for name in ["config.json", "model.safetensors", "context.csv", "manifest.json", "forecast.csv", "forecast.svg"]:
        require((pathlib.Path(model) / name).is_file(), f"{name} is missing")
    print(
        f"MASE {scores['model']['mase']:.3f} against {min(rivals.values()):.3f}, coverage "
        f"{scores['model']['coverage_80']:.2f}, {result['seconds']:.1f} s")


def safetensors(model):
    import numpy
    from safetensors.numpy import load_file

    tensors = load_file(pathlib.Path(model) / "model.safetensors")
    recipe = json.loads((pathlib.Path(model) / "config.json").read_text())["recipe"]
    hidden, embedding = recipe["hidden_size"], recipe["embedding_size"]
    for member in range(recipe["members"]):
        weight = tensors[f"members.{member}.lstm.weight_ih_l0"]
        require(weight.shape == (4 * hidden, embedding), f"weight_ih_l0 has shape {weight.shape}")
        require(weight.dtype == numpy.float32, f"weight_ih_l0 is {weight.dtype}")
        recurrent = tensors[f"members.{member}.lstm.weight_hh_l0"]
        require(recurrent.shape == (4 * hidden, hidden), f"weight_hh_l0 has shape {recurrent.shape}")
    for name, tensor in tensors.items():
        require(numpy.isfinite(tensor).all(), f"{name} is not finite")
        require(numpy.ptp(tensor) > 0, f"{name} is constant: it was not trained")
    print(f"{len(tensors)} tensors, {sum(tensor.size for tensor in tensors.values())} numbers, read by another reader")


def tests(log):
    text = pathlib.Path(log).read_text()
    # A build that is cancelled from outside lets old tests run and still ends with 0.
    require("Build complete!" in text and "Build cancelled" not in text, "the build did not come to its end")
    runs = re.findall(r"Test run with (\d+) tests?.*? passed", text)
    count = sum(int(number) for number in runs)
    require(count > 100, f"only {count} tests ran")
    for line in re.findall(r".*\bskipped\b.*", text, flags=re.IGNORECASE):
        print(line.strip())
    print(f"{count} tests passed")


{"forecast": forecast, "safetensors": safetensors, "tests": tests}[sys.argv[1]](*sys.argv[2:])
