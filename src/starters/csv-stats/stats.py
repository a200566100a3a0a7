#!/usr/bin/env python3
"""Statistics of every column of a CSV file.

Usage: python3 stats.py [FILE...]
Without a name, every .csv or .tsv file beside this script is read; without one of those, built-in sample data.
"""

import collections
import csv
import io
import math
import os
import statistics
import sys

MISSING = {"", "na", "n/a", "nan", "null", "none", "-"}
BAR_WIDTH = 24

SAMPLE = """city,country,population_millions,area_km2,founded
Tokyo,Japan,13.96,2194,1457
Delhi,India,16.79,1484,
Shanghai,China,24.87,6341,1291
Sao Paulo,Brazil,12.33,1521,1554
Mexico City,Mexico,9.21,1485,1325
Cairo,Egypt,10.10,3085,969
Mumbai,India,12.48,603,1507
Beijing,China,21.89,16411,
Osaka,Japan,2.75,225,
Istanbul,Turkey,15.46,5343,660
Lagos,Nigeria,15.39,1171,1472
London,United Kingdom,8.80,1572,47
Paris,France,2.10,105,
New York,United States,8.80,784,1624
"""


def to_number(text):
    """The value of '1234.5', '1,234.5', '$12' or '12%'; None for anything else."""
    text = text.strip().lstrip("$€£").rstrip("%").strip()
    if "," in text:
        head, *groups = text.split(".")[0].split(",")
        if not head.lstrip("+-").isdigit() or len(head.lstrip("+-")) > 3 or any(len(g) != 3 or not g.isdigit() for g in groups):
            return None
        text = text.replace(",", "")
    if "_" in text:
        return None
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def show(value):
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}"
    return f"{value:,.4g}" if abs(value) < 1 else f"{value:,.2f}"


def read_text(path):
    with open(path, "rb") as file:
        raw = file.read()
    for encoding in ("utf-8-sig", "utf-16") if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig",):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return raw.decode("latin-1")


def parse(text):
    """(header, rows) of CSV text, whatever its separator. Short rows are filled up, long ones cut."""
    csv.field_size_limit(16 * 1024 * 1024)
    first = text.split("\n", 1)[0]
    separator = max(",;\t|", key=first.count)
    rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator) if any(cell.strip() for cell in row)]
    if not rows:
        return [], []
    header = [name.strip() or f"column {index}" for index, name in enumerate(rows[0], 1)]
    if all(to_number(name) is not None for name in rows[0]):
        header, body = [f"column {index}" for index in range(1, len(rows[0]) + 1)], rows
    else:
        body = rows[1:]
    return header, [(row + [""] * len(header))[: len(header)] for row in body]


def histogram(values, bins=8):
    low, high = min(values), max(values)
    if low == high:
        return []
    counts = [0] * bins
    for value in values:
        counts[min(bins - 1, int((value - low) / (high - low) * bins))] += 1
    width = (high - low) / bins
    return [(f"{show(low + width * i)} to {show(low + width * (i + 1))}", count) for i, count in enumerate(counts)]


def print_bars(pairs, indent="    "):
    if not pairs:
        return
    label_width = min(32, max(len(label) for label, _ in pairs))
    most = max(count for _, count in pairs)
    for label, count in pairs:
        short = label if len(label) <= label_width else label[: label_width - 1] + "…"
        bar = "█" * round(count / most * BAR_WIDTH) or ("▏" if count else "")
        print(f"{indent}{short:<{label_width}}  {count:>6,}  {bar}".rstrip())


def describe_numbers(values):
    figures = [
        ("sum", math.fsum(values)),
        ("mean", statistics.fmean(values)),
        ("median", statistics.median(values)),
        ("std dev", statistics.stdev(values) if len(values) > 1 else 0.0),
        ("min", min(values)),
        ("max", max(values)),
    ]
    if len(values) > 3:
        low, _, high = statistics.quantiles(values, n=4, method="inclusive")
        figures += [("25 %", low), ("75 %", high)]
    width = max(len(show(value)) for _, value in figures)
    for start in range(0, len(figures), 2):
        cells = [f"{name:<8} {show(value):>{width}}" for name, value in figures[start : start + 2]]
        print("    " + "     ".join(cells))
    print_bars(histogram(values))


def describe_column(name, cells):
    present = [cell.strip() for cell in cells if cell.strip().lower() not in MISSING]
    numbers = [number for number in map(to_number, present) if number is not None]
    # A stray "unknown" does not make a column of numbers a column of words.
    numeric = bool(numbers) and len(numbers) >= 0.8 * len(present)
    facts = [f"{len(present):,} values"]
    if len(present) < len(cells):
        facts.append(f"{len(cells) - len(present):,} missing")
    facts.append(f"{len(set(present)):,} distinct")
    if numeric and len(numbers) < len(present):
        facts.append(f"{len(present) - len(numbers):,} not a number")
    print(f"  {name}  ({'number' if numeric else 'text' if present else 'empty'}; {', '.join(facts)})")
    if numeric:
        describe_numbers(numbers)
    elif present:
        top = collections.Counter(present).most_common(5)
        if top[0][1] > 1:
            print_bars(top)
        else:
            print("    every value occurs once, for example " + ", ".join(present[:3]))
    print()


def report(title, text):
    header, rows = parse(text)
    print(title)
    print("=" * min(len(title), 78))
    if not header:
        print("The file is empty.\n")
        return
    print(f"{len(rows):,} rows, {len(header)} columns\n")
    for index, name in enumerate(header):
        describe_column(name, [row[index] for row in rows])


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    paths = sys.argv[1:] or sorted(os.path.join(here, name) for name in os.listdir(here) if name.lower().endswith((".csv", ".tsv")))
    if not paths:
        report("Sample data (put a .csv file beside this script to see its own figures)", SAMPLE)
        return 0
    failed = False
    for path in paths:
        try:
            report(os.path.basename(path), read_text(path))
        except (OSError, csv.Error) as error:
            print(f"{path}: {error}", file=sys.stderr)
            failed = True
    return 1 if failed else 0


if __name__ == "__main__":
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(encoding="utf-8", errors="replace")
    sys.exit(main())
