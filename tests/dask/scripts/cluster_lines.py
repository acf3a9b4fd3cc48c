# Lines that set up clusters and dashboards are accepted; config and persist change no answer.
import dask
from dask.diagnostics import ProgressBar
from dask.distributed import Client, LocalCluster, as_completed, wait


def square(x):
    return x ** 2


def neg(x):
    return -x


client = Client(n_workers=2, threads_per_worker=2, memory_limit="1GB")
A = client.map(square, range(10))
B = client.map(neg, A)
total = client.submit(sum, B)
print(total.result(), client.gather(A))
print(type(client.dashboard_link) == str)
with dask.config.set(scheduler="threads"):
    lazy = [dask.delayed(square)(i) for i in range(5)]
    print(dask.compute(*lazy, scheduler="threads"))
later = client.persist([dask.delayed(neg)(d) for d in lazy])
print([d.compute() for d in later])
future = client.compute(dask.delayed(sum)(lazy))
print(future.result(), future.done())
print(client.compute(dask.delayed(sum)(lazy), sync=True))
first = next_result = None
for future, result in as_completed(client.map(square, [3, 3, 3], pure=True), with_results=True):
    first = result
print(first)
done = wait(client.map(neg, [1, 2]), return_when="ALL_COMPLETED").done
print(len(done))
client.cancel(client.map(square, [100]))
client.close()
