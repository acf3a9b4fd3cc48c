# Runs a small model for many parameters with futures, and looks for the best.
#     mpirun -n 5 rankine run parameter_sweep.py        (or: python3 parameter_sweep.py)
import math

from dask.distributed import Client, wait


def simulate(growth, capacity, steps=200):
    """A logistic map; gives the mean of its last half."""
    x = 0.1
    total = 0.0
    for step in range(steps):
        x = growth * x * (1 - x / capacity)
        if step >= steps // 2:
            total += x
    return {"growth": growth, "capacity": capacity, "mean": total / (steps - steps // 2)}


def distance(result, target):
    return abs(result["mean"] - target)


def main():
    client = Client()
    sweep = [(2.5 + 0.1 * i, 1.0 + 0.25 * j) for i in range(12) for j in range(5)]
    runs = [client.submit(simulate, growth, capacity) for growth, capacity in sweep]
    scores = client.map(distance, runs, target=math.log(3))
    wait(scores)
    best = min(range(len(runs)), key=lambda i: scores[i].result())
    print("runs:", len(runs))
    print("best:", {key: round(value, 6) for key, value in runs[best].result().items()})
    print("mean of means:", round(sum(r["mean"] for r in client.gather(runs)) / len(runs), 9))
    client.close()


if __name__ == "__main__":
    main()
