# refused: 2 class
import sys

import xarray as xr

inputs, output = sys.argv[1], sys.argv[2]
class Field:
    pass
