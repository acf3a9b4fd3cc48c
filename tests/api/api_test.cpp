#include <catch2/catch.hpp>

#include <cmath>
#include <filesystem>

#include "rankine/rankine.hpp"

using namespace rankine;

namespace {

/// Runs a pipeline as one quiet process; its exit status.
int run_quietly(const std::function<void(Client&)>& pipeline) {
  std::string name = "api_test";
  char* argv[] = {name.data(), nullptr};
  return run(1, argv, pipeline, {.threads = 2, .quiet = true});
}

/// lat 10, 20, 30 by lon 0, 90: 0 1 / 2 3 / 4 NaN
DataArray small_grid() {
  return DataArray(Values<double>{{3, 2}, {0, 1, 2, 3, 4, std::nan("")}}, {"lat", "lon"},
                   {{"lat", {10, 20, 30}}, {"lon", {0, 90}}}, "t");
}

std::vector<double> elements(Client& client, const DataArray& x) { return client.load<double>(x).elements; }

}  // namespace

TEST_CASE("Selections follow labels, ranges of labels and positions") {
  CHECK(run_quietly([](Client& client) {
    const DataArray t = small_grid();
    CHECK(elements(client, t.sel({{"lat", 20}})) == std::vector<double>{2, 3});
    CHECK(elements(client, t.sel({{"lat", LabelRange{15.0, {}}}, {"lon", 0.0}})) == std::vector<double>{2, 4});
    CHECK(elements(client, t.sel({{"lat", 12.0}, {"lon", 90}}, {.method = "nearest"})) == std::vector<double>{1});
    CHECK(elements(client, t.sel({{"lat", std::vector<Label>{30, 10}}, {"lon", 0}})) == std::vector<double>{4, 0});
    CHECK(elements(client, t.isel({{"lat", -1}, {"lon", 0}})) == std::vector<double>{4});
    CHECK(elements(client, t.isel({{"lat", PositionRange{{}, {}, 2}}, {"lon", 0}})) == std::vector<double>{0, 4});
    CHECK(t.isel({{"lat", PositionRange{0, 2}}}).sizes() ==
          std::vector<std::pair<std::string, std::int64_t>>{{"lat", 2}, {"lon", 2}});
  }) == 0);
}

TEST_CASE("Reductions skip NaN unless told otherwise") {
  CHECK(run_quietly([](Client& client) {
    const DataArray t = small_grid();
    CHECK(client.item(t.mean()) == 2);
    CHECK(client.item(t.sum()) == 10);
    CHECK(client.item(t.count()) == 5);
    CHECK(client.item(t.var()) == 2);
    CHECK(client.item(t.stddev(Dims(), {.ddof = 1})) == std::sqrt(2.5));
    CHECK(std::isnan(client.item(t.max({}, {.skipna = false}))));
    CHECK(elements(client, t.mean("lat")) == std::vector<double>{2, 2});
    CHECK(elements(client, t.sum({"lat", "lon"})) == std::vector<double>{10});
    CHECK(client.load<std::int32_t>(t.fillna(7).astype("int32").max()).elements == std::vector<std::int32_t>{7});
  }) == 0);
}

TEST_CASE("Operators broadcast by dim name") {
  CHECK(run_quietly([](Client& client) {
    const DataArray t = small_grid();
    const DataArray row = t.isel({{"lat", 0}});
    CHECK(elements(client, (t - row).fillna(-1)) == std::vector<double>{0, 0, 2, 2, 4, -1});
    CHECK(elements(client, (2.0 * t + 1).fillna(-1)) == std::vector<double>{1, 3, 5, 7, 9, -1});
    CHECK(client.item((t > 1).sum()) == 3);
    CHECK(client.item(((t > 1) & (t < 4)).sum()) == 2);
    CHECK(elements(client, t.where(t > 1, 0)) == std::vector<double>{0, 0, 2, 3, 4, 0});
    CHECK(elements(client, where(t.notnull(), 1, -1.0)) == std::vector<double>{1, 1, 1, 1, 1, -1});
    CHECK(elements(client, sqrt(t.sel({{"lat", 30}}).fillna(9))) == std::vector<double>{2, 3});
    CHECK(elements(client, maximum(t, 2).fillna(0)) == std::vector<double>{2, 2, 2, 3, 4, 0});
    CHECK(client.item((t == t).sum()) == 5);
    const DataArray weights(Values<double>{{3}, {1, 1, 2}}, {"lat"}, {{"lat", {10, 20, 30}}});
    CHECK(elements(client, t.weighted(weights).mean("lat")) == std::vector<double>{2.5, 2});
  }) == 0);
}

TEST_CASE("A minus sign negates and nothing else: dtype, name and attributes stay") {
  CHECK(run_quietly([](Client& client) {
    const DataArray t = small_grid().assign_attrs({{"units", std::string("K")}});
    const DataArray small = t.fillna(7).astype("int8");
    CHECK((-small).dtype() == "int8");
    CHECK(client.load<std::int8_t>(-small).elements == std::vector<std::int8_t>{0, -1, -2, -3, -4, -7});
    CHECK((-t).name() == "t");
    CHECK((-t).attrs() == t.attrs());
    CHECK((-t.astype("float32")).dtype() == "float32");
    CHECK(std::signbit(client.load<double>(-t).elements[0]));  // -0.0, where a product with -1 may differ
  }) == 0);
}

TEST_CASE("Datasets are written, read and grouped by date") {
  const auto folder = std::filesystem::temp_directory_path() / "rankine_api_test";
  std::filesystem::create_directories(folder);
  const std::string path = (folder / "days.nc").string();
  CHECK(run_quietly([&](Client& client) {
    std::vector<double> days(60), values(60);
    for (int d = 0; d < 60; ++d) days[static_cast<std::size_t>(d)] = values[static_cast<std::size_t>(d)] = d;
    const DataArray made = DataArray(Values<double>{{60}, values}, {"time"}, {{"time", days}}, "v")
                               .assign_coords({{"time", DataArray(Values<double>{{60}, days}, {"time"})
                                                            .assign_attrs({{"units", "days since 2001-01-01"}})}})
                               .assign_attrs({{"units", "K"}, {"level", 2}});
    client.to_netcdf(made.to_dataset(), path);
    client.compute();

    const Dataset ds = client.open_dataset(path);
    CHECK(ds.data_vars() == std::vector<std::string>{"v"});
    CHECK(ds.coords() == std::vector<std::string>{"time"});
    const DataArray v = ds["v"];
    CHECK(v.dtype() == "float64");
    CHECK(v["time"].dtype() == "datetime64[ns]");
    CHECK(v.attrs() == Attributes{{"units", "K"}, {"level", 2}});
    CHECK(elements(client, v.sel({{"time", "2001-02"}}).mean()) == std::vector<double>{44.5});
    const auto by_month = v.groupby("time.month");
    CHECK(elements(client, by_month.mean()) == std::vector<double>{15, 44.5, 59});
    CHECK(client.item(abs(by_month - by_month.mean()).max()) == 15);
    CHECK(elements(client, v.resample("time", "MS").count()) == std::vector<double>{31, 28, 1});
    CHECK(elements(client, ds.groupby("time.month").max()["v"]) == std::vector<double>{30, 58, 59});
    CHECK(client.load<std::int64_t>(v["time"].isel({{"time", 1}})).elements ==
          std::vector<std::int64_t>{978'393'600'000'000'000});
    const Dataset twice = merge({ds, ds.rename({{"v", "w"}})});
    CHECK(twice.data_vars() == std::vector<std::string>{"v", "w"});
    CHECK(concat({v, v}, "time").shape() == std::vector<std::int64_t>{120});
  }) == 0);
  std::filesystem::remove_all(folder);
}

TEST_CASE("What a pipeline throws becomes the exit status") {
  CHECK(run_quietly([](Client& client) { client.open_dataset("/no/such/file.nc"); }) == 3);
  CHECK(run_quietly([](Client& client) { client.item(small_grid().sel({{"lat", 11}})); }) == 2);
  CHECK(run_quietly([](Client&) { small_grid().mean("height"); }) == 2);
  CHECK(run_quietly([](Client&) { small_grid().astype("float80"); }) == 2);
  CHECK(run_quietly([](Client& client) { client.load<std::string>(small_grid()); }) == 2);
  CHECK(run_quietly([](Client&) { DataArray(Values<float>{{2, 2}, {1, 2, 3}}, {"y", "x"}); }) == 2);
  CHECK(run_quietly([](Client&) { throw std::runtime_error("own trouble"); }) == 70);
}
