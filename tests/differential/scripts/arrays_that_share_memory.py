# Arrays of one memory: names, arguments, containers, views, and what is changed in place.
import numpy as np
import xarray as xr

a = np.zeros(3)
b = a
held = {"a": a, "list": [a]}
a += 1
print(b, held["a"], held["list"][0], b is a)


def doubled(x):
    x *= 2
    return x


print(doubled(b), a)
a -= 0.5
a **= 2
a /= 4
a //= 0.25
a %= 2
print(a, b)

rows = np.zeros((2, 3))
r = rows[0]
r[1] = 5
rows[1][2] = 3
rows[1, 0] = 7
print(rows)
print(r, rows[1])
for row in rows:
    row += 1
print(rows)
rows[0] += 10
rows[:, 1] *= 2
rows[:, 1:][1, 0] = -1
print(rows, r)
rows.T[2, 0] = 99
rows.reshape(3, 2)[2, 1] = 44
rows.ravel()[0] = 11
rows.reshape((3, 2))[1:][0, 0] = 33
print(rows)
copied = rows.copy()
copied[0, 0] = -5
flat = rows.flatten()
flat[0] = -6
picked = rows[[0, 1]]
picked[0, 0] = -7
made = np.array(rows)
made[0, 0] = -8
positive = +rows
positive[0, 0] = -9
cast = rows.astype("float64")
cast[0, 0] = -10
same = np.asarray(rows)
same[1, 0] = 55
print(rows)
keep = rows[1]
del rows
keep[0] = 1
print(keep)

i = np.arange(4)
j = i
try:
    i += 0.5
except TypeError as e:
    print(e)
try:
    i /= 2
except TypeError as e:
    print(e)
i += 2
i //= 2
i **= 2
i[0] = 2.7
print(i, i.dtype, j is i)
try:
    i[0] = np.nan
except ValueError as e:
    print(e)
big = np.array([0, 0])
big[0] = 9007199254740993
print(big)
u = np.zeros(3, dtype="uint8")
u += 3
u <<= 1
try:
    u += -3
except TypeError as e:
    print(e)
try:
    u += np.arange(3)
except TypeError as e:
    print(e)
print(u, u.dtype)
f = np.zeros(3, dtype="float32")
f += np.ones(3)
f += 1e-3
print(f, f.dtype)
t = np.array([True, False])
try:
    t += 1
except TypeError as e:
    print(e)
t |= True
print(t)
try:
    a += np.zeros((2, 3))
except ValueError as e:
    print(e)

s = np.float64(3)
same = s
s += 1
print(s, same)
zero = np.array(3.0)
same = zero
zero += 1
print(zero, same)

v = np.arange(3.0)
v += xr.DataArray([1.0, 2.0, 3.0], dims="t")
print(type(v) is xr.DataArray, v.dims)

# A result that nothing else holds can be written into.
x = xr.DataArray(np.arange(6.0).reshape(2, 3), dims=("y", "t"), attrs={"units": "K"})
mean = x.mean("y").values
mean[0] = 100
print(mean, x.values)
doubled_values = (x * 2).values
doubled_values[0, 0] = 100
print(doubled_values, x.values)
own = x.values.copy()
own[0, 0] = 5
print(own, x.values)

# In place, xarray keeps the variable.
y = x
x += 1
x *= 2
print(y.attrs, y.values, y is x)
ds = xr.Dataset({"v": ("t", np.arange(3.0), {"units": "m"}), "w": ("t", np.arange(3))})
ds["v"] -= 1
part = ds["v"]
part *= 10
print(ds["v"].attrs, ds["v"].values, ds.v.attrs["units"])
count = ds["w"]
try:
    count += 0.5
except TypeError as e:
    print(e)
count += 1
print(ds.w.values, ds.w.dtype)
ds["v"] = ds["v"] + 1
part += 1000
print(ds["v"].values, ds["v"].attrs)
