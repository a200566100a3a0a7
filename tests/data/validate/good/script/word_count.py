#!/usr/bin/env python3
"""Counts words in the files given, or in this one."""
from __future__ import annotations

import argparse
import collections
import pathlib
import re
import sys


def words(text: str) -> collections.Counter[str]:
    return collections.Counter(w.lower() for w in re.findall(r"[\w']+", text))


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", type=pathlib.Path, default=[pathlib.Path(__file__)])
    parser.add_argument("-n", "--top", type=int, default=10)
    args = parser.parse_args(argv)
    total: collections.Counter[str] = collections.Counter()
    for path in args.files:
        try:
            total += words(path.read_text(encoding="utf-8"))
        except OSError as error:
            print(f"{path}: {error.strerror}", file=sys.stderr)
            return 1
    for word, count in total.most_common(args.top):
        print(f"{count:>6}  {word}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
