# refused: 2 'chunks' of 'tas' is not known before it is computed
import sys
import xarray as xr
inputs, output = sys.argv[1], sys.argv[2]
ds = xr.open_dataset(inputs + "/daily.nc")
print(ds.tas.chunk({"time": 100}).mean("time").chunks)
