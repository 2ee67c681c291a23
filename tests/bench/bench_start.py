"""How long `polyrules --help` takes over bare Python, in alternating runs.

python tests/bench/bench_start.py [--runs N]
"""

import argparse
import compileall
import statistics
import subprocess
import sys
from pathlib import Path
from time import perf_counter

GOAL_MS = 60
POLYRULES = Path(sys.executable).parent / "polyrules"
SUBJECTS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "polyrules --help": [str(POLYRULES), "--help"],
    "polyrules features": [str(POLYRULES), "features"],
    "polyrules validate longshot_yes": [str(POLYRULES), "validate", "longshot_yes"],
}


def took_ms(command: list[str]) -> float:
    """Return the wall time of one run [ms]."""
    began = perf_counter()
    subprocess.run(  # noqa: S603 - our own command
        command, check=True, stdout=subprocess.DEVNULL
    )
    return (perf_counter() - began) * 1000


def main() -> None:
    """Print the median of each subject and what it takes over bare Python."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=25)
    runs = parser.parse_args().runs
    compileall.compile_dir(Path(__file__).parents[2] / "polyrules", quiet=1)
    times: dict[str, list[float]] = {name: [] for name in SUBJECTS}
    for _ in range(runs + 1):
        for name, command in SUBJECTS.items():
            times[name].append(took_ms(command))
    medians = {name: statistics.median(taken[1:]) for name, taken in times.items()}
    bare = medians["python -c pass"]
    print(f"{'command':34}{'median ms':>10}{'over bare':>11}   ({runs} runs each)")
    for name, median in medians.items():
        print(f"{name:34}{median:10.1f}{median - bare:11.1f}")
    over = medians["polyrules --help"] - bare
    print(f"goal: --help at most {GOAL_MS} ms over bare Python: {over <= GOAL_MS}")


if __name__ == "__main__":
    main()
