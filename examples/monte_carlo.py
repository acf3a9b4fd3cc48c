# Throws darts at a circle until pi is known well enough: results are used as they come, more are asked for as needed.
#     mpirun -n 5 rankine run monte_carlo.py        (or: python3 monte_carlo.py)
import random

from dask.distributed import Client, as_completed


def throw(seed, darts):
    generator = random.Random(seed)
    hits = 0
    for dart in range(darts):
        x = generator.random()
        y = generator.random()
        if x * x + y * y <= 1:
            hits += 1
    return seed, hits


def main():
    client = Client()
    darts, batches = 2000, 24
    futures = [client.submit(throw, seed, darts) for seed in range(8)]
    asked = len(futures)
    results = {}
    completed = as_completed(futures)
    for future in completed:
        seed, hits = future.result()
        results[seed] = hits
        if asked < batches:  # one comes, another one goes
            completed.add(client.submit(throw, asked, darts))
            asked += 1
    total = sum(results[seed] for seed in sorted(results))
    print("batches:", len(results), "hits:", total)
    print("pi is about", round(4 * total / (darts * len(results)), 4))
    client.close()


if __name__ == "__main__":
    main()
