# Control flow, functions, scoping.
for i in range(5):
    if i == 1:
        continue
    if i == 4:
        break
    print(i, end=" ")
else:
    print("not reached")
print()
for i in range(3): print(i, end=","); print(i * i, end=";")
else:
    print("done")
n = 3
while n:
    n -= 1
    if n == 1: break
else:
    print("no")
print(n)


def f(a, b=2, *args, c=3, **kwargs):
    """Documented."""
    return a, b, args, c, kwargs


print(f(1), f(1, 5), f(1, 2, 3, 4, c=5, d=6), f(b=1, a=0), f(*[1, 2, 3], **{"z": 1}))


def outer():
    count = 0
    def inner(step):
        return count + step
    count = 10
    return inner


print(outer()(5))


def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)


print(fib(15), [fib(i) for i in range(8)])
square = lambda x, k=2: x ** k
print(square(3), square(2, 3), (lambda: 7)())
a, b = 1, 2
a, b = b, a
(c, d), e = (3, 4), 5
[g, h] = "xy"
print(a, b, c, d, e, g, h)
x = y = [1]
x.append(2)
print(y, x is y, x is not None, 1 in x, 3 not in x)
print([i * j for i in range(3) for j in range(3) if i != j], {k: v for k, v in zip("ab", [1, 2])})
print([[j for j in range(i)] for i in range(4)], sum(i for i in range(10) if i % 2))
total = 0
for name, (lo, hi) in {"a": (1, 2), "b": (3, 4)}.items():
    total += lo * hi
    print(name, lo, hi)
print(total)
print(None or 5, 0 and 1, "" or "x", not [], 1 and 2, not 0)
print("yes" if total > 3 else "no")
if total > 100:
    print("a")
elif total > 10:
    print("b")
else:
    print("c")
def nothing():
    pass
print(nothing(), nothing() is None)
def early(v):
    for i in range(10):
        if i == v:
            return "found %d" % i
    return "none"
print(early(3), early(20))
long_sum = 1 + \
    2 + \
    3
print(long_sum, (1 +
      2), [
    1,
    2,  # comment
])
def annotated(x: int, y: "str" = "k") -> str:
    z: float = 1.5
    return f"{x}{y}{z}"
print(annotated(1))
if __name__ == "__main__":
    print("main")
assert total == 14, "wrong"
del total
print(isinstance(1, int), isinstance("a", (int, str)), isinstance(1.0, int), isinstance(True, int), isinstance([], list))
