#include <catch2/catch.hpp>

#include "recording_host.hpp"
#include "script/refusal.hpp"

using namespace rankine;
using namespace rankine::script;

namespace {
const std::string head = "import xarray as xr\nimport numpy as np\n";
const std::string held =
    "writing into an array whose elements a DataArray holds is not supported, as the DataArray would have to change too; "
    "write into a copy: v = x.values.copy()";

/// "4:8 message" of every refusal before the first line runs.
std::vector<std::string> refusals_of(const std::string& text) {
  RecordingHost host;
  std::vector<std::string> lines;
  for (const Refusal& refusal : look_through("s.py", head + text, &host).refusals)
    lines.push_back(std::to_string(refusal.line) + ":" + std::to_string(refusal.column) + " " + refusal.message);
  CHECK(host.out.empty());
  return lines;
}
using Lines = std::vector<std::string>;
}  // namespace

TEST_CASE("a NumPy array is changed in place, and all that share its elements with it") {
  CHECK(output_of(head + "a = np.zeros(3)\nb = a\na += 1\nprint(b, b is a)\n") == "[1. 1. 1.] True\n");
  CHECK(output_of(head + "row = np.zeros((2, 3))\nr = row[0]\nr[1] = 5\nrow[0][2] = 3\nprint(row)\n") == "[[0. 5. 3.]\n [0. 0. 0.]]\n");
  CHECK(output_of(head + "a = np.zeros((2, 2))\nt = a.T\na[0, 1] = 7\nprint(t, a.ravel())\n") == "[[0. 0.]\n [7. 0.]] [0. 7. 0. 0.]\n");
  CHECK(error_of(head + "a = np.arange(3)\na += 0.5\n").find("TypeError: Cannot cast ufunc 'add' output from dtype('float64') to "
                                                           "dtype('int64') with casting rule 'same_kind'") != std::string::npos);
}

TEST_CASE("xarray's operators in place keep the variable for all who hold it") {
  CHECK(output_of(head + "x = xr.DataArray(np.arange(2.0), dims='t', attrs={'units': 'K'})\ny = x\nx += 1\nprint(y.values, y.attrs)\n") ==
        "[1. 2.] {'units': 'K'}\n");
  CHECK(output_of(head + "ds = xr.Dataset({'v': ('t', np.arange(2.0), {'units': 'K'})})\nv = ds['v']\nv -= 1\nprint(ds.v.values, ds.v.attrs)\n") ==
        "[-1.  0.] {'units': 'K'}\n");
}

TEST_CASE("writing into elements that a DataArray holds is refused before the first line runs") {
  const std::string x = "x = xr.DataArray(np.arange(3.0), dims='t')\nprint('ran')\n";
  CHECK(refusals_of(x + "x.values[0] = 5\n") == Lines{"5:1 " + held});
  CHECK(refusals_of(x + "x.data[0] += 5\n") == Lines{"5:1 " + held});
  CHECK(refusals_of(x + "v = x.values\nv -= 1\n") == Lines{"6:1 " + held});
  CHECK(refusals_of(x + "v = x.isel(t=slice(2)).values\nv[0] = 1\n") == Lines{"6:1 " + held});
  CHECK(refusals_of("v = np.arange(3.0)\nx = xr.DataArray(v, dims='t')\nv[0] = 99\n") == Lines{"5:1 " + held});
  CHECK(refusals_of("v = np.arange(3.0)\nds = xr.Dataset({'x': ('t', v[1:])})\nv[0] = 99\n") == Lines{"5:1 " + held});
  CHECK(refusals_of("v = np.arange(3.0)\nds = xr.Dataset()\nds['t'] = v\nw = v.reshape(3, 1)\nw[0, 0] = 99\n") == Lines{"7:1 " + held});
  CHECK(refusals_of(x + "v = x.values.copy()\nv[0] = 5\nm = (x * 2).values\nm[0] = 1\n") == Lines{});
}
