# Neighbours are added, and their sums again, until one is left: a tree that Dask's examples build by hand.
#     mpirun -n 5 rankine run tree_reduction.py        (or: python3 tree_reduction.py)
import dask


def load(i):
    return i * i


def add(x, y):
    return x + y


def main():
    level = [dask.delayed(load)(i) for i in range(1000)]
    heights = []
    while len(level) > 1:
        heights.append(len(level))
        pairs = [dask.delayed(add)(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)]
        level = pairs + level[len(level) // 2 * 2:]
    print("levels:", heights)
    print("sum of squares:", level[0].compute())


if __name__ == "__main__":
    main()
