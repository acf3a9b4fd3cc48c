# As Dask's tutorial has it: functions made lazy one by one, loops, ifs, a tree.
from time import sleep

import dask
from dask import compute, delayed


def inc(x):
    sleep(0.01)
    return x + 1


def dec(x):
    sleep(0.01)
    return x - 1


def double(x):
    return 2 * x


def is_even(x):
    return not x % 2


def add(x, y):
    return x + y


x = delayed(inc)(1)
y = delayed(inc)(2)
z = delayed(add)(x, y)
print(z.compute())

data = [1, 2, 3, 4, 5, 6, 7, 8]
results = []
for x in data:
    y = delayed(inc)(x)
    results.append(y)
total = delayed(sum)(results)
print("total is", total.compute())

results = []
for x in data:
    if is_even(x):
        y = delayed(double)(x)
    else:
        y = delayed(inc)(x)
    results.append(y)
print(delayed(sum)(results).compute())

lazy_inc, lazy_dec, lazy_add = dask.delayed(inc), dask.delayed(dec), dask.delayed(add)
zs = [lazy_add(lazy_inc(i), lazy_dec(i)) for i in range(32)]
zs = dask.persist(*zs)
L = list(zs)
while len(L) > 1:
    new_L = []
    for i in range(0, len(L), 2):
        lazy = lazy_add(L[i], L[i + 1])
        new_L.append(lazy)
    L = new_L
print(dask.compute(L))
print(compute(*zs[:4]), compute({"a": zs[0], "b": [zs[1], 3]}, 7))
