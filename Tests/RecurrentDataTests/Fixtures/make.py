"""Writes the golden values of the tests beside this file.

    python -m pip install numpy pandas statsmodels utilsforecast
    python Tests/RecurrentDataTests/Fixtures/make.py

Each file is plain text: a word, then values, separated by tabs.
"""

import csv
import datetime
import io
import math
import pathlib
import random
import struct

import numpy as np
import pandas as pd
import statsmodels.api as sm
from statsmodels.tsa.seasonal import seasonal_decompose
from statsmodels.tsa.stattools import acf
from utilsforecast import losses

here = pathlib.Path(__file__).resolve().parent
rng = np.random.default_rng(20240131)
random.seed(20240131)


def line(file, name, values):
    file.write("\t".join([name] + [repr(float(v)) for v in np.atleast_1d(values)]) + "\n")


# ---- metrics --------------------------------------------------------------------------------------------------------
def weighted_quantile_loss(actual, levels, quantiles):
    # Written from the definition in the GluonTS documentation.
    total = 0.0
    for level, forecast in zip(levels, quantiles):
        total += np.sum(2 * np.abs((actual - forecast) * ((actual <= forecast) - level))) / np.sum(np.abs(actual))
    return total / len(levels)


def naive2(training, season, horizon):
    # The M4 benchmark: 90 % test on the autocorrelation, then classical multiplicative decomposition.
    count = len(training)
    seasonal = False
    if count >= 3 * season:
        correlation = acf(training, nlags=season, fft=False)
        limit = 1.645 / math.sqrt(count) * math.sqrt(1 + 2 * np.sum(correlation[1:season] ** 2))
        seasonal = abs(correlation[season]) > limit
    if not seasonal:
        return np.repeat(training[-1], horizon), seasonal
    parts = seasonal_decompose(training, model="multiplicative", period=season)
    level = training[-1] / parts.seasonal[-1]
    last = parts.seasonal[-season:]
    return level * np.array([last[i % season] for i in range(horizon)]), seasonal


with open(here / "metrics.txt", "w", newline="\n") as file:
    for case, (season, horizon, length) in enumerate([(1, 5, 20), (12, 18, 61), (24, 48, 200), (7, 14, 20), (4, 8, 40)]):
        time = np.arange(length + horizon)
        series = 50 + 0.2 * time + rng.normal(0, 2, length + horizon)
        if case != 3:
            series = series * (1 + 0.3 * np.sin(2 * np.pi * time / max(season, 5)))
        training, actual = series[:length], series[length:]
        forecast = actual + rng.normal(0, 3, horizon)
        levels = np.arange(1, 10) / 10
        quantiles = np.sort(forecast + rng.normal(0, 2, (9, horizon)), axis=0)
        frame = pd.DataFrame({"unique_id": "a", "y": actual, "f": forecast})
        past = pd.DataFrame({"unique_id": "a", "y": training})
        file.write(f"case\t{case}\t{season}\t{horizon}\n")
        line(file, "training", training)
        line(file, "actual", actual)
        line(file, "forecast", forecast)
        for quantile in quantiles:
            line(file, "quantile", quantile)
        line(file, "mae", losses.mae(frame, ["f"])["f"].iloc[0])
        line(file, "mse", losses.mse(frame, ["f"])["f"].iloc[0])
        line(file, "rmse", losses.rmse(frame, ["f"])["f"].iloc[0])
        # utilsforecast leaves out the factor 200 of the M4 definition.
        line(file, "smape", 200 * losses.smape(frame, ["f"])["f"].iloc[0])
        line(file, "mase", losses.mase(frame, ["f"], season, past)["f"].iloc[0])
        line(file, "rmsse", losses.rmsse(frame, ["f"], season, past)["f"].iloc[0])
        line(file, "wql", weighted_quantile_loss(actual, levels, quantiles))
        line(file, "coverage", np.mean((quantiles[0] <= actual) & (actual <= quantiles[8])))
        values, seasonal = naive2(training, season, horizon) if season > 1 else (np.repeat(training[-1], horizon), False)
        line(file, "naive2", values)
        line(file, "seasonal", float(seasonal))

# ---- numbers --------------------------------------------------------------------------------------------------------
with open(here / "numbers.txt", "w", newline="\n") as file:
    texts = ["0", "-0", "+1", "1.", ".5", "1e22", "1e23", "9007199254740993", "0.1", "4.9e-324", "2.2250738585072011e-308",
             "1.7976931348623157e308", "123456789012345678901234567890", "0.000000000000000000000000000000001",
             "2.5e-324", "8.988465674311579e307", "1e-400", "00012.50", "5E+2", "3e-5"]
    for _ in range(1500):
        mantissa = "".join(random.choice("0123456789") for _ in range(random.randint(1, 25)))
        point = random.randint(0, len(mantissa))
        text = random.choice(["", "-", "+"]) + mantissa[:point] + random.choice([".", "."]) + mantissa[point:]
        if random.random() < 0.5:
            text += random.choice("eE") + str(random.randint(-40, 25))
        texts.append(text)
    for _ in range(500):
        bits = random.getrandbits(63)
        value = struct.unpack("<d", struct.pack("<Q", bits))[0]
        if math.isfinite(value):
            texts.append(repr(value))
    for text in texts:
        file.write(f"{text}\t{struct.pack('>d', float(text)).hex()}\n")

# ---- times ----------------------------------------------------------------------------------------------------------
epoch = datetime.datetime(1970, 1, 1)


def micros(moment):
    return (moment - epoch) // datetime.timedelta(microseconds=1)


with open(here / "calendar.txt", "w", newline="\n") as file:
    # year, month, day, days since 1970, day of the year, weekday from Monday = 0, ISO year, ISO week
    days = [datetime.date(1, 1, 1), datetime.date(9999, 12, 31), datetime.date(1969, 12, 31), datetime.date(1970, 1, 1),
            datetime.date(2000, 2, 29), datetime.date(1900, 2, 28), datetime.date(2020, 12, 31), datetime.date(2021, 1, 1)]
    days += [datetime.date.fromordinal(random.randint(1, 3652059)) for _ in range(400)]
    for day in days:
        iso = day.isocalendar()
        file.write(f"{day.year}\t{day.month}\t{day.day}\t{day.toordinal() - 719163}\t{day.timetuple().tm_yday}"
                   f"\t{day.weekday()}\t{iso[0]}\t{iso[1]}\n")

with open(here / "steps.txt", "w", newline="\n") as file:
    # name, then the stamps of a regular index in microseconds
    for name, freq, start in [
        ("yearly", "YS", "1700-01-01"), ("yearly", "YE", "1999-12-31"), ("quarterly", "QE", "2019-12-31"),
        ("quarterly", "QS", "2019-10-01"), ("monthly", "ME", "2019-12-31"), ("monthly", "MS", "2020-01-01"),
        ("every 2 months", "2MS", "2020-01-01"), ("weekly", "W-SAT", "1958-03-29"), ("daily", "D", "2020-02-20"),
        ("business daily", "B", "2024-01-03"), ("hourly", "h", "2016-07-01 00:00"), ("every 5 minutes", "5min", "2015-02-26 21:42:53"),
        ("every 15 minutes", "15min", "2024-12-31 22:00"), ("every 10 seconds", "10s", "2024-02-28 23:59:00"),
        ("every 2 weeks", "2W-MON", "2024-01-01"), ("every 250 milliseconds", "250ms", "2024-01-01"),
    ]:
        index = pd.date_range(start, periods=40, freq=freq)
        file.write("\t".join([name] + [str(micros(t.to_pydatetime())) for t in index]) + "\n")

# ---- tables ---------------------------------------------------------------------------------------------------------
# name, separator, then the file and its records as the csv module of Python reads them (strictly), all in hexadecimal.
pieces = ["", "a", "1.5", "é", "x y", " lead", "trail ", "日本", "\"", "\n", "\r\n", ",", ";", "\t", "''", "a\"b", "0"]
with open(here / "tables.txt", "w", newline="\n") as file:
    written = 0
    while written < 400:
        separator = random.choice(",;\t|")
        ending = random.choice(["\n", "\r\n", "\r"])
        text = ""
        for _ in range(random.randint(1, 8)):
            fields = []
            for _ in range(random.randint(1, 5)):
                field = "".join(random.choice(pieces) for _ in range(random.randint(0, 3)))
                if random.random() < 0.7 and (any(c in field for c in "\"\r\n" + separator) or random.random() < 0.2):
                    field = '"' + field.replace('"', '""') + '"'
                fields.append(field)
            text += separator.join(fields) + ending
        if random.random() < 0.5:
            text = text[: -len(ending)]
        try:
            records = [r for r in csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True) if r]
        except csv.Error:
            records = None
        bytes_ = text.encode()
        if not bytes_:
            continue
        shown = "error" if records is None else "/".join(
            ",".join(f.encode().hex() or "-" for f in record) for record in records)
        file.write(f"{ord(separator)}\t{bytes_.hex()}\t{shown}\n")
        written += 1
