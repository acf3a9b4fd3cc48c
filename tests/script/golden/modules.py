import sys
import os, math
import os.path as osp
from os.path import join, basename as base
from math import pi, sqrt
print(os.path.join("a", "b", "c.nc"), join("a/", "b"), join("a", "/b"), base("/x/y.nc"), osp.dirname("/x/y.nc"), osp.splitext("a/b.tar.gz"))
print(math.sqrt(2), sqrt(16), pi, math.floor(-1.5), math.ceil(1.2), math.log10(1000), math.isnan(float("nan")), math.inf)
print(len(sys.argv) > 0, os.environ.get("SURELY_NOT_SET_ANYWHERE", "fallback"))
print(osp.splitext(".hidden"), osp.basename("a/"), osp.dirname("a"))
