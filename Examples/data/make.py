"""Writes sunspots.csv and co2.csv beside this file from the figures in the statsmodels package.

    python -m pip install statsmodels
    python Examples/data/make.py
"""

import math
import pathlib

import statsmodels.api as sm

here = pathlib.Path(__file__).resolve().parent


def number(value):
    return "" if math.isnan(value) else repr(round(float(value), 4))


sunspots = sm.datasets.sunspots.load_pandas().data
with open(here / "sunspots.csv", "w", newline="\n") as file:
    file.write("year,sunspots\n")
    for year, count in zip(sunspots["YEAR"], sunspots["SUNACTIVITY"]):
        file.write(f"{int(year)},{number(count)}\n")

co2 = sm.datasets.co2.load_pandas().data["co2"]
with open(here / "co2.csv", "w", newline="\n") as file:
    file.write("date,co2\n")
    for date, value in co2.items():
        file.write(f"{date:%Y-%m-%d},{number(value)}\n")
