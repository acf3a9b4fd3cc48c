#include <catch2/catch.hpp>

#include "array/file_agreement.hpp"

using namespace rankine;
using namespace rankine::array;

namespace {

Dataset file(const std::string& units, DType dtype = DType::float32, const std::vector<double>& lat = {1, 2}) {
  Variable tas = make_variable({"lat"}, NdArray(dtype, {static_cast<std::int64_t>(lat.size())}));
  tas.attrs.set("units", units);
  return make_dataset({{"tas", tas}}, {{"lat", make_variable({"lat"}, NdArray::from(lat))}});
}

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("files that agree need no word") {
  CHECK(disagreements({file("K"), file("K"), file("K")}, {"a.nc", "b.nc", "c.nc"}) == Lines{});
}

TEST_CASE("units, dtypes, dims, labels and missing variables that differ are told with the files' names") {
  CHECK(disagreements({file("K"), file("degC"), file("F")}, {"a.nc", "b.nc", "c.nc"}) ==
        Lines{"'tas' has the units 'degC' in b.nc (and 1 more files differ), but 'K' in a.nc"});
  CHECK(disagreements({file("K"), file("K", DType::float64)}, {"a.nc", "b.nc"}) ==
        Lines{"'tas' is stored as float64 in b.nc, but float32 in a.nc"});
  CHECK(disagreements({file("K"), file("K", DType::float32, {1, 3})}, {"a.nc", "b.nc"}, "time") ==
        Lines{"the labels along 'lat' of b.nc are not those of a.nc"});
  Dataset without = file("K");
  without.variables.erase("tas");
  CHECK(disagreements({file("K"), without, file("K"), without}, {"a.nc", "b.nc", "c.nc", "d.nc"}) ==
        Lines{"'tas' is in a.nc, but not in b.nc and 1 more"});
  Dataset turned = file("K");
  turned.variables.set("tas", make_variable({"x"}, NdArray(DType::float32, {2})));
  turned.variables.find("tas")->attrs.set("units", std::string("K"));
  CHECK(disagreements({file("K"), turned}, {"a.nc", "b.nc"}) == Lines{"'tas' has the dims ('x') in b.nc, but ('lat') in a.nc"});
}
