#!/usr/bin/env python3
"""Prime numbers up to a limit, found by three methods that must agree, with their times.

Usage: python3 primes.py [LIMIT]   (2 to 20,000,000; 200,000 without an argument)
"""

import sys
import time

DEFAULT_LIMIT = 200_000
LARGEST_LIMIT = 20_000_000
SHOWN = 100


def trial_division(limit):
    """Divides every odd number by the primes up to its root."""
    primes = [2] if limit >= 2 else []
    for number in range(3, limit + 1, 2):
        for prime in primes:
            if prime * prime > number:
                primes.append(number)
                break
            if number % prime == 0:
                break
        else:
            primes.append(number)
    return primes


def sieve_of_eratosthenes(limit):
    """Crosses out the multiples of every prime, in one slice assignment each."""
    if limit < 2:
        return []
    is_prime = bytearray([1]) * (limit + 1)
    is_prime[0:2] = b"\0\0"
    for number in range(2, int(limit**0.5) + 1):
        if is_prime[number]:
            is_prime[number * number :: number] = bytes(len(range(number * number, limit + 1, number)))
    return [number for number, prime in enumerate(is_prime) if prime]


def sieve_of_odd_numbers(limit):
    """The same with the even numbers left out: half the memory, less than half the work."""
    if limit < 2:
        return []
    is_prime = bytearray([1]) * ((limit + 1) // 2)  # index i stands for 2 i + 1
    is_prime[0:1] = b"\0"
    for index in range(1, (int(limit**0.5) + 1) // 2):
        if is_prime[index]:
            start = 2 * index * (index + 1)
            is_prime[start :: 2 * index + 1] = bytes(len(range(start, len(is_prime), 2 * index + 1)))
    return [2] + [2 * index + 1 for index, prime in enumerate(is_prime) if prime]


METHODS = [trial_division, sieve_of_eratosthenes, sieve_of_odd_numbers]


def timed(method, limit):
    start = time.perf_counter()
    primes = method(limit)
    return primes, time.perf_counter() - start


def print_columns(numbers, columns=10):
    width = max(len(str(number)) for number in numbers) + 2
    for start in range(0, len(numbers), columns):
        print("".join(f"{number:>{width}}" for number in numbers[start : start + columns]))


def print_powers(primes, limit):
    print("        up to      primes     share   twin pairs   widest gap")
    bound = 10
    while True:
        bound = min(bound, limit)
        here = [prime for prime in primes if prime <= bound]
        gaps = [b - a for a, b in zip(here, here[1:])]
        print(f"  {bound:>11,}  {len(here):>10,}  {len(here) / bound:>7.1%}  {gaps.count(2):>11,}  {max(gaps, default=0):>11,}")
        if bound == limit:
            return
        bound *= 10


def read_limit(arguments):
    if not arguments:
        return DEFAULT_LIMIT
    text = arguments[0].replace(",", "").replace("_", "")
    if not text.isascii() or not text.isdigit() or not 2 <= int(text[:12]) <= LARGEST_LIMIT:
        sys.exit(f"the limit must be a whole number from 2 to {LARGEST_LIMIT:,}")
    return int(text)


def main():
    limit = read_limit(sys.argv[1:])
    print(f"Prime numbers up to {limit:,}\n")
    results = [(method, *timed(method, limit)) for method in METHODS]
    _, primes, slowest = max(results, key=lambda result: result[2])
    if any(found != primes for _, found, _ in results):
        print("The methods do not agree.", file=sys.stderr)
        return 1

    print(f"The first {min(SHOWN, len(primes))}")
    print_columns(primes[:SHOWN])
    print("\nHow they thin out")
    print_powers(primes, limit)
    print("\nHow long it took")
    for method, found, seconds in results:
        print(f"  {method.__name__.replace('_', ' '):<24} {seconds * 1000:>10,.1f} ms   {slowest / seconds:>6.1f} times as fast   {len(found):,} primes")
    print(f"\nThe largest is {primes[-1]:,}. All {len(METHODS)} methods agree.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
