# As Dask's examples have it: graphs that grow as results come, chunks of work per task, delayed over loops with conditions,
# functions with side results, names let go, best practices.
import operator
import time
from functools import partial, reduce
from operator import add, mul

import dask
from dask import compute, delayed
from dask.distributed import Client, as_completed, wait


def inc(x):
    time.sleep(0.001)
    return x + 1


def double(x):
    return 2 * x


def is_even(x):
    return not x % 2


def process(filename):
    name, *rest = filename.split("-")
    destination = f"results/{name}"
    return destination, len(rest)


def chunk_of(L):
    total = 0
    for x in L:
        total += inc(x)
    return total


def batch(seq):
    sub_results = []
    for x in seq:
        sub_results.append(double(x))
    return sub_results


def main():
    client = Client(threads_per_worker=4, n_workers=1)
    client.cluster.scale(10)

    zs = []
    for i in range(32):
        x = client.submit(inc, i)
        y = client.submit(double, x)
        z = client.submit(add, x, y)
        zs.append(z)
    total = client.submit(sum, zs)
    print(total.result())

    L = zs
    while len(L) > 1:
        new_L = []
        for i in range(0, len(L), 2):
            future = client.submit(add, L[i], L[i + 1])
            new_L.append(future)
        L = new_L
    print(L[0].result())
    del future, L, new_L, total

    zs = client.map(inc, zs)
    seq = as_completed(zs)
    while seq.count() > 2:
        a = next(seq)
        b = next(seq)
        new = client.submit(add, a, b)
        seq.add(new)
    print(sum(f.result() for f in seq))

    results = []
    for filename in [f"file{i}-part-{i}" for i in range(5)]:
        results.append(delayed(process)(filename))
    print(dask.compute(results))
    print(dask.compute(*results)[1])

    lazy = [delayed(chunk_of)(list(range(i, i + 10))) for i in range(0, 40, 10)]
    print(delayed(sum)(lazy).compute(), dask.compute(*[dask.delayed(batch)(range(i, i + 3)) for i in (0, 3)]))

    data = [1, 2, 3, 4, 5]
    output = []
    for x in data:
        a = dask.delayed(inc)(x)
        b = dask.delayed(double)(x)
        c = dask.delayed(add)(a, b)
        output.append(c)
    total = dask.delayed(sum)(output)
    print(total.compute(), sum(output).compute())

    @dask.delayed
    def choose(x, flag=False):
        if is_even(x) and not flag:
            return {"even": x}
        return {"odd": x, "flag": flag}

    print(compute([choose(i, flag=i > 3) for i in range(5)])[0])
    print(delayed(operator.mul)(6, 7).compute(), delayed(mul)(2, delayed(operator.neg)(3)).compute())
    power = partial(pow, 2)
    print(client.gather(client.map(power, range(5))), reduce(add, range(5)), client.submit(partial(add, 10), 5).result())
    print(reduce(operator.add, [delayed(inc)(i) for i in range(4)]).compute())

    def best(scores):
        return sorted(scores, key=operator.itemgetter(1), reverse=True)[0]

    scores = client.map(lambda n: (n, (n - 3) ** 2), range(8))
    print(client.submit(best, scores).result())
    unique = {f.result() % 3 for f in client.map(double, range(10))}
    print(sorted(unique))
    futures = client.map(inc, range(4), key="step")
    wait(futures)
    print([f.status for f in futures], all(f.done() for f in futures))
    client.close()


if __name__ == "__main__":
    main()
