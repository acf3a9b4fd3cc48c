# refused: 3 its attribute scale_factor is the text "0.1", not a number
import sys

import xarray as xr

xr.open_dataset(sys.argv[1] + "/odd/odd_attributes.nc")[["ok", "text_scale"]].to_netcdf(sys.argv[2] + "/copy.nc")
