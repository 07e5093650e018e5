"""Many evenings on the street, each from a seed of its own: `make simulate SEEDS=1000`."""

import argparse
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed

from tests.simulation.evening import SIZE, Failed, evening


def one(seed: int, size: int, minutes: int | None) -> tuple[int, int, str | None]:
    try:
        judge = evening(seed, size=size, minutes=minutes)
    except Failed as error:
        return 0, 0, str(error)
    return judge.answers, judge.looks, None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20, help="how many evenings")
    parser.add_argument("--seed", type=int, default=1, help="the first one")
    parser.add_argument("--size", type=int, default=SIZE, help="sites on the street")
    parser.add_argument("--minutes", type=int, help="how long the trouble lasts; else each seed has its own")
    asked = parser.parse_args()
    began, answers, looks, failed = time.monotonic(), 0, 0, 0
    with ProcessPoolExecutor(max_workers=os.cpu_count()) as pool:
        seeds = range(asked.seed, asked.seed + asked.seeds)
        running = [pool.submit(one, seed, asked.size, asked.minutes) for seed in seeds]
        for count, done in enumerate(as_completed(running), 1):
            more_answers, more_looks, trouble = done.result()
            answers, looks, failed = (
                answers + more_answers,
                looks + more_looks,
                failed + (trouble is not None),
            )
            if trouble:
                sys.stdout.write(f"\n{trouble}\n")
            passed = time.monotonic() - began
            sys.stderr.write(f"\r{count} of {asked.seeds} evenings, {failed} failed, {passed:.0f} s ")
    sys.stdout.write(
        f"\n{asked.seeds} evenings of {asked.size} sites: {answers} agreements and {looks} limits looked at, "
        f"{failed} evenings failed\n"
    )
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
