# refused: 2 the text encoding 'klingon' that its attribute _Encoding names is unknown here
import sys

import xarray as xr

print(xr.open_dataset(sys.argv[1] + "/odd/unknown_encodings.nc").foreign.values.tolist())
