# refused: 2 variable 't': fillna() cannot fill gaps among datetime64[ns] with int64
import sys
import xarray as xr
inputs, output = sys.argv[1], sys.argv[2]
ds = xr.open_dataset(inputs + "/daily.nc")
ds = xr.Dataset({"tas": ds.tas, "t": ("time", ds.time.values)})
print(ds.fillna(0))
