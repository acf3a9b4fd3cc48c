# The graph of Dask's tutorials: inc, double, add over many items, summed up. Every call sleeps as real work would take time.
#     mpirun -n 5 rankine run --threads 8 delayed_loop.py [ITEMS [SECONDS]]        (or: python3 delayed_loop.py)
import sys
import time

import dask
from dask import delayed


@delayed
def inc(x, seconds):
    time.sleep(seconds)
    return x + 1


@delayed
def double(x, seconds):
    time.sleep(seconds)
    return 2 * x


@delayed
def add(x, y, seconds):
    time.sleep(seconds)
    return x + y


def main():
    items = int(sys.argv[1]) if len(sys.argv) > 1 else 256
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 0.02
    begin = time.time()
    output = []
    for x in range(items):
        a = inc(x, seconds)
        b = double(x, seconds)
        output.append(add(a, b, seconds))
    total = delayed(sum)(output)
    print("total:", total.compute())
    elapsed = time.time() - begin
    print(f"{3 * items * seconds / elapsed:.1f} times faster than one call after the other", file=sys.stderr)


if __name__ == "__main__":
    main()
