"""Lists, tuples, dicts, strings."""
l = [3, 1, 2]
l.append(5); l.extend([7, 8]); l.insert(0, 9); l.remove(1)
print(l, l.pop(), l.pop(0), l, l.index(5), l.count(3), len(l))
l.sort(); print(l); l.reverse(); print(l); l.sort(key=lambda v: -v); print(l)
print(sorted("banana"), sorted([3, 1, 2], reverse=True), sorted(["b", "A"], key=str.lower))
print(l[0], l[-1], l[1:3], l[::-1], l[:2], l[2:], l[::2], [1, 2] + [3], [0] * 3, l[-2:])
t = (1, "two", 3.0)
print(t, t[1], len(t), t + (4,), (1,), (), t[::-1], t.index("two"))
d = {"a": 1, "b": [2, 3], 3: None}
d["c"] = 4
d.update({"a": 10}, e=5)
print(d, len(d), "a" in d, d.get("zz"), d.get("zz", 0), list(d), list(d.keys()), list(d.values()), list(d.items()))
print(d.pop("c"), d.setdefault("f", 6), d.copy() == d, {**d, "g": 7}, {"x": 1} | {"y": 2})
del d["a"]
print(d)
for i, (k, v) in enumerate(d.items()):
    print(i, k, v)
print(list(range(5)), list(range(2, 10, 3)), list(range(5, 0, -2)), len(range(0, 100, 7)), range(3), 4 in range(0, 10, 2), 3 in range(9, 0, -3))
print(list(zip([1, 2, 3], "ab")), list(enumerate("ab", start=1)), list(map(str, [1, 2])), list(reversed([1, 2, 3])))
s = "Hello, World"
print(s.upper(), s.lower(), s.replace("l", "L"), s.split(", "), s.startswith("He"), s.endswith(("x", "ld")), s.find("o"), s.count("l"))
print("  x ".strip() + "|", "xxaxx".strip("x"), "a b  c".split(), "a,b,,c".split(","), "-".join(["a", "b"]), "a.b.c".rsplit(".", maxsplit=1))
print("a-b-c".split("-", 1), "abc"[1], "abc"[::-1], "abc"[-2:], len("été"), "été"[0], "ab" * 3, "7".zfill(3), "-7".zfill(4), "x".center(5, "*"))
print("title case".title(), "cap".capitalize(), "12".isdigit(), "ab".isalpha(), "line1\nline2".splitlines(), "x".ljust(3) + "|", "x".rjust(3))
print("file.nc".removesuffix(".nc"), "pre_x".removeprefix("pre_"), "l" in "hello", any([0, 1]), all([1, 0]))
print(list("abc"), tuple([1, 2]), dict(a=1), dict([("k", 2)]), str(5), str([1, "a"]), str(None), repr("x"), list((1, 2)))
print(1, 2, sep="-", end="!\n")
print("a", "b", sep="")
print()
print([1.0, "x", None, True, (1,), {"a": [1]}])
print(max("abc", "abd"), max([1, 5, 3], key=lambda v: -v), min([], default=0), max({"a": 1, "b": 2}))
m = [[0] * 2 for _ in range(2)]
m[1][0] = 5
m[0][1] += 2
print(m)
print(d == {"b": [2, 3]}, [1, 2] == [1, 2.0], {"a": 1} == {"a": 1.0}, None == 0)
