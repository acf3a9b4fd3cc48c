# refused: 2 put what is in the file and what is new into one dataset
import sys
import xarray as xr
inputs, output = sys.argv[1], sys.argv[2]
xr.open_dataset(inputs + "/daily.nc").to_netcdf(output + "/more.nc", mode="a")
