# As Dask's tutorial and best practices have it: delayed functions, decorators with options, :=, annotations, batches of completed futures.
from time import sleep, time
import dask
from dask import delayed, compute
from dask.distributed import Client, as_completed

def inc(x):
    """Increments x by one"""
    sleep(0.01)
    return x + 1

def add(x, y):
    """Adds x and y"""
    sleep(0.01)
    return x + y

def main():
    client = Client(n_workers=1, threads_per_worker=4, processes=False, dashboard_address=None)
    start = time()
    x = delayed(inc)(1)
    y = delayed(inc)(2)
    z = delayed(add)(x, y)
    print(z.compute(), time() - start < 10)
    print(type(z).__name__)
    data = list(range(1, 9))
    total = sum([delayed(inc)(v) for v in data])
    result = total.compute()
    print(f"{result = }")
    if (n := len(data)) > 3:
        print("walrus", n)
    while (v := data.pop()) > 6:
        print(v)

    @delayed(pure=True)
    def mul(a, b=2):
        return a * b
    print(mul(3).compute(), mul(3, b=5).compute(), mul(3).key == mul(3).key)

    @dask.delayed(nout=2)
    def minmax(values):
        return min(values), max(values)
    lo, hi = minmax([3, 1, 2])
    print(dask.compute(lo, hi))
    a, b = delayed(divmod, nout=2)(17, 5)
    print(compute(a, b), len(minmax([1, 2])))
    lazy = delayed([1, 2, delayed(inc)(2)])
    print(lazy.compute(), lazy[2].compute())
    text = delayed("a,b,c").split(",")
    print(text.compute(), text[1].upper().compute())
    print((delayed(3) ** 2 // 2 - 1).compute(), (-delayed(3)).compute(), (delayed(2) < 3).compute(), abs(delayed(-2)).compute())
    with dask.config.set(scheduler="threads"):
        print(delayed(inc)(5).compute())
    dask.config.set({"array.chunk-size": "64MiB"})
    print(delayed(inc)(5).compute(scheduler="sync"), delayed(inc)(5).compute(scheduler="threads", num_workers=2))
    (opt,) = dask.optimize(delayed(inc)(1))
    print(opt.compute())
    print(dask.is_dask_collection(x), dask.is_dask_collection(3))
    results = {}
    for name in ["a", "b"]:
        results[name] = {"sum": delayed(sum)([1, 2]), "n": delayed(len)(name)}
    (r,) = dask.compute(results)
    print(r)
    with dask.annotate(priority=5, retries=2):
        with dask.annotate(note="inner"):
            noted = delayed(inc)(10)
        print(noted.compute(), client.submit(inc, 11, pure=False).result())
    seen = []
    for batch in as_completed(client.map(inc, range(6))).batches():
        seen += [future.result() for future in batch]
    print(sorted(seen))
    squares = [y for v in range(5) if (y := v * v) > 3]
    print(squares, y, f"{(k := 7) + 1}", k)

    def largest(values):
        if values and (top := max(values)) > 2:
            return top
        return None

    print(largest([1, 4]), client.submit(largest, [1, 2]).result(), (lambda v: v + 1)(2))
    try:
        print(len(delayed(inc)(1)))
    except TypeError as e:
        print(e)
    client.close()

if __name__ == "__main__":
    main()
