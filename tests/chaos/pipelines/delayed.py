import dask
from dask.distributed import Client

client = Client()


def step(x, n):
    total = x
    for i in range(n):
        total = (total * 1103515245 + 12345) % 2147483648
    return total


def add(a, b):
    return (a + b) % 2147483648


delayed_step = dask.delayed(step)
delayed_add = dask.delayed(add)
values = [delayed_step(i, 200000) for i in range(64)]
while len(values) > 1:
    values = [delayed_add(values[2 * i], values[2 * i + 1]) for i in range(len(values) // 2)]
print(values[0].compute())
futures = client.map(step, list(range(100, 140)), [40000] * 40)
print(sum(client.gather(futures)))
