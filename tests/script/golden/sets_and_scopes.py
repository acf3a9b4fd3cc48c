# Sets, starred targets, global and nonlocal, iterators.
a = {3, 1, 2, 3}
b = set([2, 3, 4])
print(sorted(a), len(a), 2 in a, 9 in a, 9 not in a)
print(sorted(a | b), sorted(a & b), sorted(a - b), sorted(a ^ b))
print(a == {1, 2, 3}, a != b, {1} < a, a <= a, a < a, a > {1, 2}, a >= b)
a.add(7)
a.discard(100)
a.remove(1)
print(sorted(a), sorted(a.union([10], (11,))), sorted(a.intersection(b)), sorted(a.difference([7])), sorted(a.symmetric_difference(b)))
print({1}.issubset(b), {2}.issubset(b), b.issuperset({2, 3}), a.isdisjoint({50}))
a.update([8, 9], {10})
print(sorted(a), sorted({x % 3 for x in range(10)}), set(), bool(set()), sorted(set("hello")))
c = a.copy()
c.clear()
print(len(a), len(c), isinstance(a, set), type(a).__name__)
print(sorted({"x": 1, **{"y": 2}}), sorted({*a, *b}))
try:
    b.remove(55)
except KeyError as e:
    print("KeyError", e)
try:
    {[1]}
except TypeError as e:
    print(e)

first, *rest = [1, 2, 3, 4]
print(first, rest)
*most, last = "abcd"
print(most, last)
head, *middle, tail = range(6)
print(head, middle, tail)
x, *none = (5,)
print(x, none)
for name, *values in [("a", 1, 2), ("b",), ("c", 3)]:
    print(name, values)
[p, *q] = [1, 2, 3]
print(p, q)
(u, (v, *w)) = (1, (2, 3, 4))
print(u, v, w)
try:
    a1, *a2, a3 = [1]
except ValueError as e:
    print(e)


def counter():
    count = 0

    def step(by=1):
        nonlocal count
        count += by
        return count

    return step


step = counter()
step()
step(5)
print(step())

total = 0


def add(x):
    global total, largest
    total += x
    largest = max(total, x)


for i in range(4):
    add(i)
print(total, largest)

squares = (i * i for i in range(5))
print(next(squares), next(squares), list(squares), list(squares))
print(sum(i for i in range(4)), any(i > 2 for i in range(4)), ",".join(str(i) for i in range(3)), sorted(-i for i in range(3)))
letters = iter("abc")
for letter in letters:
    print(letter, next(letters, None))
print(list(map(lambda x, y: x + y, [1, 2, 3], [10, 20])), ord("a"), chr(98), getattr("x", "upper")(), hasattr("x", "nothing_like_it"))
