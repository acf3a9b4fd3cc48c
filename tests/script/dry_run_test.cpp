#include <catch2/catch.hpp>

#include "recording_host.hpp"
#include "script/refusal.hpp"

using namespace rankine;
using namespace rankine::script;

namespace {

/// A field that is known only once it has been read.
class StoredHost : public RecordingHost, private array::LeafReader {
 public:
  StoredHost() {
    auto stored = std::make_shared<array::StoredArray>();
    stored->dtype = DType::float64;
    stored->shape = {3, 2};
    NdArray time = NdArray::from<std::int64_t>({0, 86'400'000'000'000, 172'800'000'000'000}).viewed_as(DType::datetime64);
    array::Variable field = array::make_variable({"time", "lat"}, NdArray(DType::float64, {3, 2}));
    field.data = array::source(stored);
    array::VariableMap coords{{"time", array::make_variable({"time"}, time)},
                              {"lat", array::make_variable({"lat"}, NdArray::from<double>({10.0, 20.0}))}};
    files["in.nc"] = array::make_dataset({{"t", field}}, coords, {});
  }
  std::vector<NdArray> load(const std::vector<array::ExprPtr>& expressions) override {
    ++loads;
    std::vector<NdArray> values;
    for (const auto& expression : expressions) values.push_back(array::evaluate(expression, Box::whole(expression->shape), *this));
    return values;
  }

 private:
  StridedView read(const array::StoredArray&, const Box& box) override { return StridedView::of(field_).inside(box); }
  StridedView layer(LayerId, const Box&) override { throw std::logic_error("no layers here"); }
  NdArray field_ = NdArray::from<double>({1, 2, 3, 4, 5, 6}, {3, 2});
};

const std::string head = "import xarray as xr\nimport numpy as np\nds = xr.open_dataset('in.nc')\nfirst = float(ds.t.mean())\nprint(first)\n";

/// The first line of the refusal, or the last of the error, that a script ends with, and what it had done by then.
std::string refused_before_all(const std::string& lines) {
  StoredHost host;
  std::string told;
  try {
    run_script("s.py", head + lines, host);
    told = "ran";
  } catch (const Error& error) {
    told = error.what();
    const bool ran = told.starts_with("Traceback");
    told = ran ? told.substr(told.rfind('\n') + 1) : told.substr(0, told.find('\n'));
  }
  if (host.loads != 0) told += ", after " + std::to_string(host.loads) + " loads";
  if (!host.out.empty()) told += ", after it printed";
  if (!host.written.empty()) told += ", after it wrote";
  return told;
}

/// What a script that runs prints; the error, if it does not.
std::string printed(const std::string& lines) {
  StoredHost host;
  try {
    run_script("s.py", head + lines, host);
  } catch (const Error& error) {
    return error.what();
  }
  return host.out;
}
int unknown_from(const std::string& lines) {
  StoredHost host;
  return look_through("s.py", head + lines, &host).unknown_from_line;
}

}  // namespace

TEST_CASE("what depends on dims and types is refused before earlier lines have computed") {
  CHECK(refused_before_all("g = ds.t.groupby(ds.t.round())\n") ==
        "s.py:6:10: groupby needs a 1-d key, but 't' has the dims 'time', 'lat'");
  CHECK(refused_before_all("def report(x):\n    y = x.mean('time')\n    return y.data_vars\nreport(ds.t)\n") ==
        "AttributeError: 'DataArray' object has no attribute 'data_vars'");
  CHECK(refused_before_all("ds.to_netcdf('out.nc', compute=False)\n").starts_with("s.py:6:4: "));
  CHECK(refused_before_all("r = ds.t.resample(time='7X')\nr.mean()\n").starts_with("ValueError: '7X' is not a frequency"));
  CHECK(refused_before_all("i = xr.DataArray([0, 1], dims='point')\nx = ds.t.isel(time=i, lat=i)\n").starts_with("s.py:7:"));
  CHECK(refused_before_all("x = ds.t.values[:, None]\ny = ds.t[:, None]\n").starts_with("s.py:7:"));
  CHECK(refused_before_all("x = ds.t[ds.t > 3]\n").starts_with("s.py:6:"));
  CHECK(refused_before_all("x = ds.t.mean('depth')\n").starts_with("ValueError: cannot take 'mean' over 'depth'"));
  CHECK(refused_before_all("ds.t[0] = 3\n") ==
        "s.py:6:1: assigning to elements of a DataArray is not supported; use .where(cond, value) or xr.where");
}

TEST_CASE("a dry run tells all it finds, with what to write instead") {
  StoredHost host;
  const CheckReport report = look_through("s.py", head + "def f(x):\n    return x.head(time=1)\nf(ds.t)\nfor v in [ds.t, ds.t]:\n    v[0] = 3\n    g = v.groupby(v)\n", &host);
  CHECK(text_of(report, 9) ==
        "s.py:7:14: 'head' of DataArray is not supported\n        return x.head(time=1)\n                 ^\n"
        "    instead of\n        result = da.head(time=3)\n    write\n        result = da.isel(time=slice(None, 3))\n"
        "s.py:10:5: assigning to elements of a DataArray is not supported; use .where(cond, value) or xr.where\n        v[0] = 3\n        ^\n"
        "s.py:11:11: groupby needs a 1-d key, but 't' has the dims 'time', 'lat'\n        g = v.groupby(v)\n              ^");
  CHECK(report.unknown_from_line == 0);
}

TEST_CASE("a value that is asked for does not end a dry run") {
  CHECK(refused_before_all("if first > 3:\n    print('warm')\nlow, high = ds.t.min().values, ds.t.max().values\nx = (high - low) / 2\n"
                           "scaled = (ds.t - low) / x\nlabel = f'{x:.2f}' if x > 1 else 'flat'\ntexts = [str(v) for v in ds.t.values]\n"
                           "for v in ds.t.values:\n    last = v\nds.t[0] = last\n") ==
        "s.py:15:1: assigning to elements of a DataArray is not supported; use .where(cond, value) or xr.where");
}

TEST_CASE("a dry run ends where a value decides what happens") {
  CHECK(unknown_from("parts = []\nfor v in ds.t.values:\n    parts.append(v)\nds.t[0] = 3\n") == 7);
  CHECK(unknown_from("if first > 100:\n    ds = ds.t\nprint(ds.a.b)\n") == 0);
  CHECK(unknown_from("while first > 100:\n    first = ds.t.mean()\n") == 0);
  CHECK(unknown_from("d = {}\nd[first] = 3\n") == 7);
  CHECK(unknown_from("d = []\nd.extend(ds.t.values)\n") == 7);
  CHECK(unknown_from("def f():\n    if first > 3:\n        return 1\n    return ds.t\nf()\n") == 7);
}

TEST_CASE("no script is refused that runs") {
  CHECK(printed("") == "3.5\n");
  CHECK(printed("parts = []\nfor v in ds.t.values:\n    parts.append(v)\nprint(parts[2][0])\n") == "3.5\n5.0\n");
  CHECK(printed("names = []\n[names.append(str(v)) for v in ds.lat.values]\nprint(names[1])\n") == "3.5\n20.0\n");
  CHECK(printed("if first > 100:\n    ds.t[0] = 3\nprint('cold')\n") == "3.5\ncold\n");
  CHECK(printed("def f(x):\n    if x > 100:\n        return ds.t[0] \n    return 'cold'\nprint(f(first))\n") == "3.5\ncold\n");
  CHECK(printed("try:\n    n = int(str(first) + '!')\n    ds.t[0] = 3\nexcept ValueError:\n    print('caught')\n") == "3.5\ncaught\n");
  CHECK(printed("try:\n    ds.t.mean('depth')\nexcept ValueError:\n    print('caught')\n") == "3.5\ncaught\n");
  CHECK(printed("d = {first: 1}\nfor k in d:\n    print(k, d[k])\n") == "3.5\n3.5 1\n");
  CHECK(printed("x = [3, first]\nx.sort()\nprint(x[0], max(x), sum(x))\n") == "3.5\n3 3.5 6.5\n");
  CHECK(printed("a = b = [1]\nif first > 3:\n    a += [2]\nprint(b)\n") == "3.5\n[1, 2]\n");
  CHECK(printed("seen = []\ndef note(v):\n    seen.append(v)\n    return v\nx = first > 3 and note(2)\nprint(seen[0])\n") == "3.5\n2\n");
  CHECK(printed("class Count:\n    def __init__(self):\n        self.n = 0\n    def add(self, v):\n        self.n += 1\nc = Count()\n"
                "for v in ds.t.values:\n    c.add(v)\nprint(['a', 'b', 'c', 'd'][c.n])\n") == "3.5\nd\n");
  CHECK(printed("import random\nrandom.seed(3)\na = random.random()\nrandom.seed(3)\nprint(a == random.random())\n") == "3.5\nTrue\n");
}

TEST_CASE("Python's own errors wait for their line") {
  CHECK(refused_before_all("[][3]\n") == "IndexError: list index out of range, after 1 loads, after it printed");
  CHECK(refused_before_all("raise ValueError('enough')\n") == "ValueError: enough, after 1 loads, after it printed");
}

TEST_CASE("a long script is not run twice") {
  CHECK(unknown_from("n = 0\nwhile True:\n    n += 1\n    if n > 1000000:\n        break\n") != 0);
  CHECK(unknown_from("x = 1\nx = all(range(1, 10 ** 13))\n") == 7);
  CHECK(unknown_from("x = 1\nx = [i for i in range(10 ** 13) if i < 0]\n") == 7);
  CHECK(printed("print(sum(range(3)), np.zeros((3000, 3000)).sum())\n") == "3.5\n3 0.0\n");
}
