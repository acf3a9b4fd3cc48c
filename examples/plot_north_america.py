# Draws what north_america.py wrote, with CPython, xarray and matplotlib:
#     python3 plot_north_america.py warming.nc north_america.png
import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import xarray as xr

ds = xr.open_dataset(sys.argv[1])
fig, (left, right) = plt.subplots(1, 2, figsize=(10, 3.4), layout="constrained", width_ratios=[1.25, 1])

west = ds.warming.assign_coords(longitude=ds.longitude - 360)
colours = left.pcolormesh(west.longitude, west.latitude, west, cmap="YlOrRd", vmin=0, shading="nearest")
left.set(title="2070-2099 against 1860-1889", xlabel="longitude (degrees east)", ylabel="latitude (degrees north)")
fig.colorbar(colours, ax=left, label="warming (K)")

years = [time.year for time in ds.time.values]
right.plot(years, ds.series, color="0.6", linewidth=0.8)
right.plot(years, ds.series.rolling(time=11, center=True).mean(), color="firebrick", linewidth=2)
right.set(title="area mean, and over 11 years", ylabel="anomaly (K)", xlim=(1860, 2100))
right.grid(alpha=0.3)
fig.savefig(sys.argv[2], dpi=90)
