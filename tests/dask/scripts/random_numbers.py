# Seeded generators give CPython's and NumPy's numbers, here and in tasks.
import random

import numpy as np
from dask import delayed

random.seed(2024)
print([random.random() for i in range(3)], random.uniform(-2, 2), random.gauss(1, 2), random.gauss(1, 2))
print([random.randint(-5, 5) for i in range(8)], random.randrange(0, 100, 7), random.choice("abcdef"), random.choice([1, 2, 3]))
cards = list(range(10))
random.shuffle(cards)
print(cards)
random.seed(2 ** 40 + 5)
print(random.random())
generator = random.Random(7)
print(generator.random(), generator.randint(1, 6))
np.random.seed(11)
print(np.random.rand(3), np.random.random((2, 2)), np.random.random())
print(np.random.randn(2), np.random.normal(5.0, 2.0, size=3), np.random.uniform(-1, 1, 2), np.random.uniform())
print(np.random.randint(0, 10, size=6), np.random.randint(5), np.random.normal())


def walk(seed, steps):
    random.seed(seed)
    return sum(random.choice([-1, 1]) for i in range(steps))


print(delayed(walk)(3, 1000).compute())
