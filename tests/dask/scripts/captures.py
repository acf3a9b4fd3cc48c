# Functions take along what they use: variables around them, other functions, themselves, modules, defaults.
import math

import numpy as np
from dask import delayed
from dask.distributed import Client

client = Client()
factor = 3
table = {"a": [1, 2], "b": (3.5, None, True)}
weights = np.array([0.25, 0.75])


def scaled(x, offset=factor + 1):
    return factor * x + offset


def twice(f, x):
    return f(f(x))


def fibonacci(n):
    return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)


def is_even(n):
    return True if n == 0 else is_odd(n - 1)


def is_odd(n):
    return False if n == 0 else is_even(n - 1)


def lookup(key):
    return [value for value in table[key] if value is not None]


def make_adder(n):
    def add(x):
        return x + n
    return add


def weighted(values):
    return float((weights * np.asarray(values)).sum()), math.hypot(3, 4)


def shadow(factor):
    total = 0
    for factor in range(factor):
        total += factor
    return total, [factor * x for x in range(3)]


print(delayed(scaled)(2).compute(), delayed(twice)(scaled, 1).compute(), delayed(twice)(lambda v: v + factor, 1).compute())
print(client.submit(fibonacci, 13).result(), client.submit(is_even, 10).result(), client.submit(is_odd, 10).result())
print(client.gather(client.map(lookup, ["a", "b"])))
print([delayed(make_adder(n))(10).compute() for n in range(3)])
print(delayed(weighted)([2.0, 4.0]).compute(), delayed(shadow)(4).compute())
adders = client.map(make_adder, range(3))
print([client.submit(lambda f, x: f(x), adder, 5).result() for adder in adders])
print(delayed(lambda *args, **kwargs: (args, kwargs))(1, *[2, 3], x=4, **{"y": 5}).compute())
print(delayed(str.upper)("abc").compute(), delayed(float)("2.5").compute(), delayed(dict)([("k", 1)]).compute())
client.close()
