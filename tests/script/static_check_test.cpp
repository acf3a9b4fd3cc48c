#include <catch2/catch.hpp>

#include "recording_host.hpp"

using namespace rankine;
using namespace rankine::script;

namespace {
/// The first line of what the check finds, without running anything; "" if it finds nothing.
std::string finding(const std::string& text) {
  try {
    check_script("s.py", text);
  } catch (const ScriptError& error) {
    return std::to_string(error.line()) + ":" + std::to_string(error.column()) + " " + error.message();
  }
  return "";
}
const std::string head = "import xarray as xr\nimport numpy as np\nds = xr.open_dataset('a.nc')\n";
}  // namespace

TEST_CASE("the check knows the types of what methods return") {
  CHECK(finding(head + "ds.t.mean('time').interp(lat=3)\n") == "4:19 'interp' of DataArray is not supported");
  CHECK(finding(head + "(ds['t'] - 273.15).rolling(time=3)\n") == "4:20 'rolling' of DataArray is not supported");
  CHECK(finding(head + "ds.groupby('time.month').map(f)\n") == "4:26 'map' of DatasetGroupBy is not supported");
  CHECK(finding(head + "np.sqrt(ds.t).curvefit()\n") == "4:15 'curvefit' of DataArray is not supported");
  CHECK(finding(head + "x = xr.polyval(ds.t, ds.u)\n").starts_with("4:8 'polyval' of xarray is not supported"));
  CHECK(finding(head + "w = np.cos(np.deg2rad(ds.lat))\nds.t.weighted(w).mean(('lat', 'lon')).quantile(0.5)\n") ==
        "5:39 'quantile' of DataArray is not supported");
}

TEST_CASE("variables of datasets and coordinates of arrays are left to the run") {
  CHECK(finding(head + "x = ds.anything.lat.whatever + ds['u'].month\n") == "");
  CHECK(finding(head + "ds.anything(3)\n").starts_with("4:4 'anything' of Dataset is not supported"));
}

TEST_CASE("keyword arguments are checked") {
  CHECK(finding(head + "ds.mean(dims='time')\n") == "4:9 argument 'dims' of mean() is not supported, did you mean 'dim'?");
  CHECK(finding(head + "ds.isel(time=3, lat=slice(2, None))\n") == "");
  CHECK(finding("x = range()\n") == "1:5 range() missing required argument 'start'");
  CHECK(finding("x = len([1], 2)\n") == "1:5 len() takes 1 positional argument but 2 were given");
}

TEST_CASE("where the type is unknown only names that no type has are refused") {
  CHECK(finding("def f(x):\n    return x.mean('time').groupby('time.month')\n") == "");
  CHECK(finding("def f(x):\n    return x.polyfitt('time')\n") == "2:14 'polyfitt' is not supported");
  CHECK(finding("def f(x):\n    return x.polyfit('time', 1)\n") == "2:14 'polyfit' is not supported");
}

TEST_CASE("names defined later, in branches or in loops are not refused") {
  CHECK(finding("def f():\n    return g()\ndef g():\n    return 1\nf()\n") == "");
  CHECK(finding("x = None\nfor i in range(3):\n    if x is None:\n        x = [i]\n    else:\n        x.append(i)\n") == "");
  CHECK(finding("if True:\n    import sys\nsys.exit(0)\n") == "");
  CHECK(finding(head + "parts = []\nfor y in ['1', '2']:\n    parts.append(ds.sel(time=y))\nout = xr.concat(parts, dim='time')\n") == "");
  CHECK(finding("print(undefined)\n") == "1:7 name 'undefined' is not defined");
  CHECK(finding("def f():\n    return undefined\n") == "2:12 name 'undefined' is not defined");
}
