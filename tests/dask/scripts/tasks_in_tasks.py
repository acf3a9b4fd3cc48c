# Tasks that submit tasks: get_client, worker_client, secede and rejoin, delayed inside tasks.
import dask
from dask import delayed
from dask.distributed import Client, as_completed, get_client, rejoin, secede, worker_client


def inc(x):
    return x + 1


def fib(n):
    if n < 2:
        return n
    client = get_client()
    a = client.submit(fib, n - 1, pure=False)
    b = client.submit(fib, n - 2, pure=False)
    secede()
    a, b = client.gather([a, b])
    rejoin()
    return a + b


def with_context(n):
    with worker_client() as client:
        futures = client.map(inc, range(n))
        total = client.submit(sum, futures)
        return total.result()


def seceding(n):
    client = get_client()
    futures = client.map(inc, range(n))
    secede()
    values = client.gather(futures)
    rejoin()
    return values


def lazily(n):
    parts = [delayed(inc)(i) for i in range(n)]
    return delayed(sum)(parts).compute()


def in_turn(n):
    client = get_client()
    seen = sorted(future.result() for future in as_completed(client.map(inc, range(n))))
    data = client.scatter([10, 20])
    return seen, client.submit(lambda a, b: a + b, data[0], data[1]).result(), [f.status for f in data]


def failing(x):
    client = get_client()
    future = client.submit(lambda a: 1 / a, x)
    try:
        return future.result()
    except ZeroDivisionError as e:
        return f"inner: {e}"


def raising(x):
    return get_client().submit(lambda a: {}[a], x).result()


def main():
    client = Client()
    print(client.submit(fib, 6).result())
    print(client.submit(with_context, 5).result(), client.submit(seceding, 4).result())
    print(client.submit(lazily, 6).result(), delayed(lazily)(3).compute(), client.submit(in_turn, 4).result())
    print(client.submit(failing, 0).result(), client.submit(failing, 4).result())
    try:
        client.submit(raising, "k").result()
    except KeyError as e:
        print("outer:", repr(e))
    print(client.gather(client.map(with_context, [1, 2, 3])), dask.compute(*[delayed(lazily)(i) for i in range(4)]))


if __name__ == "__main__":
    main()
