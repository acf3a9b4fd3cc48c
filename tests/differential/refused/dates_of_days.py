# refused: 2 use 'datetime64[ns]'
import sys

import numpy as np
import xarray as xr

inputs, output = sys.argv[1], sys.argv[2]
print(np.array(["2000-01-01"], dtype="datetime64[D]"))
