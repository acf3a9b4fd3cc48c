# refused: 2 a class with a base class
import sys

import xarray as xr

inputs, output = sys.argv[1], sys.argv[2]
class Field:
    pass


class Scalar(Field):
    pass
