import sys

import xarray as xr

inputs, output = sys.argv[1], sys.argv[2]
"""A string that stands alone."""
a, (b, c) = 1, (2, 3)
a += 4
b *= 2
c **= 2
text = 'single' + "double" + '''triple
quoted'''
raw = r"back\slash"
print(a, b, c, a / b, a // b, a % b, -a, +b, ~c, a & 6, a | 8, a ^ 1, 1 << 4, 256 >> 2)
print(text, raw, f"{a:05d} {b:.2f} {c!r} {{braces}}", "tab\tand \u00e9")
print(1e3, 0x1F, 0b101, 1_000, 2.5, True, False, None, 7 // -2, -7 % 3, 2**10, 2**-1)
print(1 < a <= 5, a == 5 and b != 3, not a, None is None, "t" in "text", 3 not in [1, 2], a > 2 or b)
numbers = [1, 2, 3, 4, 5]
lookup = {"one": 1, "two": 2}
print(numbers[1], numbers[-1], numbers[1:3], numbers[::-1], lookup["two"], len(lookup), (1,), (), [], {})
print(float("2.5"), int("42"), int(3.9), str(1.5), len("abc"), [n for n in range(2, 10, 3)])
for i in range(3):
    for j, word in enumerate(["p", "q"]):
        print(i, j, word)
total = 0
for x in numbers:
    if x % 2:
        total += x
    else:
        total -= 1
print(total)


def outer(n):
    if n <= 1:
        return 1
    return n * outer(n - 1)


def nothing():
    return


print(outer(10), nothing(), (lambda x, y=2: x * y)(4))
if __name__ == "__main__":
    with xr.open_dataset(inputs + "/daily.nc") as ds:
        print(ds.tas.dims, ds.tas.shape, ds.sizes["lat"])
        ds.orog.to_netcdf(
            output + "/orog.nc",
        )
