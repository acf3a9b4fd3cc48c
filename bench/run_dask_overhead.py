"""Overhead of a task in dask.distributed against Rankine, same machine, same graphs.

    /usr/bin/python3 bench/run_dask_overhead.py BIN_DIR [--repetitions N] [--tasks N]

A map of 20,000 empty tasks, a tree reduction over them (fan-in 8), and a stencil of 2 x 1,000 steps, on one scheduler
process and one worker process with one thread (the stencil: two workers). Rankine runs the same shapes in
bench_empty_tasks and bench_stencil under mpirun. Overhead is wall time over tasks, for tasks that do nothing; medians.
The results are checked: every task adds one to the sum of its inputs.
"""
import argparse
import os
import statistics
import subprocess
import time

from dask.distributed import Client, wait


def one_more(*inputs):
    return 1 + sum(inputs)


def larger(a, b):
    return 1 + max(a, b)


def tree_graph(leaves):
    graph = {("level", 0, i): (one_more,) for i in range(leaves)}
    level, width = 0, leaves
    while width > 1:
        below, width, level = width, (width + 7) // 8, level + 1
        for i in range(width):
            graph[("level", level, i)] = (one_more, *[("level", level - 1, k) for k in range(8 * i, min(below, 8 * i + 8))])
    return graph, ("level", level, 0), len(graph)


def stencil_graph(steps):
    graph = {("step", 0, i): (one_more,) for i in range(2)}
    for step in range(1, steps):
        for i in range(2):
            graph[("step", step, i)] = (larger, ("step", step - 1, 0), ("step", step - 1, 1))
    return graph, ("step", steps - 1, 0), steps


def dask_map_us(client, tasks, repetitions):
    times = []
    for _ in range(repetitions):
        begin = time.perf_counter()
        futures = client.map(one_more, range(tasks), pure=False)
        wait(futures)
        times.append(time.perf_counter() - begin)
        if client.gather(futures[-1]) != tasks:
            raise SystemExit("the answer of dask is wrong")
        del futures
        time.sleep(0.5)
    print("#   seconds", *[f"{t:.3f}" for t in times])
    return 1e6 * statistics.median(times) / tasks


def dask_graph_us(client, graph, key, expected, repetitions):
    times = []
    for _ in range(repetitions):
        begin = time.perf_counter()
        answer = client.get(graph, key)
        times.append(time.perf_counter() - begin)
        if answer != expected:
            raise SystemExit("the answer of dask is wrong")
        time.sleep(0.5)
    print("#   seconds", *[f"{t:.3f}" for t in times])
    return 1e6 * statistics.median(times) / len(graph)


def rankine_lines(binary, *words):
    environment = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
    out = subprocess.run(["mpirun", "--oversubscribe", "-n", "2", binary, *map(str, words)], check=True, text=True,
                         capture_output=True, env=environment).stdout
    print("\n".join("#   " + line for line in out.splitlines()))
    return {line.split()[0]: float(line.split()[1]) for line in out.splitlines() if not line.startswith("#")}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bin_dir")
    parser.add_argument("--tasks", type=int, default=20000)
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--repetitions", type=int, default=3)
    options = parser.parse_args()

    dask = {}
    with Client(n_workers=1, threads_per_worker=1, processes=True, dashboard_address=None) as client:
        print("# dask map")
        dask["map"] = dask_map_us(client, options.tasks, options.repetitions)
        print("# dask tree")
        dask["tree"] = dask_graph_us(client, *tree_graph(options.tasks), options.repetitions)
    with Client(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as client:
        print("# dask stencil")
        dask["stencil"] = dask_graph_us(client, *stencil_graph(options.steps), options.repetitions)

    print("# rankine map, tree")
    empty = rankine_lines(os.path.join(options.bin_dir, "bench_empty_tasks"), "--tasks", options.tasks, "--tree",
                          options.tasks, "--chain", 2000, "--repetitions", 2 * options.repetitions + 1)
    print("# rankine stencil")
    stencil = rankine_lines(os.path.join(options.bin_dir, "bench_stencil"), "--steps", options.steps,
                            "--repetitions", options.repetitions)
    # The shortest task of the curve: task time over efficiency is the time of a step of two tasks.
    shortest = min((float(k.split("_")[2]), v) for k, v in stencil.items() if k.startswith("efficiency_at_"))
    rankine = {"map": 1e6 / empty["tasks_per_second"], "tree": 1e6 / empty["tree_tasks_per_second"],
               "stencil": (shortest[0] / shortest[1] - shortest[0]) / 2}
    for name in dask:
        print(f"dask_{name}_overhead {dask[name]:.2f} us")
        print(f"rankine_{name}_overhead {rankine[name]:.3f} us")
        print(f"{name}_overhead_ratio {dask[name] / rankine[name]:.0f} 1")


if __name__ == "__main__":
    main()
