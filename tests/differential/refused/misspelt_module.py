# refused: 2 did you mean 'xarray'?
import sys

import numpy as np
import xarray as xr

inputs, output = sys.argv[1], sys.argv[2]
import xaray
