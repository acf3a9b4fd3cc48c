# refused: 2 argument 'offset' of resample() is not supported
import sys
import xarray as xr
inputs, output = sys.argv[1], sys.argv[2]
ds = xr.open_dataset(inputs + "/daily.nc")
ds.tas.resample(time="5D", offset="2D").mean().to_netcdf(output + "/five.nc")
