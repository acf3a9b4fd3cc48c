# Diffuses a field with a plugin's kernel and says how much structure is left.
#     mpirun -n 5 rankine run --plugin build/bin/libheat.so examples/heat/diffusion.py     (or: python3 diffusion.py)
import numpy as np
import xarray as xr

import heat

lat = np.linspace(-80, 80, 81)
lon = np.arange(0, 360, 2.0)
pattern = xr.DataArray(np.sin(np.deg2rad(lat) * 6), dims="lat", coords={"lat": lat}) * xr.DataArray(
    np.cos(np.deg2rad(lon) * 4), dims="lon", coords={"lon": lon})
seasons = xr.DataArray(np.arange(12.0), dims="time", coords={"time": np.arange(12)})
t = (pattern * (1 + seasons / 10)).transpose("time", "lat", "lon")

print(f"before: {float(heat.rms(t)):.6f}")
for step in range(8):
    t = heat.step(t, alpha=0.2)
print(f"after:  {float(heat.rms(t)):.6f}")
by_month = heat.rms(t, dim=["lat", "lon"])
print("by month:", [round(float(x), 6) for x in by_month.values])
print("detrended:", round(float(abs(heat.detrend(t)).max()), 9))
