#!/usr/bin/env python3
"""Runs every X.py of a folder with Kayton beside its twins X.cpp (g++ -O2) and X.rs (rustc -O), as whole processes in turn.

    tests/bench/programs.py FOLDER [NAME ...] [--kayton build/release/bin/kayton] [--runs 5]

Prints the least time of each, processor time of all its processes, and the ratios to C++; then the geometric means. Kayton's
first run, which compiles, is apart: `cold`. The output of all must be the same, or it says so and ends with 1.
"""
import argparse
import math
import pathlib
import resource
import shutil
import subprocess
import sys
import tempfile
import time


def timed(command):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    done = subprocess.run(command, capture_output=True, check=True)
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, done.stdout


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--kayton", default="build/release/bin/kayton")
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    compilers = {"cpp": ["g++", "-O2", "-o"], "rs": ["rustc", "-O", "-o"]}
    ratios, differ = [], False
    print(f"{'program':16} {'C++':>8} {'Rust':>8} {'Kayton':>8} {'cold':>8}   {'Rust/C++':>8} {'Kayton/C++':>10} {'of CPU':>7}")
    with tempfile.TemporaryDirectory() as work:
        for source in sorted(options.folder.glob("*.py")):
            if options.names and source.stem not in options.names or not source.with_suffix(".cpp").exists():
                continue
            commands = {}
            for language, compiler in compilers.items():
                twin, binary = source.with_suffix("." + language), f"{work}/{source.stem}.{language}.bin"
                if twin.exists() and shutil.which(compiler[0]):
                    subprocess.run([*compiler, binary, twin], check=True, stderr=subprocess.DEVNULL)
                    commands[language] = [binary]
            program = pathlib.Path(work) / f"{source.stem}.kay"
            program.write_text(source.read_text() + f"\n# {time.time_ns()}\n")  # in no cache yet
            commands["kayton"] = [options.kayton, "run", str(program)]
            cold = timed(commands["kayton"])[0]
            least = {name: (math.inf, math.inf) for name in commands}
            outputs = set()
            for _ in range(options.runs):
                for name, command in commands.items():
                    wall, cpu, output = timed(command)
                    least[name] = min(least[name][0], wall), min(least[name][1], cpu)
                    outputs.add(output)
            (cpp, cpp_cpu), (kayton, kayton_cpu), (rust, _) = least["cpp"], least["kayton"], least.get("rs", (math.nan, 0))
            ratios.append((kayton / cpp, kayton_cpu / cpp_cpu))
            print(f"{source.stem:16} {cpp:8.3f} {rust:8.3f} {kayton:8.3f} {cold:8.3f}   {rust / cpp:8.2f} {kayton / cpp:10.2f} "
                  f"{kayton_cpu / cpp_cpu:7.2f}{'' if len(outputs) == 1 else '   other output'}", flush=True)
            differ = differ or len(outputs) != 1
    if ratios:
        means = [math.exp(sum(math.log(r[i]) for r in ratios) / len(ratios)) for i in range(2)]
        print(f"geometric mean of Kayton/C++: {means[0]:.2f}, of processor time: {means[1]:.2f}")
    return 1 if differ or not ratios else 0


if __name__ == "__main__":
    sys.exit(main())
