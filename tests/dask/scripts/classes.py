# Classes of the script: instances and their methods as tasks, as arguments, as results, in containers, on other ranks.
import dask
from dask import delayed
from dask.distributed import Client, as_completed

scale = 10


class Model:
    """A line."""

    kind = "linear"
    made = 0

    def __init__(self, slope, offset=0):
        self.slope = slope
        self.offset = offset

    def predict(self, x):
        return self.slope * x + self.offset

    def scaled(self, x, factor=2):
        return self.predict(x) * factor * scale

    def better(self, other):
        return self if self.slope > other.slope else other

    def copy(self):
        return Model(self.slope, self.offset)

    def __repr__(self):
        return f"Model({self.slope}, {self.offset})"

    def __eq__(self, other):
        return isinstance(other, Model) and self.slope == other.slope and self.offset == other.offset


class Vector(object):
    def __init__(self, *values):
        self.values = list(values)

    def __add__(self, other):
        return Vector(*[a + b for a, b in zip(self.values, other.values)])

    def __mul__(self, factor):
        return Vector(*[factor * v for v in self.values])

    def __rmul__(self, factor):
        return self * factor

    def __len__(self):
        return len(self.values)

    def __lt__(self, other):
        return sum(self.values) < sum(other.values)

    def __str__(self):
        return "(" + ", ".join(str(v) for v in self.values) + ")"

    def __call__(self, i):
        return self.values[i]


class Counter:
    n = 0

    def increment(self):
        self.n += 1
        return self.n


class Pipeline:
    def __init__(self, steps):
        self.steps = steps

    @delayed
    def run(self, x):
        for step in self.steps:
            x = step.predict(x)
        return x


def fit(slope):
    model = Model(slope, 1)
    model.score = slope**2
    return model


def judge(models):
    return max(models, key=lambda m: m.score)


def main():
    client = Client()
    m = Model(3)
    print(m, m.predict(2), Model.kind, m.kind, type(m) == Model, isinstance(m, Model), isinstance(m, (Vector, int)), isinstance(3, Model))
    print(client.submit(m.predict, 4).result(), client.gather(client.map(m.scaled, range(3), factor=1)))
    futures = client.map(fit, [1, 5, 2])
    print(client.gather(futures), client.submit(judge, futures).result(), futures[1].result() == Model(5, 1), futures[1].result() != m)
    print(delayed(Model)(4, offset=1).predict(2).compute(), dask.compute(delayed(fit)(2).slope, delayed(judge)([delayed(fit)(i) for i in (3, 1)])))
    best = None
    for future in as_completed(client.map(fit, range(6))):
        model = future.result()
        best = model if best is None else best.better(model)
    print(best, best.score, best.copy() is best, best.copy() == best)
    v = client.submit(lambda a, b: a + 2 * b, Vector(1, 2), Vector(3, 4)).result()
    print(str(v), len(v), v(1), v.values, Vector(1) < Vector(2), f"{v}", sorted([Vector(3), Vector(1)])[0].values, bool(Vector()))
    c = Counter()
    c.increment()
    print(c.increment(), c.n, Counter.n, client.submit(c.increment).result(), c.n)
    print(Pipeline([m, Model(2, 1)]).run(5).compute())
    m.kind = "own"
    Model.made += 1
    print(m.kind, Model.kind, Model(1).made, {"a": m}, [m, (m,)], client.scatter(m).result())
    for broken in (lambda: m.slop, lambda: Model.slop, lambda: Counter(1), lambda: m + 1, lambda: m(2), lambda: m < m):
        try:
            broken()
        except (AttributeError, TypeError) as e:
            print(type(e).__name__, e)
    try:
        client.submit(m.predict, None).result()
    except TypeError as e:
        print("on a worker:", e)


if __name__ == "__main__":
    main()
