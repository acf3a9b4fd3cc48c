#include <catch2/catch.hpp>

#include <fstream>
#include <iterator>

#include "recording_host.hpp"

using namespace rankine;
using namespace rankine::script;

namespace {

array::Dataset small_dataset() {
  NdArray time = NdArray::from<std::int64_t>({0, 86'400'000'000'000, 172'800'000'000'000}).viewed_as(DType::datetime64);
  array::VariableMap data{{"t", array::make_variable({"time", "lat"}, NdArray::from<double>({1, 2, 3, 4, 5, 6}, {3, 2}),
                                                     {{"units", std::string("K")}})}};
  array::VariableMap coords{{"time", array::make_variable({"time"}, time)},
                            {"lat", array::make_variable({"lat"}, NdArray::from<double>({10.0, 20.0}))}};
  return array::make_dataset(data, coords, {{"title", std::string("small")}});
}
std::string output_with_data(const std::string& text, RecordingHost& host) {
  host.files["in.nc"] = small_dataset();
  run_script("script.py", "import xarray as xr\nimport numpy as np\nds = xr.open_dataset('in.nc')\n" + text, host);
  return host.out;
}
std::string output_with_data(const std::string& text) {
  RecordingHost host;
  return output_with_data(text, host);
}

}  // namespace

TEST_CASE("datasets and arrays print as xarray prints them") {
  CHECK(output_with_data("print(ds)\n") ==
        "<xarray.Dataset>\n"
        "Dimensions:  (time: 3, lat: 2)\n"
        "Coordinates:\n"
        "  * time     (time) datetime64[ns] 1970-01-01 1970-01-02 1970-01-03\n"
        "  * lat      (lat) float64 10.0 20.0\n"
        "Data variables:\n"
        "    t        (time, lat) float64 1.0 2.0 3.0 4.0 5.0 6.0\n"
        "Attributes:\n"
        "    title:    small\n");
  CHECK(output_with_data("print(ds.t.mean('time'))\nprint(ds.t)\n") ==
        "<xarray.DataArray 't' (lat: 2)>\n"
        "array([3., 4.])\n"
        "Coordinates:\n"
        "  * lat      (lat) float64 10.0 20.0\n"
        "<xarray.DataArray 't' (time: 3, lat: 2)>\n"
        "array([[1., 2.],\n"
        "       [3., 4.],\n"
        "       [5., 6.]])\n"
        "Coordinates:\n"
        "  * time     (time) datetime64[ns] 1970-01-01 1970-01-02 1970-01-03\n"
        "  * lat      (lat) float64 10.0 20.0\n"
        "Attributes:\n"
        "    units:    K\n");
}

TEST_CASE("attributes are shared between a dataset and the arrays taken from it, and by nothing else") {
  CHECK(output_with_data("t = ds['t']\nt.attrs['units'] = 'degC'\nds.t.attrs['long_name'] = 'x'\nprint(t.attrs, ds.t.attrs)\n"
                         "ds.lat.attrs['units'] = 'degrees_north'\nprint(ds['t'].lat.attrs)\n"
                         "a = ds.t + 1\na.attrs = {'k': 1}\na.attrs.update(m=2)\nprint(a.attrs, ds.t.attrs)\n"
                         "ds['u'] = a\nds.u.attrs['k'] = 5\nprint(a.attrs, ds.u.attrs)\n") ==
        "{'units': 'degC', 'long_name': 'x'} {'units': 'degC', 'long_name': 'x'}\n"
        "{'units': 'degrees_north'}\n"
        "{'k': 1, 'm': 2} {'units': 'degC', 'long_name': 'x'}\n"
        "{'k': 1, 'm': 2} {'k': 5, 'm': 2}\n");
}

TEST_CASE("selection, arithmetic and reductions reach the algebra") {
  CHECK(output_with_data("print(float(ds.t.sel(lat=20).isel(time=-1)), ds.t[0, 1].item(), ds.t[{'time': 1}].values)\n") ==
        "6.0 2.0 [3. 4.]\n");
  CHECK(output_with_data("print(ds.t.sel(time='1970-01-02').values, ds.t.sel(time=slice('1970-01-02', None)).shape, ds.t.dims, ds.t.dtype)\n") ==
        "[3. 4.] (2, 2) ('time', 'lat') float64\n");
  CHECK(output_with_data("print(((ds.t - ds.t.mean('time')) ** 2).sum().values, float(ds['t'].max()), int(ds.t.count()), ds.sizes['lat'])\n") ==
        "16.0 6.0 6 2\n");
  CHECK(output_with_data("print(ds.t.where(ds.t > 2, 0).values.tolist(), (ds.t > 3).any().item(), bool((ds.t > 0).all()))\n") ==
        "[[0.0, 0.0], [3.0, 4.0], [5.0, 6.0]] True True\n");
  CHECK(output_with_data("w = np.cos(np.deg2rad(ds.lat))\nprint(ds.t.weighted(w).mean('lat').round(6).values)\n") ==
        "[1.488279 3.488279 5.488279]\n");
  CHECK(output_with_data("clim = ds.t.groupby('time.month').mean('time')\nprint((ds.t.groupby('time.month') - clim).values.tolist(), clim.dims)\n") ==
        "[[-2.0, -2.0], [0.0, 0.0], [2.0, 2.0]] ('month', 'lat')\n");
  CHECK(output_with_data("print(ds.t.resample(time='2D').sum().values.tolist(), ds.time.dt.day.values, f\"{ds.t.mean():.3f}\")\n") ==
        "[[4.0, 6.0], [5.0, 6.0]] [1 2 3] 3.500\n");
  CHECK(output_with_data("for m, g in ds.t.groupby('time.day'):\n    print(m, g.shape)\nprint('t' in ds, 'q' in ds, list(ds), list(ds.coords))\n") ==
        "1 (1, 2)\n2 (1, 2)\n3 (1, 2)\nTrue False ['t'] ['time', 'lat']\n");
}

TEST_CASE("sinks get the dataset, the path and the options") {
  RecordingHost host;
  output_with_data("out = ds.t.mean('time').to_dataset(name='clim')\nout.attrs['source'] = 'test'\n"
                   "out.to_netcdf('o.nc', encoding={'clim': {'zlib': True, 'complevel': 4, '_FillValue': None}}, unlimited_dims=['lat'])\n"
                   "ds.t.to_zarr('o.zarr', mode='w')\n", host);
  REQUIRE(host.written.size() == 2);
  CHECK(host.written[0].first == "o.nc");
  CHECK(host.written[0].second.data_names() == std::vector<std::string>{"clim"});
  CHECK(*host.written[0].second.attrs.text("source") == "test");
  CHECK(host.sink_options[0].unlimited_dims == std::vector<std::string>{"lat"});
  REQUIRE(host.sink_options[0].encoding.size() == 1);
  double level = 0;
  CHECK(host.sink_options[0].encoding[0].second.number("complevel", level));
  CHECK(level == 4);
  CHECK(std::get<std::vector<std::string>>(*host.sink_options[0].encoding[0].second.find("_FillValue")).empty());
  CHECK(host.written[1].first == "o.zarr");
  CHECK(host.sink_options[1].mode == "w");
}

TEST_CASE("open options reach the host") {
  RecordingHost host;
  host.files["in.nc"] = small_dataset();
  run_script("s.py", "import xarray as xr\nwith xr.open_dataset('in.nc', chunks={'time': 10, 'lat': -1}, engine='netcdf4', decode_times=False) as ds:\n"
                     "    print(len(ds))\n", host);
  CHECK(host.out == "1\n");
  CHECK(host.last_options.chunks.kind == ChunkOptions::Kind::sizes);
  CHECK(host.last_options.chunks.sizes == std::vector<std::pair<std::string, std::int64_t>>{{"time", 10}, {"lat", -1}});
  CHECK(host.last_options.decode_times == std::optional<bool>(false));
  CHECK_FALSE(host.last_options.mask_and_scale.has_value());
}

TEST_CASE("an unknown variable is an error that lists what there is") {
  const std::string text = "import xarray as xr\nds = xr.open_dataset('in.nc')\nprint(ds.tas)\n";
  RecordingHost host;
  host.files["in.nc"] = small_dataset();
  try {
    run_script("s.py", text, host);
    FAIL("no error");
  } catch (const ScriptError& error) {
    CHECK(error.line() == 3);
    CHECK(error.column() == 10);
    CHECK(error.message().find("tas") != std::string::npos);
    CHECK(error.message().find("'t'") != std::string::npos);
  }
}

TEST_CASE("new arrays and datasets are made from lists, tuples and dicts") {
  CHECK(output_with_data("a = xr.DataArray([1.0, 2.0], dims=['x'], coords={'x': [10, 20]}, name='a', attrs={'u': 'm'})\n"
                         "print(a.sel(x=20).item(), a.attrs)\n"
                         "d = xr.Dataset({'a': a, 'b': (('x',), [3, 4])}, attrs={'t': 1})\nprint(d.b.values + 1, list(d.data_vars), d.attrs)\n"
                         "ds['v'] = ds.t * 2\nds['c'] = ('lat', [7, 8])\nprint(list(ds), ds.v.values[2].tolist())\n"
                         "del ds['v']\nprint(list(ds))\n") ==
        "2.0 {'u': 'm'}\n[4 5] ['a', 'b'] {'t': 1}\n['t', 'v', 'c'] [10.0, 12.0]\n['t', 'c']\n");
}

TEST_CASE("the support table names what is and what is not supported") {
  const std::string table = support_table();
  CHECK(table.find("| `groupby` | `(group, squeeze, restore_coord_dims)` |") != std::string::npos);
  CHECK(table.find("`polyfit`") != std::string::npos);
  CHECK(table.find("| `polyfit`") == std::string::npos);

  // The documentation ends with it. To renew: cut docs/pipeline-language.md after its marker line and append what
  // `rankine language` prints.
  std::ifstream file(RANKINE_SOURCE_DIR "/docs/pipeline-language.md");
  const std::string page{std::istreambuf_iterator<char>(file), {}};
  const std::string marker = "<!-- rankine language -->\n";
  REQUIRE(page.find(marker) != std::string::npos);
  CHECK(page.substr(page.find(marker) + marker.size()) == table);
}
