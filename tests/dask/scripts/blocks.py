# Functions of the script over blocks: map_blocks, map_overlap; chunks that a script has cut.
import dask.array as da
import numpy as np


def double(block):
    return block * 2


def less_mean(block):
    return block - block.mean()


def scale(block, factor, offset=0):
    return block * factor + offset


def smooth(block):
    return block * 2 - block.mean() * 0


def row_sums(block):
    return block.sum(axis=1)


def add(a, b):
    return a + b


def careful(block):
    try:
        return 1 / int(block.size > 100) * block
    except ZeroDivisionError:
        return block + 0.5


numbers = np.arange(60).reshape(6, 10) * 1.0
x = da.from_array(numbers, chunks=(2, 5))
print(x.chunks, x.chunksize, x.numblocks, x.npartitions, x.shape)
print(x.map_blocks(double).compute())
print(x.map_blocks(less_mean, dtype=float).compute())
print(da.map_blocks(scale, x, 3, offset=1).sum().compute(), x.map_blocks(lambda b: b > 20).compute().sum(), x.map_blocks(double).dtype)
print(da.map_blocks(add, x, x.map_blocks(double)).mean(axis=0).compute())
print((x + 1).map_blocks(less_mean).compute()[0], x.T.map_blocks(less_mean).compute()[0], x.T.chunks)
print(x.rechunk((3, 10)).map_blocks(less_mean).compute()[:, 0], x.rechunk({0: 6, 1: -1}).numblocks, x.rechunk(4).chunks)
print(x.map_blocks(careful).compute()[1], x.map_blocks(double, dtype="float64").compute().dtype)
print(x.rechunk((2, 10)).map_blocks(row_sums, drop_axis=1, dtype=float).compute())
print(x.map_blocks(lambda b: b.astype("int64") // 7, dtype="int64").compute()[5])


def window(block):
    n = block.shape[0]
    values = [block[i] for i in range(n)]
    sums = []
    for i in range(n):
        total = 0.0
        for k in range(max(0, i - 1), min(n, i + 2)):
            total = total + values[k]
        sums.append(float(total))
    return np.array(sums)


y = da.from_array(np.arange(12) * 1.0, chunks=4)
for boundary in ["none", "reflect", "periodic", "nearest", 0]:
    print(boundary, y.map_overlap(window, depth=1, boundary=boundary, dtype=float).compute())
print(da.map_overlap(window, y, depth={0: 1}, boundary={0: "reflect"}, dtype=float).sum().compute())
print(x.map_overlap(smooth, depth=(1, 0), boundary="reflect", dtype=float).compute()[3])

z = da.ones((4, 6), chunks=(2, 3))
print(z.sum().compute(), (z * 2).mean(axis=0).compute(), da.zeros((3,), dtype=int).compute(), da.full((2, 2), 7).compute())
print(da.arange(10, chunks=3).sum().compute(), da.arange(2, 8, 2).compute(), da.linspace(0, 1, 5).compute(), z.chunks)
print(da.exp(z).sum().compute() > 65, da.sqrt(x).sum(axis=1).compute(), da.where(x > 30, x, 0).sum().compute(), da.maximum(x, 5).min().compute())
print(da.sum(x, axis=0).compute(), da.mean(x).compute(), x.sum(axis=1, keepdims=True).compute().shape, x.std(axis=(0, 1), keepdims=True).compute().shape)
print(da.transpose(x).shape, x.transpose((1, 0)).shape, da.std(x, axis=1, ddof=1).compute(), da.asarray(numbers).max().compute())
