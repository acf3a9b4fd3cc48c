# Tasks of one's own: forty squares, one of them by a function of another name, and their sum.
import dask


def square(x):
    return x * x


def last_square(x):
    return x * x


def total(xs):
    return sum(xs)


squares = [dask.delayed(square)(i) for i in range(39)]
squares.append(dask.delayed(last_square)(39))
print(dask.delayed(total)(squares).compute())
