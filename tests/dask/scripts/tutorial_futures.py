# As Dask's tutorial and examples have it: submit, map, gather, scatter, futures as arguments, wait, as_completed.
import random
import time

from dask import delayed
from dask.distributed import Client, LocalCluster, as_completed, progress, wait


def inc(x):
    time.sleep(random.random() / 100)
    return x + 1


def double(x):
    time.sleep(random.random() / 100)
    return 2 * x


def add(x, y):
    time.sleep(random.random() / 100)
    return x + y


def fail(x):
    return x / 0


def main():
    with Client() as client:
        x = client.submit(inc, 1)
        y = client.submit(double, 2)
        z = client.submit(add, x, y)
        print(x.result(), y.result(), z.result(), z.done(), z.status)

        zs = []
        for i in range(64):
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
        print(client.gather(L))

        futures = client.map(inc, range(10), pure=False)
        wait(futures)
        print(client.gather(futures), [f.status for f in futures[:3]])
        print(sorted(f.result() for f in as_completed(client.map(double, range(8)))))
        print(sorted(result for future, result in as_completed(client.map(double, range(5, 9)), with_results=True)))
        waited = wait(client.map(inc, [1, 2, 3]))
        print(len(waited.done), len(waited.not_done))

        big = client.scatter([1, 2, 3])
        print(client.submit(add, big[0], big[2]).result(), client.gather(client.scatter({"a": 1, "b": [2]})))
        print(client.map(add, [1, 2], [10, 20])[1].result(), client.submit(add, x=1, y=2).result())
        by_future = {client.submit(inc, i): i for i in (5, 6)}
        print(sorted(by_future[future] for future in as_completed(by_future)))

        lost = client.submit(fail, 1)
        wait(lost)
        print(lost.status, repr(lost.exception()), client.submit(inc, 1).exception())
        print(client.gather(client.map(inc, [1, 2]) + [lost], errors="skip"))
        print(client.compute(delayed(add)(1, delayed(inc)(2))).result(), client.compute([delayed(inc)(5)])[0].result())
        same = client.submit(sum, [1, 2]) == client.submit(sum, [1, 2])
        print(client.submit(lambda values: [v * 2 for v in values], client.map(inc, range(4))).result())
        cancelled = client.submit(time.sleep, 0.3)
        cancelled.cancel()
        print(cancelled.cancelled(), cancelled.status)


if __name__ == "__main__":
    main()
