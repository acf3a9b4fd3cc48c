# Operators, indexing, attributes and methods of Delayed values build nodes; arguments may nest.
import dask
import numpy as np
from dask import delayed


@delayed
def numbers(n):
    return list(range(n))


@dask.delayed(nout=2)
def both(x):
    return x, x * x


@delayed(pure=True)
def describe(items, scale=1, **options):
    return {"items": items, "scale": scale, "options": sorted(options.items())}


n = numbers(6)
print(n[2].compute(), n[1:4].compute(), n[-1].compute())
print((n[2] + 1).compute(), (10 - n[3]).compute(), (n[4] ** 2 // 3 % 4).compute(), (-n[5]).compute(), (~n[1]).compute())
print((n[2] < n[3]).compute(), (n[2] == 5).compute(), (2 >= n[1]).compute(), (n[2] / 4).compute())
print((n + [7]).compute(), n.index(4).compute(), n.count(3).compute())
text = delayed("one two three")
print(text.split(" ")[1].upper().compute(), text.replace("o", "0").compute())
a, b = both(n[3])
print(dask.compute(a, b), (a + b).compute())
print(describe([a, {"b": b}, (n[0], n[1])], scale=n[2], unit="K", level=n[5]).compute())
print(delayed({"x": a, "y": [b, 1]}).compute(), delayed([1, 2, 3])[0].compute(), delayed(5).compute())
print(delayed(max)(n).compute(), delayed(sorted)([3, 1, 2], reverse=True).compute(), delayed(len)("four").compute())
print(delayed(lambda p, q=2: p ** q)(n[3]).compute())
root = delayed(np.sqrt)(np.array([1.0, 4.0, n.compute()[3] * 3.0]))
print(root.compute(), root.sum().compute(), root.shape.compute(), (root * 2)[1].compute())
print(dask.delayed(np.arange)(4).mean().compute())
chain = delayed(0)
for i in range(300):
    chain = chain + i
print(chain.compute())
