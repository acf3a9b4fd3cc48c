# refused: 2 pandas
import sys

import xarray as xr

inputs, output = sys.argv[1], sys.argv[2]
import pandas as pd
