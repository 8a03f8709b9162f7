"""Bars of seconds from JSON on standard input into an SVG file; runs where matplotlib is installed.

python plot_script.py PATH < seconds.json
"""

import json
import sys

import matplotlib as mpl  # type: ignore[import-not-found]
from matplotlib import pyplot as plt

seconds = sorted(json.load(sys.stdin).items(), key=lambda item: -item[1])
names, values = zip(*seconds, strict=True)
mpl.rcParams["svg.hashsalt"] = "batch"
figure, axes = plt.subplots(figsize=(7.2, 0.42 * len(names) + 0.9))
colours = ["#1f6feb" if name == "batch run" else "#9aa4b2" for name in names]
bars = axes.barh(names, values, color=colours, height=0.62)
axes.bar_label(bars, labels=[f"{value:.1f} s" for value in values], padding=4)
axes.set_xlim(0, max(values) * 1.12)
axes.set_xlabel("seconds for 1,000 cells of 50 tokens, whole process, one core (less is better)")
axes.spines[["top", "right", "left"]].set_visible(False)
axes.tick_params(left=False)
figure.tight_layout()
figure.savefig(sys.argv[1], metadata={"Date": None}, facecolor="white")
