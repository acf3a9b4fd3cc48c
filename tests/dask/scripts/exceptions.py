# Exceptions of tasks come back as what they were: from results, gather, compute, as_completed, through what needs them.
import time

import dask
import xarray as xr
from dask import delayed
from dask.distributed import CancelledError, Client, as_completed, wait


def check(x):
    if x < 0:
        raise ValueError("negative", x)
    if x == 0:
        raise ZeroDivisionError
    return 10 // x


def divide(a, b):
    return a / b


def look_up(key):
    return {"a": 1}[key]


def tolerant(x):
    try:
        return check(x)
    except ValueError as e:
        return f"{type(e).__name__}{e.args}"
    finally:
        pass


def wrapped(x):
    try:
        return check(x)
    except ZeroDivisionError as e:
        raise RuntimeError(f"step {x} failed") from e


def attempt(name, action):
    try:
        print(name, "gives", action())
    except (ValueError, KeyError) as e:
        print(name, type(e).__name__, e.args)
    except ArithmeticError as e:
        print(name, "arithmetic:", type(e).__name__, e)
    except Exception as e:
        print(name, "other:", type(e).__name__, e)


def main():
    client = Client()
    attempt("result", lambda: client.submit(check, 5).result())
    attempt("value", lambda: client.submit(check, -1).result())
    attempt("zero", lambda: client.submit(check, 0).result())
    attempt("divide", lambda: client.submit(divide, 1, 0).result())
    attempt("key", lambda: client.submit(look_up, "b").result())
    attempt("wrapped", lambda: client.submit(wrapped, 0).result())
    attempt("type", lambda: client.submit(divide, "a", 2).result())
    attempt("index", lambda: client.submit(lambda x: x[3], [1]).result())
    attempt("gather", lambda: client.gather(client.map(check, [1, 2, -3])))
    attempt("gather tolerant", lambda: client.gather(client.map(tolerant, [1, 2, -3])))
    attempt("needs it", lambda: client.submit(divide, client.submit(check, -7), 2).result())
    attempt("delayed", lambda: delayed(check)(-2).compute())
    attempt("compute", lambda: dask.compute(delayed(check)(1), delayed(divide)(1, 0)))
    attempt("deep", lambda: delayed(sum)([delayed(check)(2), delayed(check)(-9)]).compute())
    attempt("file", lambda: client.submit(xr.open_dataset, "/no/such/file.nc").exception().__class__.__name__)

    futures = client.map(check, [3, -1, 0, 2], pure=False)
    wait(futures)
    print([f.status for f in futures], [type(f.exception()).__name__ for f in futures])
    good, bad = [], []
    for future in as_completed(futures):
        try:
            good.append(future.result())
        except Exception as e:
            bad.append(type(e).__name__)
    print(sorted(good), sorted(bad))
    error = futures[1].exception()
    print(error.args, isinstance(error, ValueError), str(error))
    try:
        raise error
    except ValueError as e:
        print("raised again:", e)

    slow = client.submit(time.sleep, 0.3)
    slow.cancel()
    try:
        slow.result()
    except CancelledError:
        print("cancelled")

    done = [client.submit(check, n) for n in (1, 2)]
    seq = as_completed(done)
    while seq.count() > 1:
        print(next(seq).result() in (5, 10))


if __name__ == "__main__":
    main()
