"""Integers, floats and how they print."""
print(1, -2, 0x1F, 0b101, 0o17, 1_000_000)
print(1.0, 0.1, 1e16, 1e15, 123456789012345.6, 1e-4, 1e-5, 1.5e300, -0.0, 5e-324, 2.5e-7)
print(float("nan"), float("inf"), -float("inf"), float("  1e3 "))
print(7 // 2, -7 // 2, 7 // -2, 7 % 3, -7 % 3, 7 % -3, 7.5 // 2, -7.5 // 2, -7.5 % 2, 7.5 % -2)
print(2 ** 10, 2 ** -1, 2.0 ** 0.5, (-2) ** 3, -2 ** 2, 2 ** 3 ** 2)
print(7 / 2, 6 / 3, 1 / 3, 2 / 3)
print(5 & 3, 5 | 3, 5 ^ 3, ~5, 1 << 10, -17 >> 2, True & False, True | False, True ^ True, True + True)
print(1 < 2 < 3, 1 < 2 > 3, 1 == 1.0, True == 1, "a" < "b", [1, 2] < [1, 3], (1, 2) == (1, 2), 1 != 2)
print(abs(-3), abs(-2.5), round(2.5), round(3.5), round(2.675, 2), round(-1.5), round(1234.5678, 1), round(7, 2))
print(int(3.9), int(-3.9), int("42"), int(" -7 "), int("ff", 16), int(True), float(3), bool(0), bool("x"), bool([]))
print(min(3, 1, 2), max([3, 1, 2]), sum([1, 2, 3]), sum([0.1] * 3), sum(x * x for x in range(4)), min("b", "a"))
print(divmod(7, 3), divmod(-7, 3), pow(2, 5))
print(9007199254740993, float(9007199254740993), 1e22, 1e23, 100000000000000000.0)
print(int(1e15), 10 ** 15, 0.1 + 0.2, 1e100, 3.14159265358979)
x = 5
x += 2
x *= 3
x -= 1
x //= 2
x **= 2
x %= 7
x <<= 3
x |= 1
print(x)
